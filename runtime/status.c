/* The texts of the status codes. */
#include "minigrad/status.h"

const char *mg_status_text(int status) {
  switch (status) {
  case MG_OK:
    return "ok";
  case MG_ERROR_FILE:
    return "the file is unreadable or malformed";
  case MG_ERROR_UNSUPPORTED:
    return "not supported";
  case MG_ERROR_SHAPE:
    return "a dtype or shape does not fit";
  case MG_ERROR_WRITE:
    return "the file cannot be written";
  case MG_ERROR_ARGUMENT:
    return "a null pointer, or an index out of range";
  case MG_ERROR_MEMORY:
    return "out of memory, or over a size limit";
  case MG_ERROR_CPU:
    return "the artefact fits neither this runtime nor this CPU";
  }
  return "unknown status";
}
