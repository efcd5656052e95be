#include "document_memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "hashes.h"
#include "mem.h"
#include "redis_keys.h"
#include "store_memory.h"

/* One reading under way. */
struct reading {
    const struct hashes *hashes;
    const struct document_query *query;
    struct document_in_memory *document;
    struct document_view *view; /* the document's */
    char *key;
    int err;
};

/* NULL where the field is absent. */
static const char *get(const struct reading *reading, const char *prefix, const char *name)
{
    AUTO(free) char *field = xasprintf("%s%s", prefix, name);
    return hashes_get(reading->hashes, reading->key, field, NULL);
}

/* False where there is no such fragment. */
static bool take(struct reading *reading, const char *key, const char *field,
                 struct fragment *ret_fragment)
{
    size_t len = 0;
    const char *data = hashes_get(reading->hashes, key, field, &len);
    if (data && len && fragment_unpack(data, len, ret_fragment) != 0)
        reading->err = ERR_PROTO;
    return data != NULL;
}

/* The same from the document. */
static bool take_own(struct reading *reading, const char *prefix, const char *name,
                     struct fragment *ret_fragment)
{
    AUTO(free) char *field = xasprintf("%s%s", prefix, name);
    return take(reading, reading->key, field, ret_fragment);
}

static void keep_digest(char ret_digest[DIGEST_BYTES], const char *text, size_t len)
{
    (void)snprintf(ret_digest, DIGEST_BYTES, "%.*s", (int)len, text);
}

static void read_meta(struct reading *reading, const char *meta)
{
    char *rest = NULL;
    reading->view->revision = strtoll(meta, &rest, 10);
    reading->view->inspected_ms = strtoll(rest, &rest, 10);
    if (*rest)
        keep_digest(reading->document->digest, rest + 1, strcspn(rest + 1, "\n"));
}

/* Of a tag or digest that is asked for; else the latest one, which meta has told. False where there
 * is no such version; "" is one that is not known yet. */
static bool choose_version(struct reading *reading)
{
    const struct document_query *query = reading->query;
    const char *digest = NULL;
    if (query->digest && !get(reading, "v:", query->digest)) {
        digest = get(reading, "c:", query->digest);
        if (digest)
            keep_digest(reading->document->child_digest, query->digest, strlen(query->digest));
    } else {
        digest = query->digest ? query->digest
                 : query->tag  ? get(reading, "t:", query->tag)
                               : reading->document->digest;
    }
    /* In place where it is the latest one. */
    if (digest && digest != reading->document->digest)
        keep_digest(reading->document->digest, digest, strlen(digest));
    return digest != NULL;
}

/* A platform stands for its variants where it is none itself. "linux/arm64/v8" is kept as
 * "linux/arm64" (manifest.h). */
static bool is_platform(const char *line, size_t len, const char *wanted, bool *ret_is_exact)
{
    size_t wanted_len = strlen(wanted);
    if (wanted_len > 9 && strcmp(wanted + wanted_len - 9, "/arm64/v8") == 0)
        wanted_len -= 3;
    *ret_is_exact = len == wanted_len && strncmp(line, wanted, len) == 0;
    bool is_variant =
        len > wanted_len && line[wanted_len] == '/' && strncmp(line, wanted, wanted_len) == 0;
    return *ret_is_exact || is_variant;
}

/* Lines are "platform digest"; platforms are foreign text and may have spaces. */
static void choose_child(struct reading *reading)
{
    char *child = reading->document->child_digest;
    const char *wanted = reading->query->platform;
    for (const char *line = reading->view->platforms; *line; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");
        const char *space = memrchr(line, ' ', len);
        bool is_exact = true;
        if (!space)
            continue;
        if (wanted && !is_platform(line, (size_t)(space - line), wanted, &is_exact))
            continue;
        if (is_exact || !*child)
            keep_digest(child, space + 1, (size_t)(line + len - space - 1));
        if (is_exact)
            return;
    }
}

/* Where a version's facts are. */
struct sources {
    char *version; /* keys */
    char *relations;
    char *own; /* "version child", as in the document's fields */
    char *at;  /* "name version", of relations that hold for this place only */
};

/* Of the relations; what holds for this place goes first. */
static bool take_related(struct reading *reading, const struct sources *from, const char *field,
                         struct fragment *ret_fragment)
{
    AUTO(free) char *here = xasprintf("%s %s", field, from->at);
    return take(reading, from->relations, here, ret_fragment) ||
           take(reading, from->relations, field, ret_fragment);
}

/* The one that provenance carries, one that relations have put together, or the plain one. */
static enum document_find take_dockerfile(struct reading *reading, const struct sources *from)
{
    struct fragment plain = {0};
    struct fragment *text = &reading->view->facts;
    if (!take(reading, from->version, "dockerfile", &plain))
        return DOCUMENT_PENDING;
    if (!take_own(reading, "d:", from->own, text) &&
        !take_related(reading, from, "dockerfile", text))
        *text = plain;
    return DOCUMENT_FOUND;
}

static enum document_find take_members(struct reading *reading, const struct sources *from)
{
    struct document_view *view = reading->view;
    bool is_image = reading->query->answer == DOCUMENT_IMAGE;
    const char *field = is_image ? "top" : "version";
    if (!take(reading, from->version, field, &view->facts))
        return DOCUMENT_PENDING;
    (void)take_related(reading, from, field, &view->relations);
    (void)take_own(reading, "m:", from->own, &view->sheet);
    if (is_image)
        return DOCUMENT_FOUND;
    if (!take_related(reading, from, "layers", &view->layers))
        (void)take(reading, from->version, "layers", &view->layers);
    (void)take_related(reading, from, "identical", &view->identical);
    return DOCUMENT_FOUND;
}

static enum document_find take_facts(struct reading *reading)
{
    const struct document_view *view = reading->view;
    AUTO(free) char *version = xasprintf(KEY_VERSION "%s", view->child_digest);
    AUTO(free) char *relations = xasprintf(KEY_RELATIONS "%s", view->child_digest);
    AUTO(free) char *own = xasprintf("%s %s", view->digest, view->child_digest);
    AUTO(free) char *at = xasprintf("%s %s", reading->query->name, view->digest);
    const struct sources from = {version, relations, own, at};
    return reading->query->answer == DOCUMENT_DOCKERFILE ? take_dockerfile(reading, &from)
                                                         : take_members(reading, &from);
}

static enum document_find read_version(struct reading *reading)
{
    struct document_view *view = reading->view;
    if (!choose_version(reading)) {
        reading->document->digest[0] = '\0';
        return DOCUMENT_NO_TAG;
    }
    if (!*view->digest)
        return DOCUMENT_PENDING;
    const char *lines = get(reading, "v:", view->digest);
    view->platforms = lines ? lines : "";
    (void)take_own(reading, "p:", view->digest, &view->shared);
    if (reading->query->answer == DOCUMENT_VERSION)
        (void)take_own(reading, "g:", view->digest, &view->tags);
    if (!*view->child_digest)
        choose_child(reading);
    if (!*view->child_digest)
        return *view->platforms && reading->query->platform ? DOCUMENT_NO_PLATFORM
                                                            : DOCUMENT_PENDING;
    return take_facts(reading);
}

int document_memory_read(const struct store *store, const struct document_query *query,
                         struct document_in_memory *ret_document)
{
    AUTO(free) char *key = document_key(query->name);
    struct document_view *view = &ret_document->view;
    struct reading reading = {.hashes = store_link(store).memory,
                              .query = query,
                              .document = ret_document,
                              .view = view,
                              .key = key};
    *ret_document = (struct document_in_memory){
        .view = {.status = *store_memory_status(store, query->name), .platforms = ""}};
    view->digest = ret_document->digest;
    view->child_digest = ret_document->child_digest;
    const char *meta = get(&reading, "meta", "");
    if (!meta)
        return 0; /* DOCUMENT_NONE */
    read_meta(&reading, meta);
    if (query->answer == DOCUMENT_IMAGE) {
        (void)take_own(&reading, "head", "", &view->head);
        (void)take_own(&reading, "versions", "", &view->versions);
    }
    view->find = read_version(&reading);
    return reading.err;
}
