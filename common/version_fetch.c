#include "version_fetch.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "image.h"
#include "index_record.h"
#include "jsonx.h"
#include "labels.h"
#include "loop.h"
#include "manifest.h"
#include "mem.h"
#include "store.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* the registry has the job's deadline */
#define MAX_DEFAULTS 4 /* images of an index that are tried for the one that is shown */

/* Where everything of one call comes from and goes to. */
struct fetcher {
    struct loop *loop;
    struct registry *registry;
    struct store *store;
    const struct reference *repository;
};

/* One version of a batch. */
struct version_work {
    struct version_fetch *version;
    json_t *children; /* of its record; NULL for what is no index */
    size_t shown;     /* which of them is tried as the default one */
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

/* What is wrong with a manifest is a fact about its digest like any other. */
static int store_unreadable(const struct fetcher *fetcher, const char *digest,
                            const char *media_type, const char *why)
{
    AUTO(free) char *type = jsonx_repair_utf8(media_type, strlen(media_type));
    JSON_AUTO
    json_t *facts = image_facts_unreadable(digest, type, why);
    return store_put_facts(fetcher->store, digest, facts);
}

static const char *why_unreadable(int err)
{
    return err == ERR_UNSUPPORTED ? "Its manifest is of Docker's schema 1, of before 2017, which "
                                    "is not read here: it has no sizes and no platform."
           : err == ERR_TOOBIG    ? "Its manifest has too many layers or images to be read."
                                  : "Its manifest cannot be read.";
}

/* Wave 1: the versions' own manifests, and the indexes within them */

static void add_children(struct job_list *list, struct version_work *work, const json_t *record)
{
    work->children = json_incref(jsonx_array(record, "Children"));
    size_t i;
    json_t *child;
    json_array_foreach(work->children, i, child)
    {
        if (i == 0 || work->version->all_platforms)
            job_add(list, work->version, jsonx_str(child, "Digest"), i == 0);
    }
}

/* True where nothing new can be read of it: not so where its config was missing. */
static bool is_complete(const json_t *known)
{
    return known && !json_object_get(known, "Incomplete");
}

static void known_version(struct job_list *list, struct version_work *work, const json_t *known)
{
    (void)snprintf(work->version->digest, DIGEST_BYTES, "%s", work->version->reference);
    add_children(list, work, known);
}

static struct manifest *nested_manifest(const struct registry_fetch *fetch)
{
    struct manifest *manifest = NULL;
    if (fetch->err == 0)
        (void)manifest_parse(fetch->body, fetch->body_bytes, fetch->media_type, &manifest);
    return manifest;
}

/* Reads the indexes within an index, level by level. An index that is gone for good is left out
 * (index_record.h marks that), one that cannot be had now fails the version. */
static int read_nested(const struct fetcher *fetcher, struct version_fetch *version,
                       struct index_record *record)
{
    const char *wanted[VERSION_FETCH_BATCH];
    size_t count;
    int err = 0;
    while (err == 0 && (count = index_record_wanted(record, wanted, VERSION_FETCH_BATCH)) > 0) {
        struct registry_fetch fetches[VERSION_FETCH_BATCH] = {0};
        struct registry_fetch *started[VERSION_FETCH_BATCH];
        for (size_t i = 0; i < count; i++) {
            fetches[i].what = REGISTRY_GET_MANIFEST;
            (void)snprintf(fetches[i].reference, DIGEST_BYTES, "%s", wanted[i]);
            registry_fetch_start(fetcher->registry, fetcher->repository, &fetches[i]);
            started[i] = &fetches[i];
        }
        wait_all(fetcher, started, count);
        for (size_t i = 0; i < count; i++) {
            if (err_is_transient(fetches[i].err) && err == 0) {
                err = fetches[i].err;
                version_failed(version, err, fetches[i].error_text, fetches[i].retry_at_ms);
            }
            index_record_add(record, fetches[i].reference, nested_manifest(&fetches[i]));
            registry_fetch_release(&fetches[i]);
        }
    }
    return err;
}

/* Takes the manifest. */
static int take_index(const struct fetcher *fetcher, struct job_list *list,
                      struct version_work *work, struct manifest *manifest)
{
    struct version_fetch *version = work->version;
    AUTO(index_record)
    struct index_record *index = index_record_new(version->digest, manifest);
    if (read_nested(fetcher, version, index) != 0)
        return 0;
    JSON_AUTO
    json_t *record = index_record_json(index);
    add_children(list, work, record);
    bool is_empty = json_array_size(work->children) == 0;
    if (is_empty && !is_complete(record)) {
        version_failed(version, ERR_NOTFOUND, "the indexes within its index are missing", 0);
        return 0;
    }
    if (is_empty)
        return store_unreadable(fetcher, version->digest, jsonx_str(record, "MediaType"),
                                "It is an index without images.");
    return store_put_record(fetcher->store, version->digest, record);
}

/* Stored only where the content is to blame, not the Content-Type that this registry gave it. An
 * answer to a tag that is no manifest at all says nothing about a version: a tag may be another
 * time. */
static int take_unreadable(const struct fetcher *fetcher, struct version_fetch *version,
                           const struct registry_fetch *fetch, int err)
{
    AUTO(manifest) struct manifest *by_content = NULL;
    int own_err = manifest_parse(fetch->body, fetch->body_bytes, NULL, &by_content);
    bool is_by_digest = strcmp(version->reference, version->digest) == 0;
    if (own_err && (is_by_digest || own_err != ERR_PROTO))
        return store_unreadable(fetcher, version->digest, fetch->media_type,
                                why_unreadable(own_err));
    version_failed(version, err, why_unreadable(err), 0);
    return 0;
}

static int take_manifest(const struct fetcher *fetcher, struct job_list *list,
                         struct version_work *work, struct registry_fetch *fetch)
{
    struct version_fetch *version = work->version;
    if (fetch->err) {
        version_failed(version, fetch->err, fetch->error_text, fetch->retry_at_ms);
        return 0;
    }
    (void)snprintf(version->digest, sizeof(version->digest), "%s", fetch->digest);
    struct manifest *manifest = NULL;
    int err = manifest_parse(fetch->body, fetch->body_bytes, fetch->media_type, &manifest);
    if (err)
        return take_unreadable(fetcher, version, fetch, err);
    if (manifest->kind == MANIFEST_INDEX)
        return take_index(fetcher, list, work, manifest);
    job_add(list, version, fetch->digest, true)->manifest = manifest;
    return 0;
}

static int fetch_manifests(const struct fetcher *fetcher, struct version_work *works, size_t count,
                           struct job_list *list)
{
    const char *digests[VERSION_FETCH_BATCH] = {NULL};
    json_t *known[VERSION_FETCH_BATCH] = {NULL};
    struct registry_fetch fetches[VERSION_FETCH_BATCH] = {0};
    struct registry_fetch *started[VERSION_FETCH_BATCH];
    size_t started_count = 0;
    for (size_t i = 0; i < count; i++)
        digests[i] = works[i].version->reference;
    int err = store_get_versions(fetcher->store, digests, count, known);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++) {
        if (is_complete(known[i])) {
            known_version(list, &works[i], known[i]);
            continue;
        }
        fetches[i].what = REGISTRY_GET_MANIFEST;
        (void)snprintf(fetches[i].reference, DIGEST_BYTES, "%s", digests[i]);
        registry_fetch_start(fetcher->registry, fetcher->repository, &fetches[i]);
        started[started_count++] = &fetches[i];
    }
    wait_all(fetcher, started, started_count);
    for (size_t i = 0; i < count; i++) {
        if (!is_complete(known[i]) && err == 0)
            err = take_manifest(fetcher, list, &works[i], &fetches[i]);
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
        jobs[i].is_known = is_complete(known[i]) && !jsonx_array(known[i], "Children");
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
            err = ERR_PROTO; /* its index says that it is an image */
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
        if (!wants_config(&jobs[i]) || jobs[i].manifest->config.data)
            continue;
        const struct descriptor *config = &jobs[i].manifest->config;
        jobs[i].fetch.what = REGISTRY_GET_BLOB;
        if (config->size_bytes <= REGISTRY_MAX_BLOB_BYTES)
            jobs[i].fetch.max_body_bytes = (size_t)config->size_bytes;
        (void)snprintf(jobs[i].fetch.reference, DIGEST_BYTES, "%s", config->digest);
        registry_fetch_start(fetcher->registry, fetcher->repository, &jobs[i].fetch);
        started[started_count++] = &jobs[i].fetch;
    }
    wait_all(fetcher, started, started_count);
}

/* The config, NULL where there is none to be had; ret_why then says why, for a person. */
static json_t *config_of(const struct image_job *job, char *ret_why, size_t size)
{
    const struct descriptor *descriptor = &job->manifest->config;
    const struct registry_fetch *fetch = &job->fetch;
    json_t *config = NULL;
    *ret_why = '\0';
    if (!wants_config(job))
        return NULL;
    if (!descriptor->data && fetch->err)
        (void)snprintf(ret_why, size, "Its config cannot be had: %s.", fetch->error_text);
    else if (jsonx_parse(descriptor->data ? descriptor->data : fetch->body,
                         descriptor->data ? descriptor->data_bytes : fetch->body_bytes,
                         &config) != 0)
        (void)snprintf(ret_why, size, "Its config cannot be read.");
    return config;
}

/* A config that is gone for good leaves an image without history, not without facts; they are
 * looked for again, as another repository with this image may have it. */
static int store_image(const struct fetcher *fetcher, struct image_job *job)
{
    if (job->is_known || job->failed)
        return 0;
    const struct registry_fetch *fetch = &job->fetch;
    char why[REGISTRY_ERROR_BYTES + 64];
    if (wants_config(job) && registry_may_have_it_later(fetch->err)) {
        job_failed(job, fetch->err, fetch->error_text, fetch->retry_at_ms);
        return 0;
    }
    JSON_AUTO
    json_t *config = config_of(job, why, sizeof(why));
    JSON_AUTO
    json_t *facts = image_facts(job->digest, job->manifest, config);
    if (*why)
        json_object_set_new(facts, "Unreadable", json_string(why));
    if (wants_config(job) && fetch->err)
        json_object_set_new(facts, "Incomplete", json_true());
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

static int fetch_jobs(const struct fetcher *fetcher, struct job_list *list)
{
    int err = 0;
    size_t at = 0;
    for (; at < list->count && err == 0; at += VERSION_FETCH_BATCH) {
        size_t left = list->count - at;
        err = fetch_images(fetcher, list->jobs + at,
                           left < VERSION_FETCH_BATCH ? left : VERSION_FETCH_BATCH);
    }
    for (; at < list->count; at++)
        manifest_free(list->jobs[at].manifest);
    free(list->jobs);
    *list = (struct job_list){0};
    return err;
}

/* A mirror may have some platforms only: where the default one is missing, the next is shown. */
static void add_next_defaults(struct job_list *list, struct version_work *works, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct version_work *work = &works[i];
        int err = work->version->err;
        size_t most = json_array_size(work->children);
        if (err == 0 || registry_may_have_it_later(err) || work->shown + 1 >= most)
            continue;
        json_t *child = json_array_get(work->children, ++work->shown);
        work->version->err = 0;
        job_add(list, work->version, jsonx_str(child, "Digest"), true);
    }
}

static int fetch_batch(const struct fetcher *fetcher, struct version_fetch *versions, size_t count)
{
    struct version_work works[VERSION_FETCH_BATCH] = {0};
    struct job_list list = {0};
    for (size_t i = 0; i < count; i++)
        works[i].version = &versions[i];
    int err = fetch_manifests(fetcher, works, count, &list);
    if (err == 0)
        err = fetch_jobs(fetcher, &list);
    for (unsigned tries = 1; tries < MAX_DEFAULTS && err == 0; tries++) {
        add_next_defaults(&list, works, count);
        err = fetch_jobs(fetcher, &list);
    }
    for (size_t i = 0; i < count; i++)
        json_decref(works[i].children);
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
