/* What an entry point or a runtime function returns. C99. */
#ifndef MINIGRAD_STATUS_H
#define MINIGRAD_STATUS_H

/* After an enum's name: in C++, as in C, every int is a value of it, so that a
 * number that means nothing can be answered with a status. */
#ifdef __cplusplus
#define MG_INT_ENUM : int
#else
#define MG_INT_ENUM
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are those of mgc's exit statuses where both exist. */
typedef enum mg_status {
  MG_OK = 0,
  MG_ERROR_FILE = 3,        /* a file is unreadable or malformed */
  MG_ERROR_UNSUPPORTED = 4, /* valid, but not supported */
  MG_ERROR_SHAPE = 5,       /* a dtype or shape does not fit */
  MG_ERROR_WRITE = 6,       /* a file cannot be written */
  MG_ERROR_ARGUMENT = 7,    /* a null pointer, an index out of range */
  MG_ERROR_MEMORY = 8,      /* out of memory, or over a size limit */
  MG_ERROR_CPU = 9          /* the artefact fits neither ABI nor CPU */
} mg_status;

/* A short English text for `status`; never NULL. */
const char *mg_status_text(int status);

#ifdef __cplusplus
}
#endif
#endif
