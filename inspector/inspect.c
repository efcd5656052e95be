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
#include "natural.h"
#include "relations.h"
#include "render.h"
#include "store.h"
#include "version_fetch.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2)
#define HUB_TIMEOUT_MS 10000

/* One inspection under way. */
struct inspection {
    const struct inspector *inspector;
    const struct reference *image;
    char *name;
    int64_t revision;
    json_t *previous;        /* the record that stands, NULL if none */
    json_t *previous_groups; /* NULL if none */
    struct registry_tags tags;
    struct hub_facts hub;
    struct version_fetch wanted;
    const char *wanted_tag; /* NULL where a digest was asked for; borrowed */
    char fallback_tag[DIGEST_BYTES];
};

static int fetch_version(struct inspection *in, const char *reference, bool all_platforms)
{
    in->wanted = (struct version_fetch){.all_platforms = all_platforms};
    (void)snprintf(in->wanted.reference, sizeof(in->wanted.reference), "%s", reference);
    return version_fetch_all(in->inspector->loop, in->inspector->registry, in->inspector->store,
                             in->image, &in->wanted, 1, NULL, NULL);
}

static struct job_result wanted_result(const struct inspection *in)
{
    return job_from_err(in->wanted.err, in->wanted.error_text, in->wanted.retry_at_ms);
}

/* Opening one version of an image whose record is fresh */

static bool is_fresh(const struct inspection *in)
{
    int64_t age_ms = clock_ms() - jsonx_int(in->previous, "InspectedMs");
    return in->previous && in->previous_groups && age_ms < in->inspector->fresh_ms;
}

/* The digest that the message opens, "" where the whole image is to be looked at. */
static void version_to_open(const struct inspection *in, char ret_digest[DIGEST_BYTES])
{
    ret_digest[0] = '\0';
    if (!is_fresh(in))
        return;
    JSON_AUTO
    json_t *by_tag = groups_by_tag(in->previous_groups);
    const char *digest = in->image->digest ? in->image->digest
                         : in->image->tag  ? jsonx_str(by_tag, in->image->tag)
                                           : "";
    (void)snprintf(ret_digest, DIGEST_BYTES, "%s", digest);
}

/* A digest that no tag points to becomes a version without tags; a child's stays its index's. */
static int add_version(struct inspection *in, const char *digest)
{
    json_t *versions = jsonx_array(in->previous_groups, "Versions");
    if (groups_has_version(in->previous_groups, digest))
        return 0;
    size_t i;
    json_t *version;
    json_array_foreach(versions, i, version)
    {
        const char *owner = jsonx_str(version, "Digest");
        json_t *record = NULL;
        int err = store_get_versions(in->inspector->store, &owner, 1, &record);
        if (err)
            return err;
        size_t c;
        json_t *child;
        bool is_child = false;
        json_array_foreach(jsonx_array(record, "Children"), c, child) is_child |=
            strcmp(jsonx_str(child, "Digest"), digest) == 0;
        json_decref(record);
        if (is_child)
            return 0;
    }
    json_array_append_new(versions, json_pack("{s:s,s:[]}", "Digest", digest, "Tags"));
    return store_put_groups(in->inspector->store, in->name, jsonx_int(in->previous, "Revision"),
                            in->previous_groups);
}

static struct job_result open_version(struct inspection *in, const char *digest)
{
    int64_t revision;
    int err = store_begin(in->inspector->store, in->name, false, STAGE_LAYERS, &revision);
    if (err == 0)
        err = fetch_version(in, digest, true);
    if (err == 0 && in->wanted.err)
        return wanted_result(in);
    if (err == 0)
        err = add_version(in, digest);
    if (err == 0)
        err = relations_update(in->inspector->store, in->image, &in->wanted, 1);
    if (err == 0)
        err = render_and_publish(in->inspector->store, in->image, in->previous, in->previous_groups,
                                 STATUS_INSPECTED, STAGE_DONE);
    return job_from_err(err, NULL, 0);
}

/* The whole image */

static int compare_names(const void *a, const void *b)
{
    return natural_compare(*(char *const *)a, *(char *const *)b);
}

static json_t *tag_names(const struct inspection *in)
{
    json_t *names = json_array();
    bool has_wanted = false;
    for (size_t i = 0; i < in->tags.count; i++) {
        json_array_append_new(names, json_string(in->tags.names[i]));
        has_wanted |= in->wanted_tag && strcmp(in->tags.names[i], in->wanted_tag) == 0;
    }
    if (in->wanted_tag && !has_wanted && in->wanted.err == 0)
        json_array_append_new(names, json_string(in->wanted_tag));
    return names;
}

/* Tags that keep what is attached to the wanted version: at most one of each kind. */
static json_t *attachment_tags(const struct inspection *in)
{
    AUTO(free) char *of_wanted = attachment_tag_of(in->wanted.digest);
    size_t len = strlen(of_wanted);
    json_t *names = json_array();
    for (size_t i = 0; i < in->tags.attachment_count; i++)
        if (strncmp(in->tags.attachments[i], of_wanted, len) == 0)
            json_array_append_new(names, json_string(in->tags.attachments[i]));
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

static json_t *image_record(const struct inspection *in, json_t *names)
{
    json_t *image = json_object();
    json_object_set_new(image, "Revision", json_integer(in->revision));
    json_object_set_new(image, "InspectedMs", json_integer(clock_ms()));
    json_object_set_new(image, "Wanted", json_string(in->wanted.digest));
    json_object_set(image, "Tags", names);
    json_object_set_new(image, "AttachmentTags", attachment_tags(in));
    json_object_set_new(image, "Hub", hub_record(in));
    return image;
}

/* What the previous inspection knew of the tags that still exist, and the wanted one's new digest;
 * the size worker looks at the rest. */
static json_t *merged_groups(const struct inspection *in, const json_t *names)
{
    JSON_AUTO
    json_t *by_tag = groups_by_tag(in->previous_groups);
    struct groups groups;
    groups_init(&groups);
    groups_add(&groups, in->wanted.digest, NULL);
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        const char *tag = json_string_value(name);
        bool is_wanted = in->wanted_tag && strcmp(tag, in->wanted_tag) == 0;
        const char *digest = is_wanted ? in->wanted.digest : jsonx_str(by_tag, tag);
        if (*digest)
            groups_add(&groups, digest, tag);
        else
            groups_add_rest(&groups, tag);
    }
    json_t *record = groups_record(&groups, in->revision, 0);
    groups_release(&groups);
    return record;
}

/* The wanted tag's facts are shown before anything else is known; an image that has an older
 * document keeps that until the new one is whole. */
static int publish_first(struct inspection *in)
{
    if (in->wanted.err || in->previous_groups)
        return 0;
    JSON_AUTO
    json_t *names = tag_names(in);
    JSON_AUTO
    json_t *image = image_record(in, names);
    JSON_AUTO
    json_t *groups = merged_groups(in, names);
    return render_and_publish(in->inspector->store, in->image, image, groups, STATUS_INSPECTING,
                              STAGE_TAGS);
}

static int publish_whole(struct inspection *in)
{
    struct store *store = in->inspector->store;
    JSON_AUTO
    json_t *names = tag_names(in);
    JSON_AUTO
    json_t *image = image_record(in, names);
    JSON_AUTO
    json_t *groups = merged_groups(in, names);
    int err = store_put_image(store, in->name, in->revision, image);
    if (err == 0)
        err = store_put_groups(store, in->name, in->revision, groups);
    if (err == 0)
        err = render_and_publish(store, in->image, image, groups, STATUS_SIZE, STAGE_QUEUED);
    return err;
}

static bool is_missing(int err)
{
    return err == ERR_NOTFOUND || err == ERR_UNAUTHORIZED;
}

/* No tag was asked for and there is no `latest`, or the tag asked for is gone or bad: `latest` if
 * it is another one, else the greatest tag that is. */
static int fetch_fallback(struct inspection *in)
{
    const char *failed = in->wanted_tag ? in->wanted_tag : "";
    const char *tag = in->tags.names[in->tags.count - 1];
    for (size_t i = 0; i < in->tags.count; i++)
        if (strcmp(in->tags.names[i], failed) != 0)
            tag = in->tags.names[i];
    for (size_t i = 0; i < in->tags.count; i++)
        if (strcmp(in->tags.names[i], "latest") == 0 && strcmp(failed, "latest") != 0)
            tag = in->tags.names[i];
    (void)snprintf(in->fallback_tag, sizeof(in->fallback_tag), "%s", tag);
    in->wanted_tag = in->fallback_tag;
    return fetch_version(in, tag, false);
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
    registry_tags_start(inspector->registry, in->image, &in->tags);
    if (strcmp(in->image->registry, "docker.io") == 0)
        hub_facts_start(inspector->hub, in->image, &in->hub,
                        loop_now_ms(inspector->loop) + HUB_TIMEOUT_MS);
    else
        in->hub = (struct hub_facts){.done = true, .err = ERR_NOTFOUND};
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

static struct job_result inspect_whole(struct inspection *in)
{
    const struct inspector *inspector = in->inspector;
    int err = store_begin(inspector->store, in->name, true, STAGE_TAGS, &in->revision);
    if (err)
        return job_from_err(err, NULL, 0);
    start_side_requests(in);
    choose_wanted(in);
    err = fetch_version(in, in->wanted_tag ? in->wanted_tag : in->image->digest, false);
    if (err == 0)
        err = publish_first(in);
    if (err)
        return job_from_err(err, NULL, 0);
    loop_run_until(inspector->loop, &in->tags.done, WAIT_FOREVER_MS);
    if (in->tags.count)
        qsort(in->tags.names, in->tags.count, sizeof(char *), compare_names);
    struct job_result result = settle_wanted(in);
    if (result.outcome != JOB_NEXT)
        return result;
    loop_run_until(inspector->loop, &in->hub.done, WAIT_FOREVER_MS);
    err = publish_whole(in);
    return err ? job_from_err(err, NULL, 0) : result;
}

struct job_result inspect(const struct inspector *inspector, const struct message *message)
{
    struct inspection in = {.inspector = inspector, .image = &message->image};
    struct job_result result;
    char digest[DIGEST_BYTES];
    in.name = reference_canonical(&message->image);
    int err = store_get_image(inspector->store, in.name, &in.previous);
    if (err == 0)
        err = store_get_groups(inspector->store, in.name, &in.previous_groups);
    version_to_open(&in, digest);
    if (err && err != ERR_NOTFOUND)
        result = job_from_err(err, NULL, 0);
    else if (*digest)
        result = open_version(&in, digest);
    else
        result = inspect_whole(&in);
    registry_tags_cancel(&in.tags);
    registry_tags_release(&in.tags);
    hub_facts_cancel(&in.hub);
    hub_facts_release(&in.hub);
    json_decref(in.previous);
    json_decref(in.previous_groups);
    free(in.name);
    return result;
}
