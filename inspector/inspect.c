#include "inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachments.h"
#include "clock.h"
#include "err.h"
#include "groups.h"
#include "hub.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "open_version.h"
#include "render.h"
#include "store.h"
#include "tag_list.h"
#include "version_fetch.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2)
#define HUB_TIMEOUT_MS 10000
#define HUB_PATIENCE_MS 300000
#define MAX_HUB_WAITS 3 /* limits of Hub that are waited for; then it is done without Hub */
#define HUB_LIMIT_TEXT "Docker Hub's limit of requests is spent"
#define CURSOR_MAX_AGE_MS INT64_C(1800000) /* an older part of a list is not gone on with */

/* One inspection under way. */
struct inspection {
    const struct inspector *inspector;
    const struct reference *image;
    char *name;
    int64_t revision;
    int64_t patience_ms;      /* Hub's limit is waited for if it ends by then; wall time */
    bool goes_on;             /* with what a limit cut short a short while ago */
    json_t *previous;         /* the record that stands, NULL if none */
    json_t *previous_groups;  /* NULL if none */
    json_t *previous_digests; /* tag: digest, of the groups */
    struct tag_list tags;
    size_t known_count; /* of the tags: with a digest; they come first */
    struct hub_facts hub;
    struct version_fetch wanted;
    const char *wanted_tag; /* NULL where a digest was asked for; borrowed */
    char fallback_tag[DIGEST_BYTES];
};

/* What a limit cut short is no record to stand on, but one to go on from. */
static bool is_partial(const json_t *image)
{
    return jsonx_int(image, "NextPage") > 0;
}

static int64_t age_ms(const json_t *image)
{
    return clock_ms() - jsonx_int(image, "InspectedMs");
}

/* The digest that the message opens, "" where the whole image is to be looked at. */
static void version_to_open(const struct inspection *in, char ret_digest[DIGEST_BYTES])
{
    bool is_fresh = in->previous && in->previous_groups && !is_partial(in->previous) &&
                    age_ms(in->previous) < in->inspector->fresh_ms;
    const char *digest = !is_fresh           ? ""
                         : in->image->digest ? in->image->digest
                         : in->image->tag    ? jsonx_str(in->previous_digests, in->image->tag)
                                             : "";
    (void)snprintf(ret_digest, DIGEST_BYTES, "%s", digest);
}

/* Records */

/* Tags that keep what is attached to the wanted version: at most one of each kind. */
static json_t *attachment_tags(const struct inspection *in)
{
    AUTO(free) char *of_wanted = attachment_tag_of(in->wanted.digest);
    size_t len = strlen(of_wanted);
    json_t *names = json_array();
    size_t i;
    json_t *name;
    json_array_foreach(in->tags.attachments, i, name)
    {
        if (strncmp(json_string_value(name), of_wanted, len) == 0)
            json_array_append(names, name);
    }
    return names;
}

/* An image that Hub does not answer for keeps what was known of it. */
static json_t *hub_record(const struct inspection *in)
{
    if (!in->hub.done || in->hub.err) {
        json_t *known = jsonx_object(in->previous, "Hub");
        return known ? json_incref(known) : json_object();
    }
    return json_pack("{s:s,s:s,s:I,s:I,s:I}", "Description", in->hub.description, "LastUpdated",
                     in->hub.last_updated, "PullCount", (json_int_t)in->hub.pull_count, "StarCount",
                     (json_int_t)in->hub.star_count, "BadgeCount", (json_int_t)in->hub.badge_count);
}

static json_t *image_record(const struct inspection *in, const struct tag_row *rows, size_t count)
{
    json_t *image = json_object();
    json_t *names = json_array();
    json_t *pushed = json_object();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(names, json_string(rows[i].name));
        if (rows[i].pushed_ms)
            json_object_set_new(pushed, rows[i].name, json_integer(rows[i].pushed_ms));
    }
    json_object_set_new(image, "Revision", json_integer(in->revision));
    json_object_set_new(image, "InspectedMs", json_integer(clock_ms()));
    json_object_set_new(image, "Wanted", json_string(in->wanted.digest));
    json_object_set_new(image, "Tags", names);
    json_object_set_new(image, "AttachmentTags", attachment_tags(in));
    json_object_set_new(image, "Pushed", pushed);
    json_object_set(image, "Sizes", in->tags.sizes);
    json_object_set_new(image, "Hub", hub_record(in));
    return image;
}

/* What is known of the tags by now, from Hub, from the wanted tag or from the previous inspection;
 * the size worker looks at those that this one did not. */
static json_t *groups_of(const struct inspection *in, const struct tag_row *rows, size_t count)
{
    struct groups groups;
    groups_init(&groups);
    if (*in->wanted.digest)
        groups_add(&groups, in->wanted.digest, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *tag = rows[i].name;
        bool is_wanted = *in->wanted.digest && in->wanted_tag && strcmp(tag, in->wanted_tag) == 0;
        const char *digest = is_wanted         ? in->wanted.digest
                             : *rows[i].digest ? rows[i].digest
                                               : jsonx_str(in->previous_digests, tag);
        if (*digest)
            groups_add(&groups, digest, tag);
        else
            groups_add_rest(&groups, tag);
    }
    json_t *record = groups_record(&groups, in->revision, in->known_count);
    groups_release(&groups);
    return record;
}

/* The wanted tag's facts are shown before anything else is known; an image that has an older
 * document keeps that until the new one is whole. */
static int publish_first(struct inspection *in)
{
    if (in->wanted.err || in->previous_groups)
        return 0;
    struct tag_row row = {.name = (char *)in->wanted_tag};
    size_t count = in->wanted_tag ? 1 : 0;
    JSON_AUTO
    json_t *image = image_record(in, &row, count);
    JSON_AUTO
    json_t *groups = groups_of(in, &row, count);
    return render_and_publish(in->inspector->store, in->image, image, groups, STATUS_INSPECTING,
                              STAGE_TAGS);
}

/* next_page is 0 where the list is whole. */
static int publish_tags(struct inspection *in, unsigned next_page, enum image_status status,
                        enum image_stage stage)
{
    struct store *store = in->inspector->store;
    tag_list_sort(&in->tags, &in->known_count);
    JSON_AUTO
    json_t *image = image_record(in, in->tags.rows, in->tags.count);
    if (next_page)
        json_object_set_new(image, "NextPage", json_integer(next_page));
    JSON_AUTO
    json_t *groups = groups_of(in, in->tags.rows, in->tags.count);
    int err = store_put_image(store, in->name, in->revision, image);
    if (err == 0)
        err = store_put_groups(store, in->name, in->revision, groups);
    if (err == 0)
        err = render_and_publish(store, in->image, image, groups, status, stage);
    return err;
}

/* The wanted version */

static int fetch_version(struct inspection *in, const char *reference)
{
    in->wanted = (struct version_fetch){0};
    (void)snprintf(in->wanted.reference, sizeof(in->wanted.reference), "%s", reference);
    return version_fetch_all(in->inspector->loop, in->inspector->registry, in->inspector->store,
                             in->image, &in->wanted, 1, NULL, NULL);
}

/* Asks for a tag's digest, which no limit counts; its error is the wanted version's. */
static void head_tag(struct inspection *in, const char *tag)
{
    struct registry_fetch head = {.what = REGISTRY_HEAD_MANIFEST};
    (void)snprintf(head.reference, sizeof(head.reference), "%s", tag);
    registry_fetch_start(in->inspector->registry, in->image, &head);
    loop_run_until(in->inspector->loop, &head.done, WAIT_FOREVER_MS);
    in->wanted = (struct version_fetch){.err = head.err, .retry_at_ms = head.retry_at_ms};
    memcpy(in->wanted.error_text, head.error_text, sizeof(in->wanted.error_text));
    if (head.err == 0) {
        tag_list_add(&in->tags, tag);
        memcpy(tag_list_find(&in->tags, tag)->digest, head.digest, DIGEST_BYTES);
    }
    registry_fetch_release(&head);
}

/* What has just been told of a tag; "" if nothing. */
static const char *told_digest(const struct inspection *in, const char *tag)
{
    const struct tag_row *row = tag_list_find(&in->tags, tag);
    if (row && *row->digest)
        return row->digest;
    return in->goes_on ? jsonx_str(in->previous_digests, tag) : "";
}

/* By the digest, where that is told, or where the image was inspected before and so may be known:
 * what is known by its digest is not fetched again. Hub may tell a digest that is gone. */
static int fetch_tag(struct inspection *in, const char *tag)
{
    if (!*told_digest(in, tag) && in->previous_groups) {
        head_tag(in, tag);
        if (in->wanted.err)
            return 0;
    }
    if (!*told_digest(in, tag))
        return fetch_version(in, tag);
    int err = fetch_version(in, told_digest(in, tag));
    if (err == 0 && in->wanted.err == ERR_NOTFOUND) {
        struct tag_row *row = tag_list_find(&in->tags, tag);
        if (row)
            row->digest[0] = '\0';
        err = fetch_version(in, tag);
    }
    return err;
}

static int fetch_wanted(struct inspection *in)
{
    return in->wanted_tag ? fetch_tag(in, in->wanted_tag) : fetch_version(in, in->image->digest);
}

/* `latest`, else the newest tag: another one than what failed, if there is any. */
static const char *fallback_tag(const struct inspection *in, const char *failed)
{
    const struct tag_row *latest = tag_list_find(&in->tags, "latest");
    if (latest && strcmp(failed, "latest") != 0)
        return latest->name;
    bool is_first = strcmp(in->tags.rows[0].name, failed) != 0 || in->tags.count == 1;
    return in->tags.rows[is_first ? 0 : 1].name;
}

/* No tag was asked for and there is no `latest`, or the tag asked for is gone or bad. */
static int fetch_fallback(struct inspection *in)
{
    tag_list_sort(&in->tags, &in->known_count);
    (void)snprintf(in->fallback_tag, sizeof(in->fallback_tag), "%s",
                   fallback_tag(in, in->wanted_tag ? in->wanted_tag : ""));
    in->wanted_tag = in->fallback_tag;
    return fetch_tag(in, in->fallback_tag);
}

/* A tag before a digest; a digest only where it is a version, or nothing is known yet: it may be
 * one image of an index, which is no version of its own. */
static void choose_wanted(struct inspection *in)
{
    const char *digest = in->image->digest;
    bool by_digest =
        digest && (!in->previous_groups || groups_has_version(in->previous_groups, digest));
    in->wanted_tag = in->image->tag ? in->image->tag : by_digest ? NULL : "latest";
}

/* The whole image */

static bool is_missing(int err)
{
    return err == ERR_NOTFOUND || err == ERR_UNAUTHORIZED;
}

static struct job_result wanted_result(const struct inspection *in)
{
    return job_from_err(in->wanted.err, in->wanted.error_text, in->wanted.retry_at_ms);
}

static struct job_result missing(const char *text)
{
    struct job_result result = {.outcome = JOB_MISSING};
    (void)snprintf(result.error_text, sizeof(result.error_text), "%s", text);
    return result;
}

/* After the tags have come: what is shown, and whether there is anything to show. */
static struct job_result settle_wanted(struct inspection *in)
{
    if (in->tags.err && !is_missing(in->tags.err))
        return job_from_err(in->tags.err, in->tags.error_text, in->tags.retry_at_ms);
    if (in->wanted.err == 0)
        return (struct job_result){.outcome = JOB_NEXT};
    if (!is_missing(in->wanted.err) && err_is_transient(in->wanted.err))
        return wanted_result(in);
    if (in->tags.err)
        return missing(in->tags.error_text);
    if (in->tags.count == 0 && in->tags.next_page)
        return job_from_err(ERR_RATELIMIT, HUB_LIMIT_TEXT, in->tags.retry_at_ms);
    if (in->tags.count == 0)
        return missing("the repository has no tags");
    int err = fetch_fallback(in);
    if (err)
        return job_from_err(err, NULL, 0);
    return in->wanted.err ? wanted_result(in) : (struct job_result){.outcome = JOB_NEXT};
}

static void start_side_requests(struct inspection *in)
{
    const struct inspector *inspector = in->inspector;
    in->tags.loop = inspector->loop;
    in->tags.hub = inspector->hub;
    in->tags.registry = inspector->registry;
    in->tags.repository = in->image;
    if (strcmp(in->image->registry, "docker.io") == 0)
        hub_facts_start(inspector->hub, in->image, &in->hub,
                        loop_now_ms(inspector->loop) + HUB_TIMEOUT_MS);
    else
        in->hub = (struct hub_facts){.done = true, .err = ERR_NOTFOUND};
    tag_list_start(&in->tags, in->goes_on ? in->previous : NULL, in->previous_digests);
}

/* What Hub does not tell now stays as it was told before. */
static void keep_pushed(struct inspection *in)
{
    const json_t *pushed = jsonx_object(in->previous, "Pushed");
    for (size_t i = 0; i < in->tags.count; i++)
        if (!in->tags.rows[i].pushed_ms)
            in->tags.rows[i].pushed_ms = jsonx_int(pushed, in->tags.rows[i].name);
    if (in->tags.from_hub.count == 0 && jsonx_object(in->previous, "Sizes"))
        json_object_update(in->tags.sizes, jsonx_object(in->previous, "Sizes"));
}

/* True where a limit of Hub's web API has left something out that is worth waiting for. */
static bool is_cut_short(const struct inspection *in)
{
    bool has_facts = json_object_size(jsonx_object(in->previous, "Hub")) > 0;
    bool lacks_facts = in->hub.err == ERR_RATELIMIT && !has_facts;
    return in->tags.next_page || (lacks_facts && in->hub.retry_at_ms <= in->patience_ms);
}

/* A page that Hub does not have: nothing of its list is read again. */
static unsigned past_end(const struct inspection *in)
{
    unsigned before = (unsigned)jsonx_int(in->previous, "NextPage");
    unsigned page = (unsigned)(in->tags.from_hub.total / HUB_PAGE_TAGS) + 2;
    return before > page ? before : page;
}

/* A limit is spent: what is known is shown, and the job goes on from there later. An image with
 * facts keeps them as they are until then. */
static struct job_result put_off(struct inspection *in, const struct job_result *limited)
{
    struct job_result result = *limited;
    if (in->previous_groups && !is_partial(in->previous))
        return result;
    unsigned next_page = in->tags.next_page ? in->tags.next_page : past_end(in);
    int err = publish_tags(in, next_page, STATUS_INSPECTING, STAGE_TAGS);
    return err ? job_from_err(err, NULL, 0) : result;
}

/* Hub's part, and what all of it comes to. */
static struct job_result finish_whole(struct inspection *in, const struct job_result *settled)
{
    struct job_result result = *settled;
    if (result.outcome != JOB_NEXT && (result.outcome != JOB_DEFER || !in->tags.count))
        return result;
    loop_run_until(in->inspector->loop, &in->hub.done, WAIT_FOREVER_MS);
    if (result.outcome == JOB_NEXT && is_cut_short(in)) {
        int64_t retry_at_ms =
            in->tags.retry_at_ms > in->hub.retry_at_ms ? in->tags.retry_at_ms : in->hub.retry_at_ms;
        result = job_from_err(ERR_RATELIMIT, HUB_LIMIT_TEXT, retry_at_ms);
    }
    if (result.outcome == JOB_DEFER)
        return put_off(in, &result);
    int err = publish_tags(in, 0, STATUS_SIZE, STAGE_QUEUED);
    return err ? job_from_err(err, NULL, 0) : result;
}

static struct job_result inspect_whole(struct inspection *in)
{
    int err = store_begin(in->inspector->store, in->name, true, STAGE_TAGS, &in->revision);
    if (err)
        return job_from_err(err, NULL, 0);
    start_side_requests(in);
    choose_wanted(in);
    if (!in->previous_groups)
        err = fetch_wanted(in);
    if (err == 0 && !in->previous_groups)
        err = publish_first(in);
    if (err)
        return job_from_err(err, NULL, 0);
    tag_list_wait(&in->tags, in->patience_ms);
    if (in->previous_groups)
        err = fetch_wanted(in);
    if (err)
        return job_from_err(err, NULL, 0);
    struct job_result result = settle_wanted(in);
    if (in->wanted_tag && in->wanted.err == 0)
        tag_list_add(&in->tags, in->wanted_tag);
    keep_pushed(in);
    return finish_whole(in, &result);
}

static void inspection_release(struct inspection *in)
{
    tag_list_release(&in->tags);
    hub_facts_cancel(&in->hub);
    hub_facts_release(&in->hub);
    json_decref(in->previous);
    json_decref(in->previous_groups);
    json_decref(in->previous_digests);
    free(in->name);
}

struct job_result inspect(const struct inspector *inspector, const struct message *message)
{
    struct inspection in = {.inspector = inspector, .image = &message->image, .patience_ms = -1};
    struct job_result result;
    char digest[DIGEST_BYTES];
    if (message->deferrals < MAX_HUB_WAITS)
        in.patience_ms = clock_ms() + HUB_PATIENCE_MS;
    registry_set_wanted(inspector->registry, true);
    in.name = reference_canonical(&message->image);
    int err = store_get_image(inspector->store, in.name, &in.previous);
    if (err == 0)
        err = store_get_groups(inspector->store, in.name, &in.previous_groups);
    in.previous_digests = groups_by_tag(in.previous_groups);
    in.goes_on = is_partial(in.previous) && age_ms(in.previous) < CURSOR_MAX_AGE_MS;
    version_to_open(&in, digest);
    if (err && err != ERR_NOTFOUND)
        result = job_from_err(err, NULL, 0);
    else if (*digest)
        result =
            open_version(inspector, in.image, in.name, in.previous, in.previous_groups, digest);
    else
        result = inspect_whole(&in);
    inspection_release(&in);
    return result;
}
