#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "attached.h"
#include "badge_facts.h"
#include "catalog.h"
#include "clock.h"
#include "digest.h"
#include "document.h"
#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "natural.h"
#include "version_facts.h"
#include "version_sheet.h"

#define ANSWER_MAX_BYTES (256u << 20)
#define SHEETS_MAX_BYTES (8u << 20)
#define STORE_CHUNK 256
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define PAGE_VERSIONS_MAX_BYTES (128u << 10)
#define TURN_VERSIONS 256             /* written between two turns of the loop */
#define VERSIONS_MAX_BYTES (8u << 20) /* more than clients read, and the api joins in time */

/* One version while the document is put together. Borrows digest and tags from the groups. */
struct shown_version {
    const char *digest;
    json_t *tags;          /* array of texts */
    json_t *known;         /* facts or record, NULL if not fetched yet */
    size_t child_count;    /* 0 where not fetched yet */
    const char **children; /* digests, the default first; an image manifest's own */
    const char **platforms;
    json_t *
        *child_facts; /* NULL where not fetched yet; borrowed from known for an image manifest */
    bool owns_child_facts;
    int64_t pushed_ms; /* the last of its tags; 0 if not told */
    int64_t created_ms;
    bool is_latest;
    const char *greatest_tag;
};

struct document {
    const char *name;
    char *shown_name;
    const struct reference *repository;
    struct store *store;
    const json_t *image;
    struct shown_version *versions;
    size_t version_count;
    size_t omitted_count; /* the oldest, left out of the array of versions */
    json_t *rest;         /* tags whose digest is not known yet */
    json_t *attached;     /* attached.h */
    struct store_field *fields;
    size_t field_count, field_alloc;
    size_t sheets_bytes;
    int err;
};

static void add_field(struct document *doc, char *name, const char *value, size_t len)
{
    if (doc->field_count == doc->field_alloc) {
        doc->field_alloc = doc->field_alloc ? doc->field_alloc * 2 : 64;
        doc->fields = xrealloc(doc->fields, doc->field_alloc * sizeof(*doc->fields));
    }
    doc->fields[doc->field_count++] = (struct store_field){name, xmemdup(value, len), len};
}

static void add_fragment(struct document *doc, char *name, const struct strbuf *text)
{
    AUTO(strbuf) struct strbuf packed = STRBUF_INIT(ANSWER_MAX_BYTES);
    fragment_pack(strbuf_str(text), text->len, &packed);
    if (strbuf_err(text) || strbuf_err(&packed))
        doc->err = ERR_TOOBIG;
    add_field(doc, name, strbuf_str(&packed), packed.len);
}

static void add_members(struct document *doc, char *name, const json_t *object)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
    members_text(object, &text);
    add_fragment(doc, name, &text);
}

/* Reading what is known */

static int get_chunked(struct store *store, const char **digests, size_t count, json_t **ret)
{
    for (size_t i = 0; i < count; i += STORE_CHUNK) {
        size_t chunk = count - i < STORE_CHUNK ? count - i : STORE_CHUNK;
        int err = store_get_versions(store, digests + i, chunk, ret + i);
        if (err)
            return err;
    }
    return 0;
}

static const char *greatest_tag(const json_t *tags)
{
    const char *greatest = "";
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (natural_compare(json_string_value(tag), greatest) > 0)
        greatest = json_string_value(tag);
    return greatest;
}

static void children_of_image(struct shown_version *version)
{
    version->child_count = 1;
    version->children = xcalloc(1, sizeof(char *));
    version->platforms = xcalloc(1, sizeof(char *));
    version->child_facts = xcalloc(1, sizeof(json_t *));
    version->children[0] = version->digest;
    version->platforms[0] = jsonx_str(version->known, "Platform");
    version->child_facts[0] = version->known;
}

static void swap_first_child(struct shown_version *version, size_t other)
{
    const char *digest = version->children[0];
    const char *platform = version->platforms[0];
    json_t *facts = version->child_facts[0];
    version->children[0] = version->children[other];
    version->platforms[0] = version->platforms[other];
    version->child_facts[0] = version->child_facts[other];
    version->children[other] = digest;
    version->platforms[other] = platform;
    version->child_facts[other] = facts;
}

/* Where the default image is not to be had (version_fetch.c), one that is stands first; an image
 * tells its platform where the index does not. */
static void settle_children(struct shown_version *version)
{
    size_t shown = 0;
    while (shown < version->child_count && !version->child_facts[shown])
        shown++;
    if (shown > 0 && shown < version->child_count)
        swap_first_child(version, shown);
    for (size_t i = 0; i < version->child_count; i++)
        if (version->child_facts[i] && strcmp(version->platforms[i], "unknown") == 0)
            version->platforms[i] = jsonx_str(version->child_facts[i], "Platform");
}

static int children_of_index(struct store *store, struct shown_version *version)
{
    json_t *children = jsonx_array(version->known, "Children");
    size_t count = json_array_size(children);
    version->child_count = count;
    version->owns_child_facts = true;
    version->children = xcalloc(count, sizeof(char *));
    version->platforms = xcalloc(count, sizeof(char *));
    version->child_facts = xcalloc(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++) {
        version->children[i] = jsonx_str(json_array_get(children, i), "Digest");
        version->platforms[i] = jsonx_str(json_array_get(children, i), "Platform");
    }
    int err = get_chunked(store, version->children, count, version->child_facts);
    settle_children(version);
    return err;
}

static const json_t *shown_facts(const struct shown_version *version)
{
    return version->child_count ? version->child_facts[0] : NULL;
}

static bool has_tag(const json_t *tags, const char *name)
{
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (strcmp(json_string_value(tag), name) == 0) return true;
    return false;
}

/* Builders that leave the date out write one of these instead, and clocks go wrong: a day ahead is
 * no newer version. */
static int64_t created_for_order(const json_t *facts)
{
    static const int64_t dos_epoch_ms = INT64_C(315619200) * 1000; /* 1980-01-02 */
    int64_t created_ms = 0;
    (void)clock_parse(jsonx_str(facts, "Created"), &created_ms);
    bool is_set = created_ms >= dos_epoch_ms && created_ms < clock_ms() + DAY_MS;
    return is_set ? created_ms : 0;
}

static int64_t last_pushed(const json_t *tags, const json_t *pushed)
{
    int64_t last_ms = 0;
    size_t i;
    json_t *tag;
    json_array_foreach(tags, i, tag) if (jsonx_int(pushed, json_string_value(tag)) > last_ms)
        last_ms = jsonx_int(pushed, json_string_value(tag));
    return last_ms;
}

static int complete_version(struct store *store, const json_t *pushed,
                            struct shown_version *version)
{
    int err = 0;
    if (jsonx_array(version->known, "Children"))
        err = children_of_index(store, version);
    else if (version->known)
        children_of_image(version);
    const json_t *facts = shown_facts(version);
    if (facts)
        version->created_ms = created_for_order(facts);
    version->pushed_ms = last_pushed(version->tags, pushed);
    version->is_latest = has_tag(version->tags, "latest");
    version->greatest_tag = greatest_tag(version->tags);
    return err;
}

/* Latest first, then by the newest push, then by the newest creation; what has no date comes after,
 * by its greatest tag. */
static int version_order(const void *left, const void *right)
{
    const struct shown_version *a = left;
    const struct shown_version *b = right;
    if (a->is_latest != b->is_latest)
        return a->is_latest ? -1 : 1;
    if (a->pushed_ms != b->pushed_ms)
        return a->pushed_ms > b->pushed_ms ? -1 : 1;
    if (a->created_ms != b->created_ms)
        return a->created_ms > b->created_ms ? -1 : 1;
    return natural_compare(b->greatest_tag, a->greatest_tag);
}

static int read_versions(struct store *store, const json_t *groups, struct document *doc)
{
    json_t *list = jsonx_array(groups, "Versions");
    size_t count = json_array_size(list);
    doc->versions = xcalloc(count, sizeof(*doc->versions));
    doc->version_count = count;
    doc->rest = jsonx_array(groups, "Rest");
    AUTO(free) const char **digests = xcalloc(count, sizeof(char *));
    AUTO(free) json_t **known = xcalloc(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++) {
        doc->versions[i].digest = digests[i] = jsonx_str(json_array_get(list, i), "Digest");
        doc->versions[i].tags = jsonx_array(json_array_get(list, i), "Tags");
    }
    int err = get_chunked(store, digests, count, known);
    for (size_t i = 0; i < count; i++)
        doc->versions[i].known = known[i];
    for (size_t i = 0; i < count && err == 0; i++)
        err = complete_version(store, jsonx_object(doc->image, "Pushed"), &doc->versions[i]);
    if (err == 0)
        qsort(doc->versions, count, sizeof(*doc->versions), version_order);
    return err;
}

/* Writing the pieces */

static json_t *tag_objects(const struct document *doc, const json_t *tags)
{
    const json_t *pushed = jsonx_object(doc->image, "Pushed");
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
static const char *longest_tag(const json_t *tags)
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

static void add_entry(const struct document *doc, const char *digest, const json_t *tags,
                      const struct shown_version *version, struct strbuf *out)
{
    JSON_AUTO
    json_t *entry = json_object();
    json_object_set_new(entry, "SHA", json_string(digest_hex(digest)));
    json_object_set_new(entry, "Tags", tag_objects(doc, tags));
    json_object_set_new(entry, "ImageName", json_string(doc->shown_name));
    version_facts_entry(version ? shown_facts(version) : NULL, entry);
    if (version && shown_facts(version))
        version_sheet_annotated(version->known, shown_facts(version), entry);
    int64_t told_bytes = jsonx_int(jsonx_object(doc->image, "Sizes"), digest);
    if (told_bytes && version && !shown_facts(version))
        json_object_set_new(entry, "DownloadSize", json_integer(told_bytes));
    json_object_set_new(entry, "Digest", json_string(digest));
    if (version && version->known) {
        json_object_set_new(entry, "MediaType",
                            json_string(jsonx_str(version->known, "MediaType")));
        json_object_set_new(entry, "Platforms", platform_objects(version));
    }
    AUTO(free) char *text = jsonx_dump(entry);
    if (out->len > 1)
        strbuf_addc(out, ',');
    strbuf_adds(out, text);
}

static void turn_at(const struct document *doc, size_t i)
{
    if (i % TURN_VERSIONS == TURN_VERSIONS - 1)
        store_turn(doc->store);
}

/* Versions that are left out of the array have their own answers all the same. */
static void add_versions(struct document *doc)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
    strbuf_addc(&text, '[');
    for (size_t i = 0; i < doc->version_count; i++) {
        turn_at(doc, i);
        add_entry(doc, doc->versions[i].digest, doc->versions[i].tags, &doc->versions[i], &text);
        doc->omitted_count = doc->version_count - 1 - i;
        if (text.len > VERSIONS_MAX_BYTES)
            break;
    }
    if (json_array_size(doc->rest) && text.len <= VERSIONS_MAX_BYTES)
        add_entry(doc, "", doc->rest, NULL, &text);
    strbuf_addc(&text, ']');
    add_fragment(doc, xstrdup("versions"), &text);
}

/* A page shows the first ones only, and the api parses what it shows. */
static void add_page_versions(struct document *doc)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
    size_t whole = 1; /* where the last entry that fits ends */
    strbuf_addc(&text, '[');
    for (size_t i = 0; i < doc->version_count && i < DOCUMENT_PAGE_VERSIONS; i++) {
        add_entry(doc, doc->versions[i].digest, doc->versions[i].tags, &doc->versions[i], &text);
        if (text.len > PAGE_VERSIONS_MAX_BYTES)
            break;
        whole = text.len;
    }
    if (json_array_size(doc->rest) && text.len == whole)
        add_entry(doc, "", doc->rest, NULL, &text);
    if (text.len <= PAGE_VERSIONS_MAX_BYTES)
        whole = text.len;
    text.len = whole;
    strbuf_addc(&text, ']');
    add_fragment(doc, xstrdup("page-versions"), &text);
}

static void add_head(struct document *doc)
{
    const json_t *hub = jsonx_object(doc->image, "Hub");
    const char *last_updated = jsonx_str(hub, "LastUpdated");
    char updated[CLOCK_TEXT_BYTES];
    clock_format(jsonx_int(doc->image, "InspectedMs"), updated);
    JSON_AUTO
    json_t *head = json_object();
    const char *latest = doc->version_count ? digest_hex(doc->versions[0].digest) : "";
    json_object_set_new(head, "LatestSHA", json_string(latest));
    json_object_set_new(head, "UpdatedAt", json_string(updated));
    if (*jsonx_str(hub, "Description"))
        json_object_set_new(head, "Description", json_string(jsonx_str(hub, "Description")));
    json_object_set_new(head, "LastUpdated",
                        json_string(*last_updated ? last_updated : "0001-01-01T00:00:00Z"));
    json_object_set_new(head, "PullCount", json_integer(jsonx_int(hub, "PullCount")));
    json_object_set_new(head, "StarCount", json_integer(jsonx_int(hub, "StarCount")));
    json_object_set_new(head, "ImageName", json_string(doc->shown_name));
    if (strcmp(doc->repository->registry, "docker.io") == 0)
        json_object_set_new(head, "ImageURL",
                            json_sprintf("https://hub.docker.com/r/%s/", doc->repository->path));
    if (doc->omitted_count)
        json_object_set_new(head, "VersionsOmitted", json_integer((json_int_t)doc->omitted_count));
    json_object_set_new(head, "Registry", json_string(doc->repository->registry));
    add_members(doc, xstrdup("head"), head);
}

static void add_shared(struct document *doc, const struct shown_version *version)
{
    JSON_AUTO
    json_t *shared = json_object();
    json_object_set_new(shared, "Id", json_string(digest_hex(version->digest)));
    json_object_set_new(shared, "SHA", json_string(digest_hex(version->digest)));
    json_object_set_new(shared, "Digest", json_string(version->digest));
    if (version->known) {
        json_object_set_new(shared, "MediaType",
                            json_string(jsonx_str(version->known, "MediaType")));
        json_object_set_new(shared, "Platforms", platform_objects(version));
        json_t *attachments = attached_list(doc->attached, version->known);
        if (attachments)
            json_object_set_new(shared, "Attachments", attachments);
    }
    json_object_set_new(shared, "LatestVersion", json_string(longest_tag(version->tags)));
    add_members(doc, xasprintf("p:%s", version->digest), shared);
}

static void add_recorded(struct document *doc, const struct shown_version *version)
{
    AUTO(free) char *image = NULL;
    AUTO(free) char *dockerfile = NULL;
    int err = attached_dockerfile(doc->store, doc->attached, version->digest, &image, &dockerfile);
    if (err == 0) {
        AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
        strbuf_adds(&text, dockerfile);
        add_fragment(doc, xasprintf("d:%s %s", version->digest, image), &text);
    } else if (err != ERR_NOTFOUND) {
        doc->err = err;
    }
}

static void add_tags(struct document *doc, const struct shown_version *version)
{
    JSON_AUTO
    json_t *tags = json_object();
    json_object_set_new(tags, "Tags", tag_objects(doc, version->tags));
    json_object_set_new(tags, "ImageName", json_string(doc->shown_name));
    add_members(doc, xasprintf("g:%s", version->digest), tags);
    size_t i;
    json_t *tag;
    json_array_foreach(version->tags, i, tag) add_field(
        doc, xasprintf("t:%s", json_string_value(tag)), version->digest, strlen(version->digest));
}

static void add_badge(struct document *doc)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_repository(jsonx_object(doc->image, "Hub"), &lines);
    add_field(doc, xstrdup("badge"), strbuf_str(&lines), lines.len);
}

static void add_version_badge(struct document *doc, const struct shown_version *version)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_version(longest_tag(version->tags), &lines);
    add_field(doc, xasprintf("b:%s", version->digest), strbuf_str(&lines), lines.len);
}

static void add_children(struct document *doc, const struct shown_version *version)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(1 << 20);
    for (size_t i = 0; i < version->child_count; i++) {
        strbuf_addf(&lines, "%s %s\n", version->platforms[i], version->children[i]);
        if (strcmp(version->children[i], version->digest) != 0)
            add_field(doc, xasprintf("c:%s", version->children[i]), version->digest,
                      strlen(version->digest));
    }
    add_field(doc, xasprintf("v:%s", version->digest), strbuf_str(&lines), lines.len);
}

/* Versions come latest first: where all sheets together are too much, it is the oldest that have
 * none. */
static void add_sheets(struct document *doc, const struct shown_version *version)
{
    for (size_t i = 0; i < version->child_count; i++) {
        if (!version->child_facts[i] || doc->sheets_bytes > SHEETS_MAX_BYTES)
            continue;
        JSON_AUTO
        json_t *members = version_sheet_members(version->known, version->child_facts[i], NULL);
        add_members(doc, xasprintf("m:%s %s", version->digest, version->children[i]), members);
        doc->sheets_bytes += doc->fields[doc->field_count - 1].value_bytes;
    }
}

static void add_meta(struct document *doc)
{
    AUTO(free)
    char *meta = xasprintf("%lld\n%lld\n%s\n", (long long)jsonx_int(doc->image, "Revision"),
                           (long long)jsonx_int(doc->image, "InspectedMs"),
                           doc->version_count ? doc->versions[0].digest : "");
    add_field(doc, xstrdup("meta"), meta, strlen(meta));
}

static void add_all(struct document *doc)
{
    add_meta(doc);
    add_badge(doc);
    add_versions(doc);
    add_page_versions(doc);
    add_head(doc);
    for (size_t i = 0; i < doc->version_count; i++) {
        turn_at(doc, i);
        add_shared(doc, &doc->versions[i]);
        add_tags(doc, &doc->versions[i]);
        add_children(doc, &doc->versions[i]);
        add_version_badge(doc, &doc->versions[i]);
        add_sheets(doc, &doc->versions[i]);
        add_recorded(doc, &doc->versions[i]);
    }
    size_t i;
    json_t *tag;
    json_array_foreach(doc->rest, i, tag)
        add_field(doc, xasprintf("t:%s", json_string_value(tag)), "", 0);
}

static void document_release(struct document *doc)
{
    for (size_t i = 0; i < doc->version_count; i++) {
        struct shown_version *version = &doc->versions[i];
        for (size_t c = 0; version->owns_child_facts && c < version->child_count; c++)
            json_decref(version->child_facts[c]);
        json_decref(version->known);
        free(version->children);
        free(version->platforms);
        free(version->child_facts);
    }
    for (size_t i = 0; i < doc->field_count; i++) {
        free(doc->fields[i].name);
        free(doc->fields[i].value);
    }
    json_decref(doc->attached);
    free(doc->versions);
    free(doc->fields);
    free(doc->shown_name);
}

static bool has_label_schema(const json_t *facts)
{
    const char *key;
    json_t *value;
    json_object_foreach(jsonx_object(facts, "Labels"), key, value)
    {
        if (strncmp(key, "org.label-schema.", 17) == 0)
            return true;
    }
    return false;
}

static void list_image(struct store *store, const struct document *doc)
{
    const json_t *hub = jsonx_object(doc->image, "Hub");
    const struct catalog_entry entry = {
        .name = doc->name,
        .inspected_ms = jsonx_int(doc->image, "InspectedMs"),
        .pulls = jsonx_int(hub, "PullCount"),
        .badges = jsonx_int(hub, "BadgeCount"),
        .has_label_schema = doc->version_count && has_label_schema(shown_facts(&doc->versions[0])),
    };
    store_list(store, &entry);
}

int render_and_publish(struct store *store, const struct reference *repository, const json_t *image,
                       const json_t *groups, enum image_status status, enum image_stage stage)
{
    AUTO(free) char *name = reference_canonical(repository);
    struct document doc = {.name = name,
                           .shown_name = reference_shown(repository),
                           .repository = repository,
                           .store = store,
                           .image = image};
    int err = read_versions(store, groups, &doc);
    if (err == 0)
        err = attached_read(store, name, &doc.attached);
    if (err == 0) {
        add_all(&doc);
        err = doc.err;
    }
    if (err == 0)
        err = store_publish(store, name, jsonx_int(image, "Revision"), doc.fields, doc.field_count,
                            status, stage);
    if (err == 0 && (status == STATUS_SIZE || status == STATUS_INSPECTED))
        list_image(store, &doc);
    document_release(&doc);
    return err;
}
