#include "document_members.h"

#include <string.h>

#include "attached.h"
#include "clock.h"
#include "digest.h"
#include "jsonx.h"
#include "mem.h"
#include "natural.h"
#include "version_facts.h"
#include "version_sheet.h"

static json_t *tag_objects(const struct document_facts *facts, const json_t *tags)
{
    const json_t *pushed = jsonx_object(facts->image, "Pushed");
    json_t *objects = json_array();
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        json_t *object = json_pack("{s:O}", "tag", tag);
        int64_t pushed_ms = jsonx_int(pushed, json_string_value(tag));
        char text[CLOCK_TEXT_BYTES];
        clock_format(pushed_ms, text);
        if (pushed_ms)
            json_object_set_new(object, "PushedAt", json_string(text));
        json_array_append_new(objects, object);
    }
    return objects;
}

/* Windows images differ by OSVersion where their platform is the same. */
static const char *os_version_of(const struct shown_version *version, const char *digest)
{
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(version->known, "Children"), i,
                       child) if (strcmp(jsonx_str(child, "Digest"), digest) ==
                                  0) return jsonx_str(child, "OSVersion");
    return "";
}

static json_t *platform_objects(const struct shown_version *version)
{
    json_t *platforms = json_array();
    for (size_t i = 0; i < version->child_count; i++) {
        json_t *platform = version_facts_platform(version->platforms[i], version->children[i],
                                                  version->child_facts[i]);
        const char *os_version = os_version_of(version, version->children[i]);
        if (*os_version)
            json_object_set_new(platform, "OSVersion", json_string(os_version));
        json_array_append_new(platforms, platform);
    }
    return platforms;
}

/* v1's rule: the longest tag, `latest` only where it is alone. */
const char *document_longest_tag(const json_t *tags)
{
    const char *longest = "";
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag)
    {
        const char *text = json_string_value(tag);
        if (strcmp(text, "latest") == 0)
            continue;
        size_t len = strlen(text);
        size_t best = strlen(longest);
        if (len > best || (len == best && natural_compare(text, longest) > 0))
            longest = text;
    }
    return *longest ? longest : (json_array_size(tags) ? "latest" : "");
}

json_t *document_entry(const struct document_facts *facts, const struct shown_version *version)
{
    json_t *entry = json_object();
    const json_t *shown = shown_facts(version);
    json_object_set_new(entry, "SHA", json_string(digest_hex(version->digest)));
    json_object_set_new(entry, "Tags", tag_objects(facts, version->tags));
    json_object_set_new(entry, "ImageName", json_string(facts->shown_name));
    version_facts_entry(shown, entry);
    if (shown)
        version_sheet_annotated(version->known, shown, entry);
    int64_t told_bytes = jsonx_int(jsonx_object(facts->image, "Sizes"), version->digest);
    if (told_bytes && !shown)
        json_object_set_new(entry, "DownloadSize", json_integer(told_bytes));
    json_object_set_new(entry, "Digest", json_string(version->digest));
    if (version->known) {
        json_object_set_new(entry, "MediaType",
                            json_string(jsonx_str(version->known, "MediaType")));
        json_object_set_new(entry, "Platforms", platform_objects(version));
    }
    return entry;
}

json_t *document_head(const struct document_facts *facts, const char *latest_digest,
                      size_t omitted_count)
{
    const json_t *hub = jsonx_object(facts->image, "Hub");
    const char *last_updated = jsonx_str(hub, "LastUpdated");
    char updated[CLOCK_TEXT_BYTES];
    clock_format(jsonx_int(facts->image, "InspectedMs"), updated);
    json_t *head = json_object();
    json_object_set_new(head, "LatestSHA", json_string(digest_hex(latest_digest)));
    json_object_set_new(head, "UpdatedAt", json_string(updated));
    if (*jsonx_str(hub, "Description"))
        json_object_set_new(head, "Description", json_string(jsonx_str(hub, "Description")));
    json_object_set_new(head, "LastUpdated",
                        json_string(*last_updated ? last_updated : "0001-01-01T00:00:00Z"));
    json_object_set_new(head, "PullCount", json_integer(jsonx_int(hub, "PullCount")));
    json_object_set_new(head, "StarCount", json_integer(jsonx_int(hub, "StarCount")));
    json_object_set_new(head, "ImageName", json_string(facts->shown_name));
    if (strcmp(facts->repository->registry, "docker.io") == 0)
        json_object_set_new(head, "ImageURL",
                            json_sprintf("https://hub.docker.com/r/%s/", facts->repository->path));
    if (omitted_count)
        json_object_set_new(head, "VersionsOmitted", json_integer((json_int_t)omitted_count));
    json_object_set_new(head, "Registry", json_string(facts->repository->registry));
    return head;
}

json_t *document_shared(const struct document_facts *facts, const struct shown_version *version)
{
    json_t *shared = json_object();
    json_object_set_new(shared, "Id", json_string(digest_hex(version->digest)));
    json_object_set_new(shared, "SHA", json_string(digest_hex(version->digest)));
    json_object_set_new(shared, "Digest", json_string(version->digest));
    if (version->known) {
        json_object_set_new(shared, "MediaType",
                            json_string(jsonx_str(version->known, "MediaType")));
        json_object_set_new(shared, "Platforms", platform_objects(version));
        json_t *attachments = attached_list(facts->attached, version->known);
        if (attachments)
            json_object_set_new(shared, "Attachments", attachments);
    }
    json_object_set_new(shared, "LatestVersion", json_string(document_longest_tag(version->tags)));
    return shared;
}

json_t *document_tags(const struct document_facts *facts, const struct shown_version *version)
{
    json_t *tags = json_object();
    json_object_set_new(tags, "Tags", tag_objects(facts, version->tags));
    json_object_set_new(tags, "ImageName", json_string(facts->shown_name));
    return tags;
}
