#include "hashes.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

struct field {
    UT_hash_handle hh;
    char *value;
    size_t value_bytes;
    char name[];
};

struct hash {
    UT_hash_handle hh;
    struct field *fields;
    char key[];
};

struct hashes {
    struct hash *all;
};

struct hashes *hashes_new(void)
{
    return xcalloc(1, sizeof(struct hashes));
}

static struct hash *find(const struct hashes *hashes, const char *key)
{
    struct hash *hash = NULL;
    HASH_FIND_STR(hashes->all, key, hash);
    return hash;
}

static struct field *find_field(const struct hash *hash, const char *name)
{
    struct field *field = NULL;
    if (hash)
        HASH_FIND_STR(hash->fields, name, field);
    return field;
}

static struct hash *get_or_add(struct hashes *hashes, const char *key)
{
    struct hash *hash = find(hashes, key);
    if (hash)
        return hash;
    size_t bytes = strlen(key) + 1;
    hash = xcalloc(1, sizeof(*hash) + bytes);
    memcpy(hash->key, key, bytes);
    HASH_ADD_STR(hashes->all, key, hash);
    return hash;
}

static struct field *get_or_add_field(struct hash *hash, const char *name)
{
    struct field *field = find_field(hash, name);
    if (field)
        return field;
    size_t bytes = strlen(name) + 1;
    field = xcalloc(1, sizeof(*field) + bytes);
    memcpy(field->name, name, bytes);
    HASH_ADD_STR(hash->fields, name, field);
    return field;
}

void hashes_set(struct hashes *hashes, const char *key, const char *field, const char *value,
                size_t value_bytes)
{
    struct field *found = get_or_add_field(get_or_add(hashes, key), field);
    free(found->value);
    found->value = xmemdup(value, value_bytes);
    found->value_bytes = value_bytes;
}

const char *hashes_get(const struct hashes *hashes, const char *key, const char *field,
                       size_t *ret_bytes)
{
    const struct field *found = find_field(find(hashes, key), field);
    if (!found)
        return NULL;
    if (ret_bytes)
        *ret_bytes = found->value_bytes;
    return found->value;
}

static void hash_free(struct hash *hash)
{
    struct field *field = NULL, *next;
    HASH_ITER(hh, hash->fields, field, next)
    {
        HASH_DEL(hash->fields, field);
        free(field->value);
        free(field);
    }
    free(hash);
}

void hashes_delete(struct hashes *hashes, const char *key)
{
    struct hash *hash = find(hashes, key);
    if (!hash)
        return;
    HASH_DEL(hashes->all, hash);
    hash_free(hash);
}

size_t hashes_count(const struct hashes *hashes, const char *key)
{
    const struct hash *hash = find(hashes, key);
    return hash ? HASH_COUNT(hash->fields) : 0;
}

void hashes_each(const struct hashes *hashes, const char *key,
                 void (*visit)(void *arg, const char *field, const char *value), void *arg)
{
    const struct hash *hash = find(hashes, key);
    for (const struct field *field = hash ? hash->fields : NULL; field; field = field->hh.next)
        visit(arg, field->name, field->value);
}

void hashes_free(struct hashes *hashes)
{
    struct hash *hash = NULL, *next;
    if (!hashes)
        return;
    HASH_ITER(hh, hashes->all, hash, next)
    {
        HASH_DEL(hashes->all, hash);
        hash_free(hash);
    }
    free(hashes);
}
