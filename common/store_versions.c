/* The part of store.h that is about versions, whoever's they are: facts, records, provenance. What
 * they are kept as is the same in every backend. */
#include "store.h"

#include <string.h>

#include "badge_facts.h"
#include "dockerfile.h"
#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "redis_keys.h"
#include "store_backend.h"
#include "version_facts.h"

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
    struct store_get get = {.key = xasprintf(KEY_VERSION "%s", digest),
                            .fields = {xstrdup("provenance")}};
    int err = store_get_fields(store, &get, 1);
    if (err == 0)
        err = get.values[0] ? jsonx_parse(get.values[0], get.value_bytes[0], ret_provenance)
                            : ERR_NOTFOUND;
    store_get_release(&get, 1);
    return err;
}
