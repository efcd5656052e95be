/* What store.c asks of a backend; for store*.c only. */
#ifndef MB_STORE_BACKEND_H
#define MB_STORE_BACKEND_H

#include "store.h"

/* The operations are those of store.h. Records are what get and put name by a prefix of
 * redis_keys.h: KEY_IMAGE, KEY_GROUPS, KEY_ATTACHMENTS. */
struct store_backend {
    /* Frees the backend's own parts, and the store. */
    void (*release)(struct store *store);
    struct store_link (*link)(const struct store *store);
    int (*begin)(struct store *store, const char *name, bool is_inspection, enum image_stage stage,
                 int64_t *ret_revision);
    void (*progress)(struct store *store, const char *name, enum image_stage stage, int64_t done,
                     int64_t total);
    void (*renew)(struct store *store, const char *name);
    int (*get_record)(struct store *store, const char *prefix, const char *name,
                      json_t **ret_record);
    int (*put_record)(struct store *store, const char *prefix, const char *name, int64_t revision,
                      const json_t *record);
    int (*get_versions)(struct store *store, const char *const *digests, size_t count,
                        json_t **ret_versions);
    /* Fields of mb:1:ver beside those that are there. */
    int (*put_version)(struct store *store, const char *digest, const struct store_field *fields,
                       size_t count);
    int (*get_fields)(struct store *store, struct store_get *gets, size_t count);
    int (*publish)(struct store *store, const char *name, int64_t revision,
                   const struct store_field *fields, size_t count, enum image_status status,
                   enum image_stage stage);
    int (*end)(struct store *store, const char *name, enum image_status status, const char *error,
               int64_t retry_ms);
    int (*wait)(struct store *store, const char *name, enum image_stage stage, const char *error,
                int64_t retry_ms, bool drop_marker);
    int (*forget)(struct store *store, const char *name);
    void (*list)(struct store *store, const struct catalog_entry *entry);
    void (*frontier)(struct store *store, const char *queue, int64_t sent_ms);
};

/* A backend whose functions have these names. */
#define STORE_BACKEND                                                                              \
    {                                                                                              \
        .release = release, .link = link_of, .begin = begin, .progress = progress, .renew = renew, \
        .get_record = get_record, .put_record = put_record, .get_versions = get_versions,          \
        .put_version = put_version, .get_fields = get_fields, .publish = publish, .end = end_job,  \
        .wait = wait_for, .forget = forget, .list = list, .frontier = frontier,                    \
    }

/* The head of each backend's own structure. */
struct store {
    const struct store_backend *backend;
    struct loop *loop;
};

#endif
