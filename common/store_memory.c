#include "store_memory.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "hash.h"
#include "hashes.h"
#include "jsonx.h"
#include "mem.h"
#include "redis_keys.h"
#include "store_backend.h"

#define RECORD "record" /* the one field of what is a string in Redis */

/* What mb:1:status is in Redis. */
struct image_state {
    UT_hash_handle hh;
    struct status status;
    char name[];
};

struct memory_store {
    struct store head;
    struct hashes *hashes;
    struct image_state *states;
    store_memory_changed *changed;
    void *changed_arg;
};

static struct memory_store *own(const struct store *store)
{
    return (struct memory_store *)store;
}

/* States */

static struct image_state *state_find(const struct store *store, const char *name)
{
    struct image_state *state = NULL;
    HASH_FIND_STR(own(store)->states, name, state);
    return state;
}

static struct status *status_get(struct store *store, const char *name)
{
    struct image_state *state = state_find(store, name);
    if (!state) {
        size_t bytes = strlen(name) + 1;
        state = xcalloc(1, sizeof(*state) + bytes);
        memcpy(state->name, name, bytes);
        state->status.error = xstrdup("");
        HASH_ADD_STR(own(store)->states, name, state);
    }
    return &state->status;
}

static int64_t revision_of(const struct store *store, const char *name)
{
    const struct image_state *state = state_find(store, name);
    return state ? state->status.revision : 0;
}

static bool has_facts(const struct status *status)
{
    return status->status == STATUS_INSPECTED;
}

static void set_error(struct status *status, const char *error, int64_t retry_ms)
{
    char *copy = xstrdup(error);
    free(status->error);
    status->error = copy;
    status->retry_ms = retry_ms;
}

static void tell(struct store *store, const char *name, struct status *status)
{
    status->updated_ms = clock_ms();
    if (own(store)->changed)
        own(store)->changed(own(store)->changed_arg, name, status);
}

static int begin(struct store *store, const char *name, bool is_inspection, enum image_stage stage,
                 int64_t *ret_revision)
{
    struct status *status = status_get(store, name);
    status->stage = has_facts(status) ? STAGE_REFRESHING : stage;
    if (!has_facts(status) && is_inspection)
        status->status = STATUS_INSPECTING;
    status->retry_ms = 0;
    status->revision += is_inspection;
    tell(store, name, status);
    *ret_revision = status->revision;
    return 0;
}

static void progress(struct store *store, const char *name, enum image_stage stage, int64_t done,
                     int64_t total)
{
    struct status *status = status_get(store, name);
    if (!has_facts(status))
        status->stage = stage;
    status->done = done;
    status->total = total;
    tell(store, name, status);
}

static int end_job(struct store *store, const char *name, enum image_status end, const char *error,
                   int64_t retry_ms)
{
    struct status *status = status_get(store, name);
    status->status = end == STATUS_FAILED && has_facts(status) ? STATUS_INSPECTED : end;
    status->stage = STAGE_DONE;
    set_error(status, error, retry_ms);
    if (end == STATUS_MISSING) {
        AUTO(free) char *key = xasprintf(KEY_DOCUMENT "%s", name);
        hashes_delete(own(store)->hashes, key);
    }
    tell(store, name, status);
    return 0;
}

static int wait_for(struct store *store, const char *name, enum image_stage stage,
                    const char *error, int64_t retry_ms, bool drop_marker)
{
    struct status *status = status_get(store, name);
    (void)drop_marker;
    status->stage = stage;
    set_error(status, error, retry_ms);
    tell(store, name, status);
    return 0;
}

static void state_free(struct memory_store *store, struct image_state *state)
{
    HASH_DEL(store->states, state);
    status_release(&state->status);
    free(state);
}

static int forget(struct store *store, const char *name)
{
    struct image_state *state = state_find(store, name);
    if (state)
        state_free(own(store), state);
    return 0;
}

/* Records and versions: kept as text, so that a caller's later changes do not reach them */

static int get_json(const struct store *store, const char *key, const char *field, json_t **ret)
{
    size_t len;
    const char *text = hashes_get(own(store)->hashes, key, field, &len);
    return text ? jsonx_parse(text, len, ret) : ERR_NOTFOUND;
}

static int get_record(struct store *store, const char *prefix, const char *name,
                      json_t **ret_record)
{
    AUTO(free) char *key = xasprintf("%s%s", prefix, name);
    return get_json(store, key, RECORD, ret_record);
}

static int put_record(struct store *store, const char *prefix, const char *name, int64_t revision,
                      const json_t *record)
{
    if (revision_of(store, name) != revision)
        return ERR_CONFLICT;
    AUTO(free) char *key = xasprintf("%s%s", prefix, name);
    AUTO(free) char *text = jsonx_dump(record);
    hashes_set(own(store)->hashes, key, RECORD, text, strlen(text));
    return 0;
}

static int get_versions(struct store *store, const char *const *digests, size_t count,
                        json_t **ret_versions)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *key = xasprintf(KEY_VERSION "%s", digests[i]);
        ret_versions[i] = NULL;
        if (get_json(store, key, "facts", &ret_versions[i]) != 0)
            (void)get_json(store, key, "record", &ret_versions[i]);
    }
    return 0;
}

static void set_fields(struct store *store, const char *key, const struct store_field *fields,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        hashes_set(own(store)->hashes, key, fields[i].name, fields[i].value, fields[i].value_bytes);
}

static int put_version(struct store *store, const char *digest, const struct store_field *fields,
                       size_t count)
{
    AUTO(free) char *key = xasprintf(KEY_VERSION "%s", digest);
    set_fields(store, key, fields, count);
    return 0;
}

static int get_fields(struct store *store, struct store_get *gets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < STORE_GET_FIELDS && gets[i].fields[f]; f++) {
            size_t len;
            const char *value =
                hashes_get(own(store)->hashes, gets[i].key, gets[i].fields[f], &len);
            if (!value)
                continue;
            gets[i].values[f] = xmemdup(value, len);
            gets[i].value_bytes[f] = len;
        }
    return 0;
}

static int publish(struct store *store, const char *name, int64_t revision,
                   const struct store_field *fields, size_t count, enum image_status published,
                   enum image_stage stage)
{
    if (revision_of(store, name) != revision)
        return ERR_CONFLICT;
    AUTO(free) char *key = xasprintf(KEY_DOCUMENT "%s", name);
    hashes_delete(own(store)->hashes, key);
    set_fields(store, key, fields, count);
    struct status *status = status_get(store, name);
    if (has_facts(status) && stage != STAGE_DONE) {
        status->stage = STAGE_REFRESHING;
    } else {
        status->status = published;
        status->stage = stage;
    }
    if (stage == STAGE_DONE)
        set_error(status, "", 0);
    tell(store, name, status);
    return 0;
}

/* What only more than one process needs */

static void renew(struct store *store, const char *name)
{
    (void)store;
    (void)name;
}

static void list(struct store *store, const struct catalog_entry *entry)
{
    (void)store;
    (void)entry;
}

static void frontier(struct store *store, const char *queue, int64_t sent_ms)
{
    (void)store;
    (void)queue;
    (void)sent_ms;
}

static struct store_link link_of(const struct store *store)
{
    return (struct store_link){.loop = store->loop, .channel = "", .memory = own(store)->hashes};
}

static void release(struct store *store)
{
    struct image_state *state = NULL, *next;
    HASH_ITER(hh, own(store)->states, state, next)
    state_free(own(store), state);
    hashes_free(own(store)->hashes);
    free(store);
}

static const struct store_backend backend = STORE_BACKEND;

struct store *store_memory_new(struct loop *loop)
{
    struct memory_store *store = xcalloc(1, sizeof(*store));
    store->head = (struct store){&backend, loop};
    store->hashes = hashes_new();
    return &store->head;
}

void store_memory_on_change(struct store *store, store_memory_changed *changed, void *arg)
{
    own(store)->changed = changed;
    own(store)->changed_arg = arg;
}

const struct status *store_memory_status(const struct store *store, const char *name)
{
    static char no_error[1];
    static const struct status unknown = {.error = no_error};
    const struct image_state *state = state_find(store, name);
    return state ? &state->status : &unknown;
}
