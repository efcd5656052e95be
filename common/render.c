#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "attached.h"
#include "badge_facts.h"
#include "base_labels.h"
#include "catalog.h"
#include "document.h"
#include "document_members.h"
#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "shown_versions.h"
#include "version_facts.h"
#include "version_sheet.h"

#define ANSWER_MAX_BYTES (256u << 20)
#define SHEETS_MAX_BYTES (8u << 20)
#define PAGE_VERSIONS_MAX_BYTES (96u << 10) /* so that they and the layers fit a page */
#define PAGE_REST_TAGS 200
#define TURN_VERSIONS 256             /* written between two turns of the loop */
#define VERSIONS_MAX_BYTES (8u << 20) /* more than clients read, and the api joins in time */

struct document {
    const char *name; /* canonical */
    struct store *store;
    struct document_facts facts;
    struct shown_versions versions;
    json_t *rest;         /* tags whose digest is not known yet; borrowed */
    json_t *attached;     /* which facts borrows */
    json_t *base_labels;  /* base_labels.h */
    size_t omitted_count; /* the oldest, left out of the array of versions */
    struct store_field *fields;
    size_t field_count, field_alloc;
    size_t sheets_bytes;
    int err; /* what stands in the way of publishing it */
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

static void turn_at(const struct document *doc, size_t i)
{
    if (i % TURN_VERSIONS == TURN_VERSIONS - 1)
        store_turn(doc->store);
}

static void append(const json_t *entry, struct strbuf *out)
{
    AUTO(free) char *text = jsonx_dump(entry);
    if (out->len > 1)
        strbuf_addc(out, ',');
    strbuf_adds(out, text);
}

static void add_entry(struct document *doc, const struct shown_version *version, struct strbuf *out)
{
    JSON_AUTO
    json_t *entry = document_entry(&doc->facts, version);
    append(entry, out);
}

/* Versions that are left out of the array have their own answers all the same. */
static void add_versions(struct document *doc)
{
    const struct shown_version rest = {.digest = "", .tags = doc->rest};
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
    strbuf_addc(&text, '[');
    for (size_t i = 0; i < doc->versions.count; i++) {
        turn_at(doc, i);
        add_entry(doc, &doc->versions.rows[i], &text);
        doc->omitted_count = doc->versions.count - 1 - i;
        if (text.len > VERSIONS_MAX_BYTES)
            break;
    }
    if (json_array_size(doc->rest) && text.len <= VERSIONS_MAX_BYTES)
        add_entry(doc, &rest, &text);
    strbuf_addc(&text, ']');
    add_fragment(doc, xstrdup("versions"), &text);
}

/* What a page's table of versions does not show is left out: the api parses all of it. */
static void add_page_entry(struct document *doc, const struct shown_version *version,
                           struct strbuf *out)
{
    static const char *const unseen[] = {"Author",         "ImageName",    "Labels",    "License",
                                         "VersionControl", "ArtifactType", "Unreadable"};
    JSON_AUTO
    json_t *entry = document_entry(&doc->facts, version);
    for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
        json_object_del(entry, unseen[i]);
    append(entry, out);
}

/* Tags whose version is not known yet. */
static void add_page_rest(struct document *doc, struct strbuf *out)
{
    JSON_AUTO
    json_t *tags = json_array();
    size_t i;
    json_t *tag;
    json_array_foreach(doc->rest, i, tag) if (i < PAGE_REST_TAGS) json_array_append(tags, tag);
    const struct shown_version rest = {.digest = "", .tags = tags};
    if (json_array_size(tags))
        add_page_entry(doc, &rest, out);
}

/* A page shows the first ones only. */
static void add_page_versions(struct document *doc)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(ANSWER_MAX_BYTES);
    strbuf_addc(&text, '[');
    for (size_t i = 0; i < doc->versions.count && i < DOCUMENT_PAGE_VERSIONS; i++) {
        size_t before = text.len;
        add_page_entry(doc, &doc->versions.rows[i], &text);
        if (text.len <= PAGE_VERSIONS_MAX_BYTES)
            continue;
        text.len = before;
        break;
    }
    add_page_rest(doc, &text);
    strbuf_addc(&text, ']');
    add_fragment(doc, xstrdup("page-versions"), &text);
}

static const char *latest_digest(const struct document *doc)
{
    return doc->versions.count ? doc->versions.rows[0].digest : "";
}

static void add_head(struct document *doc)
{
    JSON_AUTO
    json_t *head = document_head(&doc->facts, latest_digest(doc), doc->omitted_count);
    add_members(doc, xstrdup("head"), head);
}

static void add_shared(struct document *doc, const struct shown_version *version)
{
    JSON_AUTO
    json_t *shared = document_shared(&doc->facts, version);
    add_members(doc, xasprintf("p:%s", version->digest), shared);
}

static void add_tags(struct document *doc, const struct shown_version *version)
{
    JSON_AUTO
    json_t *tags = document_tags(&doc->facts, version);
    add_members(doc, xasprintf("g:%s", version->digest), tags);
    size_t i;
    json_t *tag;
    json_array_foreach(version->tags, i, tag) add_field(
        doc, xasprintf("t:%s", json_string_value(tag)), version->digest, strlen(version->digest));
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

static void add_badge(struct document *doc)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_repository(jsonx_object(doc->facts.image, "Hub"), &lines);
    add_field(doc, xstrdup("badge"), strbuf_str(&lines), lines.len);
}

static void add_version_badge(struct document *doc, const struct shown_version *version)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_version(document_longest_tag(version->tags), &lines);
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

static bool has_facts(const struct shown_version *version)
{
    for (size_t i = 0; i < version->child_count; i++)
        if (version->child_facts[i])
            return true;
    return false;
}

/* Versions come latest first: where all sheets together are too much, it is the oldest that have
 * none. */
static void add_sheets(struct document *doc, const struct shown_version *version)
{
    if (!has_facts(version) || doc->sheets_bytes > SHEETS_MAX_BYTES)
        return;
    AUTO(free) const json_t **labels = xcalloc(version->child_count, sizeof(json_t *));
    int err = base_labels_read(doc->store, doc->name, version->digest, version->children,
                               version->child_count, doc->base_labels, labels);
    if (err)
        doc->err = err;
    for (size_t i = 0; i < version->child_count; i++) {
        if (!version->child_facts[i] || doc->sheets_bytes > SHEETS_MAX_BYTES)
            continue;
        JSON_AUTO
        json_t *members = version_sheet_members(version->known, version->child_facts[i], labels[i]);
        add_members(doc, xasprintf("m:%s %s", version->digest, version->children[i]), members);
        doc->sheets_bytes += doc->fields[doc->field_count - 1].value_bytes;
    }
}

static void add_meta(struct document *doc)
{
    const json_t *image = doc->facts.image;
    AUTO(free)
    char *meta = xasprintf("%lld\n%lld\n%s\n", (long long)jsonx_int(image, "Revision"),
                           (long long)jsonx_int(image, "InspectedMs"), latest_digest(doc));
    add_field(doc, xstrdup("meta"), meta, strlen(meta));
}

static void add_all(struct document *doc)
{
    add_meta(doc);
    add_badge(doc);
    add_versions(doc);
    add_page_versions(doc);
    add_head(doc);
    for (size_t i = 0; i < doc->versions.count; i++) {
        const struct shown_version *version = &doc->versions.rows[i];
        turn_at(doc, i);
        add_shared(doc, version);
        add_tags(doc, version);
        add_children(doc, version);
        add_version_badge(doc, version);
        add_sheets(doc, version);
        add_recorded(doc, version);
    }
    size_t i;
    json_t *tag;
    json_array_foreach(doc->rest, i, tag)
        add_field(doc, xasprintf("t:%s", json_string_value(tag)), "", 0);
}

static void document_release(struct document *doc)
{
    for (size_t i = 0; i < doc->field_count; i++) {
        free(doc->fields[i].name);
        free(doc->fields[i].value);
    }
    free(doc->fields);
    shown_versions_release(&doc->versions);
    json_decref(doc->attached);
    json_decref(doc->base_labels);
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
    const json_t *hub = jsonx_object(doc->facts.image, "Hub");
    const struct catalog_entry entry = {
        .name = doc->name,
        .inspected_ms = jsonx_int(doc->facts.image, "InspectedMs"),
        .pulls = jsonx_int(hub, "PullCount"),
        .badges = jsonx_int(hub, "BadgeCount"),
        .has_label_schema =
            doc->versions.count && has_label_schema(shown_facts(&doc->versions.rows[0])),
    };
    store_list(store, &entry);
}

static int write_all(struct document *doc, const json_t *groups)
{
    doc->rest = jsonx_array(groups, "Rest");
    doc->base_labels = json_object();
    int err = shown_versions_read(doc->store, doc->facts.image, groups, &doc->versions);
    if (err == 0)
        err = attached_read(doc->store, doc->name, &doc->attached);
    if (err)
        return err;
    doc->facts.attached = doc->attached;
    add_all(doc);
    return doc->err;
}

int render_and_publish(struct store *store, const struct reference *repository, const json_t *image,
                       const json_t *groups, enum image_status status, enum image_stage stage)
{
    AUTO(free) char *name = reference_canonical(repository);
    AUTO(free) char *shown_name = reference_shown(repository);
    struct document doc = {
        .name = name,
        .store = store,
        .facts = {.repository = repository, .shown_name = shown_name, .image = image},
    };
    int err = write_all(&doc, groups);
    if (err == 0)
        err = store_publish(store, name, jsonx_int(image, "Revision"), doc.fields, doc.field_count,
                            status, stage);
    if (err == 0 && (status == STATUS_SIZE || status == STATUS_INSPECTED))
        list_image(store, &doc);
    document_release(&doc);
    return err;
}
