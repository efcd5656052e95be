#include "groups.h"

#include <string.h>

#include "jsonx.h"

void groups_init(struct groups *groups)
{
    groups->by_digest = json_object();
    groups->rest = json_array();
}

void groups_release(struct groups *groups)
{
    json_decref(groups->by_digest);
    json_decref(groups->rest);
}

void groups_add(struct groups *groups, const char *digest, const char *tag)
{
    json_t *tags = json_object_get(groups->by_digest, digest);
    if (!tags) {
        tags = json_array();
        json_object_set_new(groups->by_digest, digest, tags);
    }
    if (tag)
        json_array_append_new(tags, json_string(tag));
}

void groups_add_rest(struct groups *groups, const char *tag)
{
    json_array_append_new(groups->rest, json_string(tag));
}

json_t *groups_record(const struct groups *groups, int64_t revision, size_t next)
{
    json_t *versions = json_array();
    const char *digest;
    json_t *tags;
    json_object_foreach(groups->by_digest, digest, tags)
        json_array_append_new(versions, json_pack("{s:s,s:O}", "Digest", digest, "Tags", tags));
    return json_pack("{s:I,s:I,s:o,s:O}", "Revision", (json_int_t)revision, "Next",
                     (json_int_t)next, "Versions", versions, "Rest", groups->rest);
}

json_t *groups_by_tag(const json_t *record)
{
    json_t *by_tag = json_object();
    size_t i;
    json_t *version;
    json_array_foreach(jsonx_array(record, "Versions"), i, version)
    {
        size_t t;
        json_t *tag;
        json_array_foreach(jsonx_array(version, "Tags"), t, tag)
            json_object_set(by_tag, json_string_value(tag), json_object_get(version, "Digest"));
    }
    json_array_foreach(jsonx_array(record, "Rest"), i, version)
        json_object_set_new(by_tag, json_string_value(version), json_string(""));
    return by_tag;
}

int groups_has_version(const json_t *record, const char *digest)
{
    size_t i;
    json_t *version;
    json_array_foreach(jsonx_array(record, "Versions"), i,
                       version) if (strcmp(jsonx_str(version, "Digest"), digest) == 0) return 1;
    return 0;
}
