#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachment_fetch.h"
#include "clock.h"
#include "err.h"
#include "groups.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "natural.h"
#include "relations.h"
#include "render.h"
#include "store.h"
#include "version_fetch.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2)
#define HEAD_WINDOW 256          /* tags whose HEADs are started together */
#define PUBLISH_INTERVAL_MS 1000 /* the document is written again at most this often, */
#define PUBLISH_SHARE 10         /* and for at most one part in so many of the time */
#define FETCH_SLICE 64           /* versions between two looks at the time */

/* One measurement under way. */
struct measurement {
    const struct measurer *measurer;
    const struct reference *repository;
    char *name;
    json_t *image;
    json_t *groups; /* the record, once grouped */
    int64_t revision;
    int64_t leave_at_ms;
    int64_t publish_at_ms; /* not again before */
    size_t total;
    size_t slice_start; /* of the versions that are fetched now */
    int err;            /* from a publication while fetching */
};

static bool time_is_up(const struct measurement *m)
{
    return loop_now_ms(m->measurer->loop) >= m->leave_at_ms;
}

static int publish(struct measurement *m, enum image_status status, enum image_stage stage)
{
    int64_t started_ms = loop_now_ms(m->measurer->loop);
    int err =
        render_and_publish(m->measurer->store, m->repository, m->image, m->groups, status, stage);
    int64_t now_ms = loop_now_ms(m->measurer->loop);
    int64_t pause_ms = (now_ms - started_ms) * PUBLISH_SHARE;
    m->publish_at_ms = now_ms + (pause_ms > PUBLISH_INTERVAL_MS ? pause_ms : PUBLISH_INTERVAL_MS);
    return err;
}

/* Grouping: which digest each tag points to */

struct head_window {
    struct registry_fetch fetches[HEAD_WINDOW];
    const char *tags[HEAD_WINDOW];
    size_t count;
};

static void window_run(struct measurement *m, struct head_window *window)
{
    for (size_t i = 0; i < window->count; i++) {
        struct registry_fetch *fetch = &window->fetches[i];
        *fetch = (struct registry_fetch){.what = REGISTRY_HEAD_MANIFEST};
        (void)snprintf(fetch->reference, sizeof(fetch->reference), "%s", window->tags[i]);
        registry_fetch_start(m->measurer->registry, m->repository, fetch);
    }
    for (size_t i = 0; i < window->count; i++)
        loop_run_until(m->measurer->loop, &window->fetches[i].done, WAIT_FOREVER_MS);
}

/* A rate limit, and a window in which nothing worked, end the grouping: the result says how. */
static struct job_result window_result(const struct head_window *window)
{
    size_t failed = 0;
    for (size_t i = 0; i < window->count; i++) {
        const struct registry_fetch *fetch = &window->fetches[i];
        failed += fetch->err && fetch->err != ERR_NOTFOUND;
        if (fetch->err == ERR_RATELIMIT || (failed == window->count))
            return job_from_err(fetch->err, fetch->error_text, fetch->retry_at_ms);
    }
    return (struct job_result){.outcome = JOB_DONE};
}

/* A tag that is gone is dropped; one whose HEAD failed stays with the rest. */
static void window_take(const struct head_window *window, struct groups *groups)
{
    for (size_t i = 0; i < window->count; i++) {
        const struct registry_fetch *fetch = &window->fetches[i];
        if (fetch->err == 0)
            groups_add(groups, fetch->digest, window->tags[i]);
        else if (fetch->err != ERR_NOTFOUND)
            groups_add_rest(groups, window->tags[i]);
    }
}

static void window_release(struct head_window *window)
{
    for (size_t i = 0; i < window->count; i++)
        registry_fetch_release(&window->fetches[i]);
}

static size_t window_fill(struct head_window *window, const json_t *tags, size_t next, size_t end)
{
    window->count = 0;
    while (next < end && window->count < HEAD_WINDOW)
        window->tags[window->count++] = json_string_value(json_array_get(tags, next++));
    return next;
}

/* What an earlier run of this revision has grouped already. */
static size_t groups_resume(const struct measurement *m, const json_t *record,
                            struct groups *groups)
{
    size_t next =
        jsonx_int(record, "Revision") == m->revision ? (size_t)jsonx_int(record, "Next") : 0;
    JSON_AUTO
    json_t *by_tag = groups_by_tag(record);
    json_t *tags = jsonx_array(m->image, "Tags");
    for (size_t i = 0; i < next && i < json_array_size(tags); i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        if (*jsonx_str(by_tag, tag))
            groups_add(groups, jsonx_str(by_tag, tag), tag);
        else if (json_object_get(by_tag, tag))
            groups_add_rest(groups, tag);
    }
    return next;
}

/* Tags that were not reached yet keep the digest that was known before. */
static void groups_add_unreached(const struct measurement *m, const json_t *record, size_t next,
                                 struct groups *groups)
{
    JSON_AUTO
    json_t *by_tag = groups_by_tag(record);
    json_t *tags = jsonx_array(m->image, "Tags");
    for (; next < json_array_size(tags); next++) {
        const char *tag = json_string_value(json_array_get(tags, next));
        if (*jsonx_str(by_tag, tag))
            groups_add(groups, jsonx_str(by_tag, tag), tag);
        else
            groups_add_rest(groups, tag);
    }
}

/* Until the versions are known, it is the tags that are counted. */
static void tell_progress(const struct measurement *m, size_t done, size_t total)
{
    store_progress(m->measurer->store, m->name, STAGE_MANIFESTS, (int64_t)done, (int64_t)total);
}

/* Behind the last of the tags that are asked for. */
static size_t heads_end(const struct measurement *m, size_t next)
{
    size_t count = json_array_size(jsonx_array(m->image, "Tags"));
    size_t most = (size_t)m->measurer->max_heads;
    return most && count > next && count - next > most ? next + most : count;
}

static struct job_result group_tags(struct measurement *m, const json_t *record,
                                    struct groups *groups, size_t *ret_next)
{
    json_t *tags = jsonx_array(m->image, "Tags");
    size_t next = groups_resume(m, record, groups);
    size_t end = heads_end(m, next);
    struct job_result result = {.outcome = JOB_DONE};
    AUTO(free) struct head_window *window = xcalloc(1, sizeof(*window));
    while (next < end && result.outcome == JOB_DONE) {
        if (time_is_up(m)) {
            result.outcome = JOB_AGAIN;
            break;
        }
        size_t after = window_fill(window, tags, next, end);
        window_run(m, window);
        result = window_result(window);
        if (result.outcome == JOB_DONE) {
            window_take(window, groups);
            next = after;
            tell_progress(m, next, end);
        }
        window_release(window);
    }
    *ret_next = next;
    return result;
}

static struct job_result group(struct measurement *m)
{
    JSON_AUTO
    json_t *record = NULL;
    int err = store_get_groups(m->measurer->store, m->name, &record);
    if (err && err != ERR_NOTFOUND)
        return job_from_err(err, NULL, 0);
    struct groups groups;
    groups_init(&groups);
    if (*jsonx_str(m->image, "Wanted"))
        groups_add(&groups, jsonx_str(m->image, "Wanted"), NULL);
    size_t next = 0;
    struct job_result result = group_tags(m, record, &groups, &next);
    if (result.outcome != JOB_DONE && result.outcome != JOB_AGAIN && next == 0) {
        groups_release(&groups); /* nothing new: what is stored stands */
        return result;
    }
    groups_add_unreached(m, record, next, &groups);
    m->groups = groups_record(&groups, m->revision, next);
    groups_release(&groups);
    err = store_put_groups(m->measurer->store, m->name, m->revision, m->groups);
    if (err == 0)
        err = publish(m, STATUS_SIZE, STAGE_LAYERS);
    return err ? job_from_err(err, NULL, 0) : result;
}

/* Filling in: the wanted version, then the newest */

struct candidate {
    const char *digest;
    const char *tag;   /* the greatest */
    int64_t pushed_ms; /* the last of its tags; 0 if not told */
    bool is_wanted;
};

static struct candidate candidate_of(const struct measurement *m, const json_t *version)
{
    const json_t *pushed = jsonx_object(m->image, "Pushed");
    struct candidate candidate = {.digest = jsonx_str(version, "Digest"), .tag = ""};
    size_t i;
    json_t *tag;
    json_array_foreach(jsonx_array(version, "Tags"), i, tag)
    {
        const char *name = json_string_value(tag);
        if (natural_compare(name, candidate.tag) > 0)
            candidate.tag = name;
        if (jsonx_int(pushed, name) > candidate.pushed_ms)
            candidate.pushed_ms = jsonx_int(pushed, name);
    }
    candidate.is_wanted = strcmp(candidate.digest, jsonx_str(m->image, "Wanted")) == 0;
    return candidate;
}

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left;
    const struct candidate *b = right;
    if (a->is_wanted != b->is_wanted)
        return a->is_wanted ? -1 : 1;
    if (a->pushed_ms != b->pushed_ms)
        return a->pushed_ms > b->pushed_ms ? -1 : 1;
    return natural_compare(b->tag, a->tag);
}

/* Caller frees the fetches. */
static struct version_fetch *choose_versions(const struct measurement *m, size_t *ret_count)
{
    json_t *versions = jsonx_array(m->groups, "Versions");
    size_t count = json_array_size(versions);
    AUTO(free) struct candidate *candidates = xcalloc(count, sizeof(*candidates));
    for (size_t i = 0; i < count; i++)
        candidates[i] = candidate_of(m, json_array_get(versions, i));
    qsort(candidates, count, sizeof(*candidates), compare_candidates);
    size_t most = (size_t)m->measurer->eager_versions + 1;
    *ret_count = count < most ? count : most;
    struct version_fetch *fetches = xcalloc(*ret_count, sizeof(*fetches));
    for (size_t i = 0; i < *ret_count; i++) {
        (void)snprintf(fetches[i].reference, DIGEST_BYTES, "%s", candidates[i].digest);
        fetches[i].all_platforms = candidates[i].is_wanted;
    }
    return fetches;
}

static void on_batch(void *arg, size_t done)
{
    struct measurement *m = arg;
    done += m->slice_start;
    store_progress(m->measurer->store, m->name, STAGE_LAYERS, (int64_t)done, (int64_t)m->total);
    bool is_due = loop_now_ms(m->measurer->loop) >= m->publish_at_ms;
    if (is_due && done < m->total && m->err == 0)
        m->err = publish(m, STATUS_SIZE, STAGE_LAYERS);
}

/* One bad version never fails an image: it stays pending. But a rate limit puts the rest off, and
 * the wanted version is worth another attempt. */
static struct job_result fetch_result(const struct version_fetch *fetches, size_t count,
                                      bool has_wanted)
{
    for (size_t i = 0; i < count; i++)
        if (fetches[i].err == ERR_RATELIMIT ||
            (has_wanted && i == 0 && err_is_transient(fetches[i].err)))
            return job_from_err(fetches[i].err, fetches[i].error_text, fetches[i].retry_at_ms);
    return (struct job_result){.outcome = JOB_DONE};
}

/* In slices, so that the job ends in time; what is there already is not fetched again by the next
 * one. The wanted version is in the first slice. */
static int fetch_slices(struct measurement *m, struct version_fetch *fetches,
                        struct job_result *ret_result)
{
    *ret_result = (struct job_result){.outcome = JOB_DONE};
    for (size_t at = 0; at < m->total && ret_result->outcome == JOB_DONE; at += FETCH_SLICE) {
        size_t count = m->total - at < FETCH_SLICE ? m->total - at : FETCH_SLICE;
        if (time_is_up(m)) {
            ret_result->outcome = JOB_AGAIN;
            return 0;
        }
        m->slice_start = at;
        int err = version_fetch_all(m->measurer->loop, m->measurer->registry, m->measurer->store,
                                    m->repository, fetches + at, count, on_batch, m);
        if (err || m->err)
            return err ? err : m->err;
        *ret_result = fetch_result(fetches + at, count, at == 0);
    }
    return 0;
}

/* What else there is to tell of the versions: what is attached to them, and what they relate to. */
static int look_around(struct measurement *m, const struct version_fetch *fetches)
{
    const struct measurer *measurer = m->measurer;
    int err = attachments_fetch(measurer->loop, measurer->registry, measurer->store, m->repository,
                                m->image);
    return err ? err : relations_update(measurer->store, m->repository, fetches, m->total);
}

static struct job_result fill_in(struct measurement *m)
{
    AUTO(free) struct version_fetch *fetches = choose_versions(m, &m->total);
    struct job_result result;
    store_progress(m->measurer->store, m->name, STAGE_LAYERS, 0, (int64_t)m->total);
    int err = fetch_slices(m, fetches, &result);
    if (err == 0 && result.outcome == JOB_DONE)
        err = look_around(m, fetches);
    if (err == 0)
        err = result.outcome == JOB_DONE ? publish(m, STATUS_INSPECTED, STAGE_DONE)
                                         : publish(m, STATUS_SIZE, STAGE_LAYERS);
    return err ? job_from_err(err, NULL, 0) : result;
}

static struct job_result measure_image(struct measurement *m)
{
    int64_t current;
    m->revision = jsonx_int(m->image, "Revision");
    int err = store_begin(m->measurer->store, m->name, false, STAGE_MANIFESTS, &current);
    if (err || current != m->revision)
        return job_from_err(err ? err : ERR_CONFLICT, NULL, 0);
    struct job_result result = group(m);
    if (result.outcome == JOB_DONE && m->groups)
        result = fill_in(m);
    return result;
}

struct job_result measure(const struct measurer *measurer, const struct message *message)
{
    struct measurement m = {.measurer = measurer,
                            .repository = &message->image,
                            .name = reference_canonical(&message->image),
                            .leave_at_ms = loop_now_ms(measurer->loop) + measurer->job_ms};
    struct job_result result;
    registry_set_wanted(measurer->registry, false);
    int err = store_get_image(measurer->store, m.name, &m.image);
    if (err == ERR_NOTFOUND)
        err = store_forget(measurer->store, m.name); /* evicted: the next request starts anew */
    if (err || !m.image)
        result = job_from_err(err, NULL, 0);
    else
        result = measure_image(&m);
    json_decref(m.image);
    json_decref(m.groups);
    free(m.name);
    return result;
}
