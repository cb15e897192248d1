/* A parser for exactly the JSON that a safetensors header may be:
 *
 *   {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..,
 *    "__metadata__": {"KEY": "TEXT", ..}}
 *
 * Anything else is refused, so there is no nesting to bound. Functions return 0
 * after mg_fail, which callers pass on at once. */
#include "weights_header.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME 4096

typedef struct parser {
  const char *begin, *at, *end;
  uint64_t data_size;
  char *names_end; /* where the next decoded string goes */
  mg_header *header;
  size_t capacity;
  size_t metadata_capacity;
  int has_metadata;
  mg_failure *failure;
} parser;

int mg_fail(mg_failure *failure, mg_status status, const char *format, ...) {
  if (failure->status != MG_OK)
    return 0;
  failure->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure->text, sizeof failure->text, format, arguments);
  va_end(arguments);
  for (char *c = failure->text; *c; ++c)
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      *c = '?';
  return 0;
}

static int fail_here(parser *p, const char *what) {
  return mg_fail(p->failure, MG_ERROR_FILE, "byte %zu of the header: %s",
                 (size_t)(p->at - p->begin), what);
}

static int out_of_memory(parser *p) {
  return mg_fail(p->failure, MG_ERROR_MEMORY, "out of memory for the header");
}

static void skip_space(parser *p) {
  while (p->at < p->end &&
         (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
    ++p->at;
}

/* Takes `c` if it comes next. */
static int take(parser *p, char c) {
  skip_space(p);
  if (p->at == p->end || *p->at != c)
    return 0;
  ++p->at;
  return 1;
}

static int expect(parser *p, char c) {
  if (take(p, c))
    return 1;
  char what[] = "expected 'c'";
  what[10] = c;
  return fail_here(p, what);
}

/* After an element of a list that ends with `close`: is there another one?
 * *more says so. */
static int next_element(parser *p, char close, int *more) {
  *more = take(p, ',');
  return *more || expect(p, close);
}

static int hex4(parser *p, uint32_t *unit) {
  *unit = 0;
  if (p->end - p->at < 4)
    return fail_here(p, "a \\u escape is cut short");
  for (int i = 0; i < 4; ++i, ++p->at) {
    const char c = *p->at;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
      return fail_here(p, "not a hexadecimal digit");
    *unit = *unit * 16 + (uint32_t)digit;
  }
  return 1;
}

static char *put_utf8(char *out, uint32_t c) {
  if (c < 0x80) {
    *out++ = (char)c;
    return out;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  *out++ = (char)((0xff00 >> (more + 1) & 0xff) | c >> 6 * more);
  for (int i = more - 1; i >= 0; --i)
    *out++ = (char)(0x80 | (c >> 6 * i & 0x3f));
  return out;
}

/* The code point of a \u escape, whose surrogates must come in pairs. */
static int unicode_escape(parser *p, uint32_t *c) {
  if (!hex4(p, c))
    return 0;
  if (*c >= 0xdc00 && *c < 0xe000)
    return fail_here(p, "a lone surrogate");
  if (*c < 0xd800 || *c >= 0xdc00)
    return 1;
  uint32_t low;
  if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
    return fail_here(p, "a lone surrogate");
  p->at += 2;
  if (!hex4(p, &low))
    return 0;
  if (low < 0xdc00 || low >= 0xe000)
    return fail_here(p, "a lone surrogate");
  *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
  return 1;
}

/* What follows a backslash. */
static int escape(parser *p, uint32_t *c) {
  static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  if (p->at == p->end)
    return fail_here(p, "a string without end");
  const char letter = *p->at++;
  if (letter == 'u')
    return unicode_escape(p, c);
  const char *known = letter ? strchr(letters, letter) : NULL;
  if (!known)
    return fail_here(p, "an unknown escape");
  *c = (unsigned char)values[known - letters];
  return 1;
}

/* One code point of UTF-8 in its shortest form. */
static int utf8(parser *p, uint32_t *c) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  const unsigned char first = (unsigned char)*p->at;
  const int more = first < 0x80             ? 0
                   : (first & 0xe0) == 0xc0 ? 1
                   : (first & 0xf0) == 0xe0 ? 2
                   : (first & 0xf8) == 0xf0 ? 3
                                            : -1;
  if (more < 0 || p->end - p->at <= more)
    return fail_here(p, "not UTF-8");
  *c = more ? first & (0x3fu >> more) : first;
  for (int i = 1; i <= more; ++i) {
    const unsigned char byte = (unsigned char)p->at[i];
    if ((byte & 0xc0) != 0x80)
      return fail_here(p, "not UTF-8");
    *c = *c << 6 | (byte & 0x3f);
  }
  if (*c < least[more] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
    return fail_here(p, "not UTF-8");
  p->at += 1 + more;
  return 1;
}

/* A string into `names`, decoded. No escape is shorter than its UTF-8 and the
 * quotes leave room for the NUL, so `names` never grows past the text. */
static int string(parser *p, size_t limit, const char **result) {
  if (!expect(p, '"'))
    return 0;
  char *const begin = p->names_end, *out = begin;
  for (;;) {
    uint32_t c;
    if (p->at == p->end)
      return fail_here(p, "a string without end");
    if (*p->at == '"')
      break;
    if ((unsigned char)*p->at < 0x20)
      return fail_here(p, "a control character in a string");
    if (*p->at == '\\' ? (++p->at, !escape(p, &c)) : !utf8(p, &c))
      return 0;
    if (c == 0)
      return fail_here(p, "a NUL in a string");
    out = put_utf8(out, c);
    if ((size_t)(out - begin) > limit)
      return fail_here(p, "a name of more than 4096 bytes");
  }
  ++p->at;
  *out++ = 0;
  p->names_end = out;
  *result = begin;
  return 1;
}

/* A string that is needed only until the caller has looked at it. */
static int short_string(parser *p, const char **result) {
  char *const keep = p->names_end;
  const int ok = string(p, MAX_NAME, result);
  p->names_end = keep;
  return ok;
}

/* A number without sign, fraction, exponent or leading zero, below 2^63. */
static int integer(parser *p, int64_t *result) {
  skip_space(p);
  const char *const first = p->at;
  uint64_t value = 0;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; ++p->at) {
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, (uint64_t)(*p->at - '0'), &value) ||
        value > INT64_MAX)
      return fail_here(p, "a number out of range");
  }
  if (p->at == first || (p->at - first > 1 && *first == '0'))
    return fail_here(p, "expected an integer that is not negative");
  *result = (int64_t)value;
  return 1;
}

static int dtype(parser *p, mg_array *array) {
  static const struct {
    const char *name;
    mg_dtype dtype;
  } known[] = {{"BOOL", MG_BOOL}, {"I8", MG_I8},     {"I16", MG_I16},
               {"I32", MG_I32},   {"I64", MG_I64},   {"U8", MG_U8},
               {"U16", MG_U16},   {"U32", MG_U32},   {"U64", MG_U64},
               {"F16", MG_F16},   {"BF16", MG_BF16}, {"F32", MG_F32},
               {"F64", MG_F64}};
  const char *name;
  if (!short_string(p, &name))
    return 0;
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if (strcmp(name, known[i].name) == 0) {
      array->dtype = known[i].dtype;
      return 1;
    }
  return fail_here(p, "an unknown dtype");
}

static int shape(parser *p, mg_array *array) {
  if (!expect(p, '['))
    return 0;
  array->rank = 0;
  if (take(p, ']'))
    return 1;
  for (int more = 1; more;) {
    if (array->rank == MG_MAX_RANK)
      return fail_here(p, "a rank above 16");
    if (!integer(p, &array->shape[array->rank++]) ||
        !next_element(p, ']', &more))
      return 0;
  }
  return 1;
}

static int offsets(parser *p, uint64_t *begin, uint64_t *end) {
  int64_t b, e;
  if (!expect(p, '[') || !integer(p, &b) || !expect(p, ',') ||
      !integer(p, &e) || !expect(p, ']'))
    return 0;
  *begin = (uint64_t)b;
  *end = (uint64_t)e;
  if (*end <= p->data_size && *begin <= *end)
    return 1;
  return fail_here(p, "data_offsets outside the file");
}

/* Row-major strides, and that the shape fills exactly `bytes`. A dimension of
 * size 0 must not hide that the others overflow: the strides count it as 1. */
static int lay_out(parser *p, mg_array *array, uint64_t bytes) {
  int64_t stride = 1, size = (int64_t)mg_dtype_size(array->dtype);
  int empty = 0;
  for (int32_t k = array->rank; k-- > 0;) {
    const int64_t n = array->shape[k];
    array->strides[k] = stride;
    empty |= n == 0;
    if (__builtin_mul_overflow(stride, n ? n : 1, &stride))
      return fail_here(p, "a shape that is too large");
  }
  if (__builtin_mul_overflow(stride, size, &size))
    return fail_here(p, "a shape that is too large");
  if ((empty ? 0 : (uint64_t)size) == bytes)
    return 1;
  return fail_here(p, "shape, dtype and data_offsets do not agree");
}

/* {"dtype": .., "shape": .., "data_offsets": ..} in any order. */
static int description(parser *p, mg_array *array) {
  enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4 };
  uint64_t begin = 0, end = 0;
  int seen = 0;
  if (!expect(p, '{'))
    return 0;
  for (int more = 1; more;) {
    const char *key;
    if (!short_string(p, &key))
      return 0;
    const int field = strcmp(key, "dtype") == 0          ? DTYPE
                      : strcmp(key, "shape") == 0        ? SHAPE
                      : strcmp(key, "data_offsets") == 0 ? OFFSETS
                                                         : 0;
    if (!field || (seen & field))
      return fail_here(p, field ? "a key twice" : "an unknown key");
    seen |= field;
    if (!expect(p, ':') ||
        !(field == DTYPE   ? dtype(p, array)
          : field == SHAPE ? shape(p, array)
                           : offsets(p, &begin, &end)) ||
        !next_element(p, '}', &more))
      return 0;
  }
  if (seen != (DTYPE | SHAPE | OFFSETS))
    return fail_here(p, "dtype, shape or data_offsets is missing");
  array->data = (void *)(uintptr_t)begin;
  return lay_out(p, array, end - begin);
}

/* Room for one more element in a malloc'd array. */
static int grow(parser *p, void **items, size_t size, size_t count,
                size_t *capacity) {
  if (count < *capacity)
    return 1;
  const size_t larger = *capacity ? 2 * *capacity : 64;
  void *moved = realloc(*items, larger * size);
  if (!moved)
    return out_of_memory(p);
  *items = moved;
  *capacity = larger;
  return 1;
}

static int metadata(parser *p) {
  if (p->has_metadata)
    return fail_here(p, "__metadata__ twice");
  p->has_metadata = 1;
  if (!expect(p, '{'))
    return 0;
  if (take(p, '}'))
    return 1;
  mg_header *header = p->header;
  for (int more = 1; more;) {
    if (!grow(p, (void **)&header->metadata, sizeof *header->metadata,
              header->metadata_count, &p->metadata_capacity))
      return 0;
    mg_metadata *entry = &header->metadata[header->metadata_count++];
    if (!string(p, MAX_NAME, &entry->key) || !expect(p, ':') ||
        !string(p, SIZE_MAX, &entry->value) || !next_element(p, '}', &more))
      return 0;
  }
  return 1;
}

static int entries(parser *p) {
  mg_header *header = p->header;
  if (!expect(p, '{'))
    return 0;
  if (take(p, '}'))
    return 1;
  for (int more = 1; more;) {
    const char *name;
    if (!string(p, MAX_NAME, &name) || !expect(p, ':'))
      return 0;
    if (strcmp(name, "__metadata__") == 0) {
      if (!metadata(p))
        return 0;
    } else {
      if (!grow(p, (void **)&header->entries, sizeof *header->entries,
                header->count, &p->capacity))
        return 0;
      mg_weight *entry = &header->entries[header->count++];
      memset(entry, 0, sizeof *entry);
      entry->name = name;
      if (!description(p, &entry->array))
        return 0;
    }
    if (!next_element(p, '}', &more))
      return 0;
  }
  return 1;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const mg_weight *)a)->name, ((const mg_weight *)b)->name);
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const mg_metadata *)a)->key, ((const mg_metadata *)b)->key);
}

static int names_differ(parser *p) {
  mg_header *header = p->header;
  if (header->count)
    qsort(header->entries, header->count, sizeof *header->entries, by_name);
  for (size_t i = 1; i < header->count; ++i)
    if (by_name(&header->entries[i - 1], &header->entries[i]) == 0)
      return mg_fail(p->failure, MG_ERROR_FILE, "two tensors are named '%s'",
                     header->entries[i].name);
  mg_metadata *metadata = header->metadata;
  if (header->metadata_count)
    qsort(metadata, header->metadata_count, sizeof *metadata, by_key);
  for (size_t i = 1; i < header->metadata_count; ++i)
    if (by_key(&metadata[i - 1], &metadata[i]) == 0)
      return mg_fail(p->failure, MG_ERROR_FILE, "__metadata__ has '%s' twice",
                     metadata[i].key);
  return 1;
}

/* The bytes of an entry; parsed, therefore not empty by overflow. */
typedef struct span {
  uint64_t begin, end;
  const char *name;
} span;

static int by_begin(const void *a, const void *b) {
  const span *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

static span span_of(const mg_weight *entry) {
  const mg_array *array = &entry->array;
  uint64_t bytes = mg_dtype_size(array->dtype);
  for (int32_t k = 0; k < array->rank; ++k)
    bytes *= (uint64_t)array->shape[k];
  const uint64_t begin = (uintptr_t)array->data;
  return (span){begin, begin + bytes, entry->name};
}

static int spans_differ(parser *p) {
  const mg_header *header = p->header;
  span *spans = malloc((header->count + 1) * sizeof *spans);
  if (!spans)
    return out_of_memory(p);
  size_t count = 0;
  for (size_t i = 0; i < header->count; ++i) {
    spans[count] = span_of(&header->entries[i]);
    count += spans[count].end > spans[count].begin;
  }
  qsort(spans, count, sizeof *spans, by_begin);
  int ok = 1;
  for (size_t i = 1; i < count && ok; ++i)
    if (spans[i].begin < spans[i - 1].end)
      ok = mg_fail(p->failure, MG_ERROR_FILE, "'%.90s' and '%.90s' overlap",
                   spans[i - 1].name, spans[i].name);
  free(spans);
  return ok;
}

static int parse(parser *p) {
  if (!entries(p))
    return 0;
  skip_space(p);
  if (p->at != p->end)
    return fail_here(p, "text after the end");
  return names_differ(p) && spans_differ(p);
}

int mg_header_parse(const char *text, size_t length, uint64_t data_size,
                    mg_header *header, mg_failure *failure) {
  *header = (mg_header){NULL, 0, NULL, 0, malloc(length + 1)};
  parser p = {.begin = text,
              .at = text,
              .end = text + length,
              .data_size = data_size,
              .names_end = header->names,
              .header = header,
              .failure = failure};
  const int ok = header->names ? parse(&p) : out_of_memory(&p);
  if (!ok)
    mg_header_free(header);
  return ok;
}

void mg_header_free(mg_header *header) {
  free(header->entries);
  free(header->metadata);
  free(header->names);
  *header = (mg_header){NULL, 0, NULL, 0, NULL};
}
