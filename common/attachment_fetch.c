#include "attachment_fetch.h"

#include <stdio.h>
#include <string.h>

#include "attachments.h"
#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "provenance_fetch.h"
#include "registry_referrers.h"
#include "store.h"
#include "version_fetch.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* the registry has the job's deadline */
#define MAX_ATTESTATIONS 16             /* that are read; pulls of them count as any other */
#define MAX_VERSIONS_KEPT 16

/* One look at one version. */
struct look {
    struct loop *loop;
    struct registry *registry;
    struct store *store;
    const struct reference *repository;
    const json_t *image;
    const char *digest;                  /* the wanted version */
    json_t *record;                      /* its record, or facts; NULL if unknown */
    const json_t *rows[ATTACHMENTS_MAX]; /* the record's attestations, the default image's first */
    size_t row_count;
    size_t default_count;                /* of rows, how many are the default image's */
    json_t *statements[ATTACHMENTS_MAX]; /* facts of their manifests, NULL if unknown */
    struct registry_referrers referrers;
    json_t *list;
};

/* Attestations within the index */

static void add_rows(struct look *look, bool of_default)
{
    const json_t *shown = json_array_get(jsonx_array(look->record, "Children"), 0);
    size_t i;
    json_t *row;
    json_array_foreach(jsonx_array(look->record, "Attestations"), i, row)
    {
        bool is_default = strcmp(jsonx_str(row, "Attests"), jsonx_str(shown, "Digest")) == 0;
        if (is_default == of_default && look->row_count < ATTACHMENTS_MAX)
            look->rows[look->row_count++] = row;
    }
}

static int read_attestations(struct look *look)
{
    const char *digests[MAX_ATTESTATIONS];
    struct version_fetch fetches[MAX_ATTESTATIONS] = {0};
    add_rows(look, true);
    look->default_count = look->row_count;
    add_rows(look, false);
    size_t count = look->row_count < MAX_ATTESTATIONS ? look->row_count : MAX_ATTESTATIONS;
    for (size_t i = 0; i < count; i++) {
        digests[i] = jsonx_str(look->rows[i], "Digest");
        (void)snprintf(fetches[i].reference, DIGEST_BYTES, "%s", digests[i]);
    }
    int err = version_fetch_all(look->loop, look->registry, look->store, look->repository, fetches,
                                count, NULL, NULL);
    if (err == 0)
        err = store_get_versions(look->store, digests, count, look->statements);
    return err;
}

static void list_attestations(struct look *look)
{
    for (size_t i = 0; i < look->row_count; i++)
        attachments_add_statements(look->list, look->record, look->rows[i], look->statements[i]);
}

/* Of the default image; of several the first. */
static int read_provenance(const struct look *look)
{
    const char *statement = "";
    for (size_t i = 0; i < look->default_count && !*statement; i++)
        statement = provenance_statement(look->statements[i]);
    if (!*statement)
        return 0;
    return provenance_fetch(look->loop, look->registry, look->store, look->repository, look->record,
                            statement);
}

/* Referrers, and the tags that stand in for them */

static bool has_attachment_tag(const struct look *look, const char *tag)
{
    size_t i;
    json_t *name;
    json_array_foreach(jsonx_array(look->image, "AttachmentTags"), i,
                       name) if (strcmp(json_string_value(name), tag) == 0) return true;
    return false;
}

static void list_fallback(struct look *look)
{
    AUTO(free) char *tag = attachment_tag_of(look->digest);
    if (!has_attachment_tag(look, tag))
        return;
    struct registry_fetch fetch = {.what = REGISTRY_GET_MANIFEST};
    (void)snprintf(fetch.reference, sizeof(fetch.reference), "%s", tag);
    registry_fetch_start(look->registry, look->repository, &fetch);
    loop_run_until(look->loop, &fetch.done, WAIT_FOREVER_MS);
    AUTO(manifest) struct manifest *referrers = NULL;
    if (fetch.err == 0)
        (void)manifest_parse(fetch.body, fetch.body_bytes, fetch.media_type, &referrers);
    if (referrers)
        attachments_add_referrers(look->list, referrers);
    registry_fetch_release(&fetch);
}

static void list_referrers(struct look *look)
{
    const struct registry_referrers *referrers = &look->referrers;
    for (size_t i = 0; i < referrers->page_count; i++)
        attachments_add_referrers(look->list, referrers->pages[i]);
    if (referrers->err && !registry_may_have_it_later(referrers->err))
        list_fallback(look);
    size_t i;
    json_t *tag;
    json_array_foreach(jsonx_array(look->image, "AttachmentTags"), i, tag)
        attachments_add_tag(look->list, json_string_value(tag));
}

/* Keeping */

/* A failure that passes may hide referrers: the older list is the better one. */
static bool is_worse(const struct look *look, const json_t *known)
{
    return registry_may_have_it_later(look->referrers.err) &&
           json_array_size(known) > json_array_size(look->list);
}

static int keep(struct look *look, const char *name)
{
    JSON_AUTO
    json_t *stored = NULL;
    int err = store_get_attachments(look->store, name, &stored);
    if (err && err != ERR_NOTFOUND)
        return err;
    JSON_AUTO
    json_t *versions = json_array();
    json_array_append_new(
        versions, json_pack("{s:s,s:O}", "Digest", look->digest, "Attachments", look->list));
    size_t i;
    json_t *version;
    json_array_foreach(jsonx_array(stored, "Versions"), i, version)
    {
        bool is_same = strcmp(jsonx_str(version, "Digest"), look->digest) == 0;
        if (is_same && is_worse(look, jsonx_array(version, "Attachments")))
            json_array_set(versions, 0, version);
        else if (!is_same && json_array_size(versions) < MAX_VERSIONS_KEPT)
            json_array_append(versions, version);
    }
    JSON_AUTO
    json_t *record = json_pack("{s:O}", "Versions", versions);
    return store_put_attachments(look->store, name, jsonx_int(look->image, "Revision"), record);
}

static void look_release(struct look *look)
{
    for (size_t i = 0; i < look->row_count; i++)
        json_decref(look->statements[i]);
    registry_referrers_release(&look->referrers);
    json_decref(look->record);
    json_decref(look->list);
}

static int look_at(struct look *look)
{
    int err = store_get_versions(look->store, &look->digest, 1, &look->record);
    if (err)
        return err;
    registry_referrers_start(look->registry, look->repository, look->digest, &look->referrers);
    err = read_attestations(look);
    if (err == 0)
        err = read_provenance(look);
    loop_run_until(look->loop, &look->referrers.done, WAIT_FOREVER_MS);
    if (err)
        return err;
    list_attestations(look);
    list_referrers(look);
    AUTO(free) char *name = reference_canonical(look->repository);
    return keep(look, name);
}

int attachments_fetch(struct loop *loop, struct registry *registry, struct store *store,
                      const struct reference *repository, const json_t *image)
{
    struct look look = {.loop = loop,
                        .registry = registry,
                        .store = store,
                        .repository = repository,
                        .image = image,
                        .digest = jsonx_str(image, "Wanted"),
                        .list = json_array()};
    int err = *look.digest ? look_at(&look) : 0;
    look_release(&look);
    return err;
}
