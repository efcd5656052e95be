#include "version_fetch.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "image.h"
#include "jsonx.h"
#include "labels.h"
#include "loop.h"
#include "manifest.h"
#include "mem.h"
#include "store.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* the registry has the job's deadline */

/* Where everything of one call comes from and goes to. */
struct fetcher {
    struct loop *loop;
    struct registry *registry;
    struct store *store;
    const struct reference *repository;
};

/* One image manifest on its way to facts. */
struct image_job {
    struct version_fetch *version; /* gets the error if this is the default image */
    bool is_default;
    char digest[DIGEST_BYTES];
    struct manifest *manifest;
    struct registry_fetch fetch; /* of the manifest, then of the config */
    bool failed;
    bool is_known;
};

struct job_list {
    struct image_job *jobs;
    size_t count, alloc;
};

static void version_failed(struct version_fetch *version, int err, const char *text,
                           int64_t retry_at_ms)
{
    version->err = err;
    version->retry_at_ms = retry_at_ms;
    (void)snprintf(version->error_text, sizeof(version->error_text), "%s",
                   text && *text ? text : err_str(err));
}

static void job_failed(struct image_job *job, int err, const char *text, int64_t retry_at_ms)
{
    job->failed = true;
    if (job->is_default)
        version_failed(job->version, err, text, retry_at_ms);
}

static struct image_job *job_add(struct job_list *list, struct version_fetch *version,
                                 const char *digest, bool is_default)
{
    if (list->count == list->alloc) {
        list->alloc = list->alloc ? list->alloc * 2 : VERSION_FETCH_BATCH;
        list->jobs = xrealloc(list->jobs, list->alloc * sizeof(*list->jobs));
    }
    struct image_job *job = &list->jobs[list->count++];
    *job = (struct image_job){.version = version, .is_default = is_default};
    (void)snprintf(job->digest, sizeof(job->digest), "%s", digest);
    return job;
}

static void wait_all(const struct fetcher *fetcher, struct registry_fetch **fetches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        loop_run_until(fetcher->loop, &fetches[i]->done, WAIT_FOREVER_MS);
}

/* Wave 1: the versions' own manifests */

static json_t *record_of_index(const char *digest, const struct manifest *manifest)
{
    json_t *children = json_array();
    const struct manifest_child *first = manifest_default_child(manifest);
    for (size_t i = 0; i < manifest->child_count; i++) {
        const struct manifest_child *child = &manifest->children[i];
        if (child->is_attestation || child->is_artifact)
            continue;
        json_t *row =
            json_pack("{s:s,s:s}", "Platform", *child->platform ? child->platform : "unknown",
                      "Digest", child->descriptor.digest);
        if (child->annotations)
            json_object_set_new(row, "Annotations", labels_texts(child->annotations));
        if (child == first)
            json_array_insert_new(children, 0, row);
        else
            json_array_append_new(children, row);
    }
    json_t *record = json_object();
    json_object_set_new(record, "Digest", json_string(digest));
    json_object_set_new(record, "MediaType", json_string(manifest->media_type));
    json_object_set_new(record, "Children", children);
    if (manifest->annotations)
        json_object_set_new(record, "Annotations", labels_texts(manifest->annotations));
    return record;
}

static void add_children(struct job_list *list, struct version_fetch *version, const json_t *record)
{
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(record, "Children"), i, child)
    {
        if (i == 0 || version->all_platforms)
            job_add(list, version, jsonx_str(child, "Digest"), i == 0);
    }
}

/* Looks at what the store knows; true where the version needs no manifest of its own. */
static bool known_version(struct job_list *list, struct version_fetch *version, const json_t *known)
{
    if (!known)
        return false;
    (void)snprintf(version->digest, sizeof(version->digest), "%s", version->reference);
    add_children(list, version, known);
    return true;
}

static int take_manifest(const struct fetcher *fetcher, struct job_list *list,
                         struct version_fetch *version, struct registry_fetch *fetch)
{
    if (fetch->err) {
        version_failed(version, fetch->err, fetch->error_text, fetch->retry_at_ms);
        return 0;
    }
    (void)snprintf(version->digest, sizeof(version->digest), "%s", fetch->digest);
    struct manifest *manifest = NULL;
    int err = manifest_parse(fetch->body, fetch->body_bytes, fetch->media_type, &manifest);
    if (err) {
        version_failed(version, err,
                       err == ERR_UNSUPPORTED ? "its manifest is of schema 1, which is not read"
                                              : "its manifest cannot be read",
                       0);
        return 0;
    }
    if (manifest->kind != MANIFEST_INDEX) {
        job_add(list, version, fetch->digest, true)->manifest = manifest;
        return 0;
    }
    JSON_AUTO
    json_t *record = record_of_index(fetch->digest, manifest);
    manifest_free(manifest);
    add_children(list, version, record);
    return store_put_record(fetcher->store, fetch->digest, record);
}

static int fetch_manifests(const struct fetcher *fetcher, struct version_fetch *versions,
                           size_t count, struct job_list *list)
{
    const char *digests[VERSION_FETCH_BATCH] = {NULL};
    json_t *known[VERSION_FETCH_BATCH] = {NULL};
    struct registry_fetch fetches[VERSION_FETCH_BATCH] = {0};
    struct registry_fetch *started[VERSION_FETCH_BATCH];
    size_t started_count = 0;
    for (size_t i = 0; i < count; i++)
        digests[i] = versions[i].reference;
    int err = store_get_versions(fetcher->store, digests, count, known);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++) {
        if (known_version(list, &versions[i], known[i]))
            continue;
        fetches[i].what = REGISTRY_GET_MANIFEST;
        (void)snprintf(fetches[i].reference, DIGEST_BYTES, "%s", versions[i].reference);
        registry_fetch_start(fetcher->registry, fetcher->repository, &fetches[i]);
        started[started_count++] = &fetches[i];
    }
    wait_all(fetcher, started, started_count);
    for (size_t i = 0; i < count; i++) {
        if (!known[i] && err == 0)
            err = take_manifest(fetcher, list, &versions[i], &fetches[i]);
        registry_fetch_release(&fetches[i]);
        json_decref(known[i]);
    }
    return err;
}

/* Wave 2 and 3: the images' manifests where they are not here yet, then their configs */

static int mark_known(const struct fetcher *fetcher, struct image_job *jobs, size_t count)
{
    const char *digests[VERSION_FETCH_BATCH] = {NULL};
    json_t *known[VERSION_FETCH_BATCH] = {NULL};
    for (size_t i = 0; i < count; i++)
        digests[i] = jobs[i].digest;
    int err = store_get_versions(fetcher->store, digests, count, known);
    for (size_t i = 0; i < count && err == 0; i++) {
        jobs[i].is_known = known[i] && !jsonx_array(known[i], "Children");
        json_decref(known[i]);
    }
    return err;
}

static void fetch_image_manifests(const struct fetcher *fetcher, struct image_job *jobs,
                                  size_t count)
{
    struct registry_fetch *started[VERSION_FETCH_BATCH];
    size_t started_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].is_known || jobs[i].manifest)
            continue;
        jobs[i].fetch.what = REGISTRY_GET_MANIFEST;
        (void)snprintf(jobs[i].fetch.reference, DIGEST_BYTES, "%s", jobs[i].digest);
        registry_fetch_start(fetcher->registry, fetcher->repository, &jobs[i].fetch);
        started[started_count++] = &jobs[i].fetch;
    }
    wait_all(fetcher, started, started_count);
    for (size_t i = 0; i < count; i++) {
        struct registry_fetch *fetch = &jobs[i].fetch;
        if (jobs[i].is_known || jobs[i].manifest)
            continue;
        int err = fetch->err;
        if (!err)
            err = manifest_parse(fetch->body, fetch->body_bytes, fetch->media_type,
                                 &jobs[i].manifest);
        if (!err && jobs[i].manifest->kind == MANIFEST_INDEX)
            err = ERR_UNSUPPORTED; /* an index within an index */
        if (err)
            job_failed(&jobs[i], err, fetch->error_text, fetch->retry_at_ms);
        registry_fetch_release(fetch);
        *fetch = (struct registry_fetch){0};
    }
}

static bool wants_config(const struct image_job *job)
{
    return !job->is_known && !job->failed && job->manifest->kind == MANIFEST_IMAGE;
}

static void fetch_configs(const struct fetcher *fetcher, struct image_job *jobs, size_t count)
{
    struct registry_fetch *started[VERSION_FETCH_BATCH];
    size_t started_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!wants_config(&jobs[i]))
            continue;
        jobs[i].fetch.what = REGISTRY_GET_BLOB;
        (void)snprintf(jobs[i].fetch.reference, DIGEST_BYTES, "%s",
                       jobs[i].manifest->config.digest);
        registry_fetch_start(fetcher->registry, fetcher->repository, &jobs[i].fetch);
        started[started_count++] = &jobs[i].fetch;
    }
    wait_all(fetcher, started, started_count);
}

/* A config that is gone for good leaves an image without history, not without facts. */
static int store_image(const struct fetcher *fetcher, struct image_job *job)
{
    if (job->is_known || job->failed)
        return 0;
    struct registry_fetch *fetch = &job->fetch;
    JSON_AUTO
    json_t *config = NULL;
    if (wants_config(job) && fetch->err && fetch->err != ERR_NOTFOUND) {
        job_failed(job, fetch->err, fetch->error_text, fetch->retry_at_ms);
        return 0;
    }
    if (wants_config(job) && !fetch->err)
        (void)jsonx_parse(fetch->body, fetch->body_bytes, &config);
    JSON_AUTO
    json_t *facts = image_facts(job->digest, job->manifest, config);
    return store_put_facts(fetcher->store, job->digest, facts);
}

static int fetch_images(const struct fetcher *fetcher, struct image_job *jobs, size_t count)
{
    int err = mark_known(fetcher, jobs, count);
    if (err == 0) {
        fetch_image_manifests(fetcher, jobs, count);
        fetch_configs(fetcher, jobs, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (err == 0)
            err = store_image(fetcher, &jobs[i]);
        registry_fetch_release(&jobs[i].fetch);
        manifest_free(TAKE(jobs[i].manifest));
    }
    return err;
}

static int fetch_batch(const struct fetcher *fetcher, struct version_fetch *versions, size_t count)
{
    struct job_list list = {0};
    int err = fetch_manifests(fetcher, versions, count, &list);
    size_t at = 0;
    for (; at < list.count && err == 0; at += VERSION_FETCH_BATCH) {
        size_t left = list.count - at;
        err = fetch_images(fetcher, list.jobs + at,
                           left < VERSION_FETCH_BATCH ? left : VERSION_FETCH_BATCH);
    }
    for (; at < list.count; at++)
        manifest_free(list.jobs[at].manifest);
    free(list.jobs);
    return err;
}

int version_fetch_all(struct loop *loop, struct registry *registry, struct store *store,
                      const struct reference *repository, struct version_fetch *fetches,
                      size_t count, void (*each)(void *arg, size_t done), void *arg)
{
    const struct fetcher fetcher = {loop, registry, store, repository};
    for (size_t at = 0; at < count; at += VERSION_FETCH_BATCH) {
        size_t left = count - at;
        size_t batch = left < VERSION_FETCH_BATCH ? left : VERSION_FETCH_BATCH;
        int err = fetch_batch(&fetcher, fetches + at, batch);
        if (err)
            return err;
        if (each)
            each(arg, at + batch);
    }
    return 0;
}
