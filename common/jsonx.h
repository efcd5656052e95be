/* What jansson leaves to us: text that is not UTF-8, and lookups with defaults. */
#ifndef MB_JSONX_H
#define MB_JSONX_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Parses a JSON object or array from bytes that may come from anybody. Text that is not UTF-8, and
 * lone surrogates, are repaired to U+FFFD and \u0000 is dropped, so one bad label does not hide an
 * image (the caller's raw bytes still verify). 0 or ERR_PROTO. Caller owns the reference. */
int jsonx_parse(const void *data, size_t len, json_t **ret_json);

/* Members with a default: of another type or missing gives "" / 0 / NULL. Borrowed. */
const char *jsonx_str(const json_t *object, const char *key);
int64_t jsonx_int(const json_t *object, const char *key); /* integers, and reals cut */
json_t *jsonx_object(const json_t *object, const char *key);
json_t *jsonx_array(const json_t *object, const char *key);

/* The object's keys by bytes. Caller frees the array; the keys are borrowed. */
const char **jsonx_sorted_keys(const json_t *object, size_t *ret_count);

/* Compact text with `<`, `>` and `&` as they are; caller frees. Never NULL for a valid value. */
char *jsonx_dump(const json_t *json);

/* Valid UTF-8 of the bytes, with U+FFFD for what is not, as a NUL-terminated text without NULs
 * inside; caller frees. */
char *jsonx_repair_utf8(const char *data, size_t len);

#define JSON_AUTO __attribute__((cleanup(jsonx_decref)))
static inline void jsonx_decref(json_t **json)
{
    json_decref(*json);
}

#endif
