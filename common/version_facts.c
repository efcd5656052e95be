#include "version_facts.h"

#include <stdbool.h>
#include <string.h>

#include "fragment.h"
#include "jsonx.h"
#include "mem.h"

/* What is done where there is nothing: left out, or what stands in. v1 left out a 0 where it left
 * out anything (Go's omitempty). */
struct member {
    const char *key;
    enum { OMIT, EMPTY_TEXT, ZERO, NO_TIME } otherwise;
};

static const struct member entry_members[] = {
    {"Author", EMPTY_TEXT},   {"Labels", OMIT},       {"LayerCount", ZERO},
    {"DownloadSize", ZERO},   {"Created", NO_TIME},   {"License", OMIT},
    {"VersionControl", OMIT}, {"ArtifactType", OMIT}, {"Unreadable", OMIT},
};

static const struct member version_members[] = {
    {"Author", EMPTY_TEXT}, {"Labels", OMIT},       {"LayerCount", ZERO},
    {"DownloadSize", ZERO}, {"Created", NO_TIME},   {"Platform", OMIT},
    {"Annotations", OMIT},  {"License", OMIT},      {"VersionControl", OMIT},
    {"ArtifactType", OMIT}, {"ConfigDigest", OMIT}, {"Config", OMIT},
    {"Unreadable", OMIT},
};

static const struct member top_members[] = {
    {"Author", OMIT},         {"LayerCount", OMIT},   {"DownloadSize", OMIT}, {"Labels", OMIT},
    {"Created", NO_TIME},     {"Platform", OMIT},     {"Annotations", OMIT},  {"License", OMIT},
    {"VersionControl", OMIT}, {"ArtifactType", OMIT}, {"Unreadable", OMIT},
};

static void copy_member(const json_t *facts, const struct member *member, json_t *object)
{
    json_t *value = json_object_get(facts, member->key);
    bool is_zero = json_is_integer(value) && json_integer_value(value) == 0;
    if (value && !(is_zero && member->otherwise == OMIT))
        json_object_set(object, member->key, value);
    else if (member->otherwise == EMPTY_TEXT)
        json_object_set_new(object, member->key, json_string(""));
    else if (member->otherwise == ZERO)
        json_object_set_new(object, member->key, json_integer(0));
    else if (member->otherwise == NO_TIME)
        json_object_set_new(object, member->key, json_string("0001-01-01T00:00:00Z"));
}

void members_text(const json_t *object, struct strbuf *out)
{
    AUTO(free) char *text = jsonx_dump(object);
    size_t len = strlen(text);
    if (len > 2)
        strbuf_add(out, text + 1, len - 2);
}

static void pack_members(const json_t *facts, const struct member *members, size_t count,
                         struct strbuf *out)
{
    JSON_AUTO
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        copy_member(facts, &members[i], object);
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    members_text(object, &text);
    fragment_pack(strbuf_str(&text), text.len, out);
}

void version_facts_top(const json_t *facts, struct strbuf *out)
{
    pack_members(facts, top_members, ARRAY_LEN(top_members), out);
}

void version_facts_version(const json_t *facts, struct strbuf *out)
{
    pack_members(facts, version_members, ARRAY_LEN(version_members), out);
}

void version_facts_layers(const json_t *layers, struct strbuf *out)
{
    AUTO(free) char *list = jsonx_dump(layers);
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    strbuf_adds(&text, "\"Layers\":");
    strbuf_adds(&text, list);
    fragment_pack(strbuf_str(&text), text.len, out);
}

void version_facts_entry(const json_t *facts, json_t *entry)
{
    for (size_t i = 0; i < ARRAY_LEN(entry_members); i++)
        copy_member(facts, &entry_members[i], entry);
    if (!facts)
        json_object_set_new(entry, "Pending", json_true());
}

json_t *version_facts_platform(const char *platform, const char *digest, const json_t *facts)
{
    json_t *object = json_object();
    json_object_set_new(object, "Platform", json_string(platform));
    json_object_set_new(object, "Digest", json_string(digest));
    json_object_set_new(object, "DownloadSize", json_integer(jsonx_int(facts, "DownloadSize")));
    json_object_set_new(object, "LayerCount", json_integer(jsonx_int(facts, "LayerCount")));
    if (!facts)
        json_object_set_new(object, "Pending", json_true());
    return object;
}
