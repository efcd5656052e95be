/* Hashes in memory as Redis has them: a key has fields, a field a value of any bytes. Fields keep
 * the order they came in. Everything given is copied. */
#ifndef MB_HASHES_H
#define MB_HASHES_H

#include <stddef.h>

struct hashes;

struct hashes *hashes_new(void);
void hashes_free(struct hashes *hashes);

void hashes_set(struct hashes *hashes, const char *key, const char *field, const char *value,
                size_t value_bytes);
/* NULL where there is none; NUL-terminated beyond its length. ret_bytes may be NULL. Borrowed until
 * the field or its key changes. */
const char *hashes_get(const struct hashes *hashes, const char *key, const char *field,
                       size_t *ret_bytes);
void hashes_delete(struct hashes *hashes, const char *key);
/* Fields that a key has, 0 where there is no such key. */
size_t hashes_count(const struct hashes *hashes, const char *key);
/* May not be called with hashes changed by visit. */
void hashes_each(const struct hashes *hashes, const char *key,
                 void (*visit)(void *arg, const char *field, const char *value), void *arg);

#endif
