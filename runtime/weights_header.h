/* The JSON header of a safetensors file, checked and decoded. The bytes are
 * hostile until then. */
#ifndef MG_RUNTIME_WEIGHTS_HEADER_H
#define MG_RUNTIME_WEIGHTS_HEADER_H
#include "minigrad/weights_metadata.h"

/* What is wrong with a file, if anything. */
typedef struct mg_failure {
  mg_status status;
  char text[256];
} mg_failure;

/* Notes the first failure; always returns 0, as the parser's functions do. */
int mg_fail(mg_failure *failure, mg_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The entries of a header in the order of their names. Each array's data is the
 * offset of its bytes in the data section, as a pointer. __metadata__ in the
 * order of its keys. `names` holds what all these names and texts point to. All
 * three are malloc'd. */
typedef struct mg_header {
  mg_weight *entries;
  size_t count;
  mg_metadata *metadata;
  size_t metadata_count;
  char *names;
} mg_header;

/* Parses text[0, length), whose data section has data_size bytes. 0 on failure,
 * with nothing to free. */
int mg_header_parse(const char *text, size_t length, uint64_t data_size,
                    mg_header *header, mg_failure *failure);
void mg_header_free(mg_header *header);

#endif
