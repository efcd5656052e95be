#include "store.h"

#include <stdlib.h>

#include "loop.h"
#include "redis_keys.h"
#include "store_backend.h"

void store_free(struct store *store)
{
    if (store)
        store->backend->release(store);
}

struct store_link store_link(const struct store *store)
{
    return store->backend->link(store);
}

int store_begin(struct store *store, const char *name, bool is_inspection, enum image_stage stage,
                int64_t *ret_revision)
{
    return store->backend->begin(store, name, is_inspection, stage, ret_revision);
}

void store_progress(struct store *store, const char *name, enum image_stage stage, int64_t done,
                    int64_t total)
{
    store->backend->progress(store, name, stage, done, total);
}

void store_renew(struct store *store, const char *name)
{
    store->backend->renew(store, name);
}

void store_turn(struct store *store)
{
    loop_turn(store->loop);
}

/* Records of a repository */

int store_get_image(struct store *store, const char *name, json_t **ret_image)
{
    return store->backend->get_record(store, KEY_IMAGE, name, ret_image);
}

int store_get_groups(struct store *store, const char *name, json_t **ret_groups)
{
    return store->backend->get_record(store, KEY_GROUPS, name, ret_groups);
}

int store_get_attachments(struct store *store, const char *name, json_t **ret_attachments)
{
    return store->backend->get_record(store, KEY_ATTACHMENTS, name, ret_attachments);
}

int store_put_image(struct store *store, const char *name, int64_t revision, const json_t *image)
{
    return store->backend->put_record(store, KEY_IMAGE, name, revision, image);
}

int store_put_groups(struct store *store, const char *name, int64_t revision, const json_t *groups)
{
    return store->backend->put_record(store, KEY_GROUPS, name, revision, groups);
}

int store_put_attachments(struct store *store, const char *name, int64_t revision,
                          const json_t *attachments)
{
    return store->backend->put_record(store, KEY_ATTACHMENTS, name, revision, attachments);
}

/* Fields */

int store_get_fields(struct store *store, struct store_get *gets, size_t count)
{
    return store->backend->get_fields(store, gets, count);
}

void store_get_release(struct store_get *gets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(gets[i].key);
        for (size_t f = 0; f < STORE_GET_FIELDS; f++) {
            free(gets[i].fields[f]);
            free(gets[i].values[f]);
        }
    }
}

/* The document, and the end of a job */

int store_publish(struct store *store, const char *name, int64_t revision,
                  const struct store_field *fields, size_t count, enum image_status status,
                  enum image_stage stage)
{
    return store->backend->publish(store, name, revision, fields, count, status, stage);
}

int store_end(struct store *store, const char *name, enum image_status status, const char *error,
              int64_t retry_ms)
{
    return store->backend->end(store, name, status, error, retry_ms);
}

int store_wait(struct store *store, const char *name, enum image_stage stage, const char *error,
               int64_t retry_ms, bool drop_marker)
{
    return store->backend->wait(store, name, stage, error, retry_ms, drop_marker);
}

int store_forget(struct store *store, const char *name)
{
    return store->backend->forget(store, name);
}

void store_list(struct store *store, const struct catalog_entry *entry)
{
    store->backend->list(store, entry);
}

void store_frontier(struct store *store, const char *queue, int64_t sent_ms)
{
    store->backend->frontier(store, queue, sent_ms);
}
