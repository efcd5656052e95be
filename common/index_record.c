#include "index_record.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "labels.h"
#include "mem.h"

/* A child of one of the manifests. */
struct row {
    const struct manifest_child *child;
    unsigned depth; /* of the index that it is a child of, 1 for the outermost */
};

struct index_record {
    char *digest;
    struct manifest *manifests[1 + INDEX_MAX_NESTED]; /* the index, then those within it */
    size_t manifest_count;
    struct row *rows; /* flat, in order; indexes among them are still to be read */
    size_t row_count;
    json_t *seen;    /* set of digests of indexes that were read or are wanted */
    bool is_partial; /* one of them could not be had */
};

/* An index that was seen before is a circle or a copy. */
static bool is_wanted(struct index_record *record, const struct manifest_child *child,
                      unsigned depth)
{
    const char *digest = child->descriptor.digest;
    if (!child->is_index)
        return true;
    if (depth >= INDEX_MAX_DEPTH || json_object_get(record->seen, digest) ||
        json_object_size(record->seen) > INDEX_MAX_NESTED)
        return false;
    json_object_set_new(record->seen, digest, json_true());
    return true;
}

/* Puts the manifest's children in the place of the row at `at`, which is one of them or the end. */
static void insert_children(struct index_record *record, size_t at, size_t replaced,
                            const struct manifest *manifest, unsigned depth)
{
    size_t tail = record->row_count - at - replaced;
    struct row *rows = xcalloc(record->row_count + manifest->child_count + 1, sizeof(*rows));
    memcpy(rows, record->rows, at * sizeof(*rows));
    size_t count = at;
    for (size_t i = 0; i < manifest->child_count; i++)
        if (is_wanted(record, &manifest->children[i], depth))
            rows[count++] = (struct row){&manifest->children[i], depth};
    memcpy(rows + count, record->rows + at + replaced, tail * sizeof(*rows));
    free(record->rows);
    record->rows = rows;
    record->row_count = count + tail;
}

struct index_record *index_record_new(const char *digest, struct manifest *index)
{
    struct index_record *record = xcalloc(1, sizeof(*record));
    record->digest = xstrdup(digest);
    record->seen = json_object();
    record->rows = xcalloc(1, sizeof(*record->rows));
    json_object_set_new(record->seen, digest, json_true());
    record->manifests[record->manifest_count++] = index;
    insert_children(record, 0, 0, index, 1);
    return record;
}

void index_record_free(struct index_record *record)
{
    if (!record)
        return;
    for (size_t i = 0; i < record->manifest_count; i++)
        manifest_free(record->manifests[i]);
    json_decref(record->seen);
    free(record->rows);
    free(record->digest);
    free(record);
}

size_t index_record_wanted(const struct index_record *record, const char **ret_digests, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < record->row_count && count < max; i++)
        if (record->rows[i].child->is_index)
            ret_digests[count++] = record->rows[i].child->descriptor.digest;
    return count;
}

void index_record_add(struct index_record *record, const char *digest, struct manifest *nested)
{
    static const struct manifest nothing = {.kind = MANIFEST_INDEX};
    size_t at = 0;
    while (at < record->row_count &&
           (!record->rows[at].child->is_index ||
            strcmp(record->rows[at].child->descriptor.digest, digest) != 0))
        at++;
    bool is_index = nested && nested->kind == MANIFEST_INDEX && at < record->row_count &&
                    record->manifest_count < ARRAY_LEN(record->manifests);
    record->is_partial |= !nested;
    if (at < record->row_count)
        insert_children(record, at, 1, is_index ? nested : &nothing, record->rows[at].depth + 1);
    if (is_index)
        record->manifests[record->manifest_count++] = nested;
    else
        manifest_free(nested);
}

/* Writing */

static bool is_artifact_manifest(const struct manifest_child *child)
{
    return child->is_artifact && manifest_is_readable(child->descriptor.media_type);
}

static bool is_image(const struct manifest_child *child)
{
    return !child->is_attestation && !child->is_artifact && !child->is_index;
}

/* The rows that pass, without exact repetitions, at most INDEX_MAX_IMAGES. */
static size_t select_rows(const struct index_record *record,
                          bool (*passes)(const struct manifest_child *child),
                          const struct manifest_child **ret_children)
{
    JSON_AUTO
    json_t *seen = json_object();
    size_t count = 0;
    for (size_t i = 0; i < record->row_count && count < INDEX_MAX_IMAGES; i++) {
        const struct manifest_child *child = record->rows[i].child;
        AUTO(free) char *name = xasprintf("%s %s", child->descriptor.digest, child->platform);
        if (!passes(child) || json_object_get(seen, name))
            continue;
        json_object_set_new(seen, name, json_true());
        ret_children[count++] = child;
    }
    return count;
}

static void set_annotations(json_t *object, const json_t *annotations)
{
    json_t *texts = labels_texts(annotations);
    if (json_object_size(texts))
        json_object_set(object, "Annotations", texts);
    json_decref(texts);
}

static json_t *child_row(const struct manifest_child *child)
{
    json_t *row = json_object();
    json_object_set_new(row, "Platform",
                        json_string(*child->platform ? child->platform : "unknown"));
    json_object_set_new(row, "Digest", json_string(child->descriptor.digest));
    if (*child->os_version)
        json_object_set_new(row, "OSVersion", json_string(child->os_version));
    set_annotations(row, child->descriptor.annotations);
    return row;
}

static json_t *children_json(const struct index_record *record)
{
    const struct manifest_child *images[INDEX_MAX_IMAGES];
    size_t count = select_rows(record, is_image, images);
    if (count == 0)
        count = select_rows(record, is_artifact_manifest, images);
    json_t *rows = json_array();
    size_t first = manifest_default_child(images, count);
    for (size_t i = 0; i < count; i++) {
        json_t *row = child_row(images[i]);
        if (i == first)
            json_array_insert_new(rows, 0, row);
        else
            json_array_append_new(rows, row);
    }
    return rows;
}

static bool is_attestation(const struct manifest_child *child)
{
    return *child->attests && manifest_is_readable(child->descriptor.media_type);
}

static json_t *attestations_json(const struct index_record *record)
{
    const struct manifest_child *children[INDEX_MAX_IMAGES];
    size_t count = select_rows(record, is_attestation, children);
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct descriptor *descriptor = &children[i]->descriptor;
        json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:s,s:I}", "Digest", descriptor->digest,
                                              "Attests", children[i]->attests, "MediaType",
                                              descriptor->media_type, "ArtifactType",
                                              descriptor->artifact_type, "Size",
                                              (json_int_t)descriptor->size_bytes));
    }
    return rows;
}

json_t *index_record_json(const struct index_record *record)
{
    json_t *json = json_object();
    json_object_set_new(json, "Digest", json_string(record->digest));
    json_object_set_new(json, "MediaType", json_string(record->manifests[0]->media_type));
    json_object_set_new(json, "Children", children_json(record));
    json_object_set_new(json, "Attestations", attestations_json(record));
    set_annotations(json, record->manifests[0]->annotations);
    if (record->is_partial)
        json_object_set_new(json, "Incomplete", json_true());
    return json;
}
