#include "open_version.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "groups.h"
#include "jsonx.h"
#include "mem.h"
#include "relations.h"
#include "render.h"
#include "store.h"
#include "version_fetch.h"

#define LOOKED_AT_TOGETHER 256

static bool has_child(const json_t *record, const char *digest)
{
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(record, "Children"), i,
                       child) if (strcmp(jsonx_str(child, "Digest"), digest) == 0) return true;
    return false;
}

/* ret_is_child: one of the versions is an index that has the digest. */
static int is_child_of(struct store *store, json_t *versions, const char *digest,
                       bool *ret_is_child)
{
    const char *owners[LOOKED_AT_TOGETHER];
    json_t *records[LOOKED_AT_TOGETHER];
    size_t total = json_array_size(versions);
    *ret_is_child = false;
    for (size_t at = 0; at < total; at += LOOKED_AT_TOGETHER) {
        size_t count = total - at < LOOKED_AT_TOGETHER ? total - at : LOOKED_AT_TOGETHER;
        for (size_t i = 0; i < count; i++)
            owners[i] = jsonx_str(json_array_get(versions, at + i), "Digest");
        int err = store_get_versions(store, owners, count, records);
        if (err)
            return err;
        for (size_t i = 0; i < count; i++) {
            *ret_is_child |= has_child(records[i], digest);
            json_decref(records[i]);
        }
    }
    return 0;
}

/* A digest that no tag points to becomes a version without tags; a child's stays its index's. */
static int add_version(struct store *store, const char *name, const json_t *image, json_t *groups,
                       const char *digest)
{
    json_t *versions = jsonx_array(groups, "Versions");
    bool is_child;
    if (groups_has_version(groups, digest))
        return 0;
    int err = is_child_of(store, versions, digest, &is_child);
    if (err || is_child)
        return err;
    json_array_append_new(versions, json_pack("{s:s,s:[]}", "Digest", digest, "Tags"));
    return store_put_groups(store, name, jsonx_int(image, "Revision"), groups);
}

struct job_result open_version(const struct inspector *inspector,
                               const struct reference *repository, const char *name,
                               const json_t *image, json_t *groups, const char *digest)
{
    struct store *store = inspector->store;
    struct version_fetch fetch = {.all_platforms = true};
    int64_t revision;
    (void)snprintf(fetch.reference, sizeof(fetch.reference), "%s", digest);
    int err = store_begin(store, name, false, STAGE_LAYERS, &revision);
    if (err == 0)
        err = version_fetch_all(inspector->loop, inspector->registry, store, repository, &fetch, 1,
                                NULL, NULL);
    if (err == 0 && fetch.err)
        return job_from_err(fetch.err, fetch.error_text, fetch.retry_at_ms);
    if (err == 0)
        err = add_version(store, name, image, groups, digest);
    if (err == 0)
        err = relations_update(store, repository, &fetch, 1);
    if (err == 0)
        err = render_and_publish(store, repository, image, groups, STATUS_INSPECTED, STAGE_DONE);
    return job_from_err(err, NULL, 0);
}
