#include "store.h"

#include <string.h>

#include "badge_facts.h"
#include "dockerfile.h"
#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "redis_keys.h"
#include "store_backend.h"
#include "version_facts.h"

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

/* Versions */

int store_get_versions(struct store *store, const char *const *digests, size_t count,
                       json_t **ret_versions)
{
    return store->backend->get_versions(store, digests, count, ret_versions);
}

/* Borrows both. */
static struct store_field field_of(const char *name, const char *value, size_t len)
{
    return (struct store_field){(char *)name, (char *)value, len};
}

static struct store_field field_of_buf(const char *name, const struct strbuf *value)
{
    return field_of(name, strbuf_str(value), value->len);
}

int store_put_facts(struct store *store, const char *digest, const json_t *facts)
{
    AUTO(free) char *text = jsonx_dump(facts);
    AUTO(strbuf) struct strbuf top = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    AUTO(strbuf) struct strbuf version = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    AUTO(strbuf) struct strbuf layers = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    AUTO(strbuf) struct strbuf badge = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    AUTO(strbuf) struct strbuf dockerfile = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    AUTO(free)
    char *text_form = dockerfile_text(jsonx_array(facts, "Layers"), jsonx_str(facts, "Platform"));
    version_facts_top(facts, &top);
    version_facts_version(facts, &version);
    version_facts_layers(jsonx_array(facts, "Layers"), &layers);
    badge_facts_image(facts, &badge);
    fragment_pack(text_form, strlen(text_form), &dockerfile);
    if (strbuf_err(&top) || strbuf_err(&version) || strbuf_err(&layers) || strbuf_err(&dockerfile))
        return ERR_TOOBIG;
    const struct store_field fields[] = {
        field_of("facts", text, strlen(text)), field_of_buf("top", &top),
        field_of_buf("version", &version),     field_of_buf("layers", &layers),
        field_of_buf("badge", &badge),         field_of_buf("dockerfile", &dockerfile),
    };
    return store->backend->put_version(store, digest, fields, ARRAY_LEN(fields));
}

static int put_json(struct store *store, const char *digest, const char *name, const json_t *json)
{
    AUTO(free) char *text = jsonx_dump(json);
    const struct store_field field = field_of(name, text, strlen(text));
    return store->backend->put_version(store, digest, &field, 1);
}

int store_put_record(struct store *store, const char *digest, const json_t *record)
{
    return put_json(store, digest, "record", record);
}

int store_put_provenance(struct store *store, const char *digest, const json_t *provenance)
{
    return put_json(store, digest, "provenance", provenance);
}

int store_get_provenance(struct store *store, const char *digest, json_t **ret_provenance)
{
    return store->backend->get_provenance(store, digest, ret_provenance);
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
