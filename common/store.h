/* What workers keep: a repository's record, its versions and their facts, its status, and the
 * document that the api serves. Waiting calls, for a worker's sequential code; names are canonical.
 * Errors are those of redis_call, and ERR_CONFLICT where a newer revision stands.
 *
 *   mb:1:img:<name>      what the inspector found: {"Revision","InspectedMs","Wanted","Tags":[...],
 *                        "AttachmentTags":[...],"Pushed":{tag: ms},"Sizes":{digest: bytes},
 *                        "Hub":{...},"NextPage"}; only the inspector writes it. Tags: those first
 *                        whose digests are in the groups (their Next), newest first. AttachmentTags
 *                        are those of the wanted version. Pushed and Sizes are what Hub tells.
 *                        NextPage where a limit cut the list short: Hub's page to go on with
 *   mb:1:grp:<name>      {"Revision","Versions":[{"Digest","Tags":[...]}],"Rest":[tags without a
 *                        digest yet]}; written by whoever groups at that revision
 *   mb:1:att:<name>      {"Versions":[{"Digest","Attachments":[...]}]}, newest look first: what was
 *                        attached to the versions that were wanted lately; the size worker's
 *   mb:1:ver:<digest>    `facts` of an image manifest with the fragments of document.h, or
 *                        `record` of an index: {"Digest","MediaType","Children":[{"Platform",
 *                        "Digest","Annotations"}],"Annotations"}, both Annotations where there are
 *                        any; never changes, but for what is "Incomplete": true, which is looked
 *                        for again. What an index claims of its images is kept under the index, as
 *                        anybody's index may name anybody's image: `provenance`, JSON of
 *                        provenance.h and "Image", the digest of the image that it is about */
#ifndef MB_STORE_H
#define MB_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct catalog_entry;
struct hashes;
struct loop;
struct redis;
struct store;

/* Kept in Redis; for the one in memory see store_memory.h. All calls below work on either. */
struct store *store_redis_new(struct loop *loop, struct redis *redis, int64_t keep_seconds);
void store_free(struct store *store);

/* For what workers keep beside (relations.h). Borrowed. */
struct store_link {
    struct loop *loop;
    struct redis *redis; /* NULL for a store in memory */
    int64_t keep_seconds;
    const char *channel;   /* of notices */
    struct hashes *memory; /* NULL for a store in Redis; the same keys as there */
};
struct store_link store_link(const struct store *store);

/* Marks the start of work: renews the marker, writes stage (and INSPECTING with a next revision if
 * is_inspection; an image that has facts keeps its status). ret_revision is the current one. */
int store_begin(struct store *store, const char *name, bool is_inspection, enum image_stage stage,
                int64_t *ret_revision);
/* Stage and counts, and a notice. Fire and forget. */
void store_progress(struct store *store, const char *name, enum image_stage stage, int64_t done,
                    int64_t total);
/* Renews the marker while a job runs. Fire and forget. */
void store_renew(struct store *store, const char *name);

/* ERR_NOTFOUND where there is none. Caller owns. */
int store_get_image(struct store *store, const char *name, json_t **ret_image);
int store_get_groups(struct store *store, const char *name, json_t **ret_groups);
/* Guarded by the revision. */
int store_put_image(struct store *store, const char *name, int64_t revision, const json_t *image);
int store_put_groups(struct store *store, const char *name, int64_t revision, const json_t *groups);

/* Lets the loop turn once: leases and signals do not wait for what is long to compute. */
void store_turn(struct store *store);

/* For each digest its facts (they have "Layers") or record (it has "Children"), NULL where
 * neither is known. Caller owns what it gets. */
int store_get_versions(struct store *store, const char *const *digests, size_t count,
                       json_t **ret_versions);
int store_put_facts(struct store *store, const char *digest, const json_t *facts);
int store_put_record(struct store *store, const char *digest, const json_t *record);

/* As images and groups: ERR_NOTFOUND, the revision. */
int store_get_attachments(struct store *store, const char *name, json_t **ret_attachments);
int store_put_attachments(struct store *store, const char *name, int64_t revision,
                          const json_t *attachments);
/* digest: of the index. ERR_NOTFOUND where there is none; caller owns. */
int store_get_provenance(struct store *store, const char *digest, json_t **ret_provenance);
int store_put_provenance(struct store *store, const char *digest, const json_t *provenance);

/* Fields of one hash, document.h; values are the caller's to release. */
#define STORE_GET_FIELDS 2
struct store_get {
    char *key;
    char *fields[STORE_GET_FIELDS]; /* NULL: no more */
    char *values[STORE_GET_FIELDS]; /* NULL where absent; NUL-terminated beyond its length */
    size_t value_bytes[STORE_GET_FIELDS];
};
/* Many of them in one flight; key and fields are the caller's. */
int store_get_fields(struct store *store, struct store_get *gets, size_t count);
/* Frees what is in them, keys and fields too. */
void store_get_release(struct store_get *gets, size_t count);

/* Replaces the document by fields (pairs of name and value, lens for both), tells the new status
 * and a notice. With stage done the job ends: the marker goes. */
struct store_field {
    char *name;
    char *value;
    size_t value_bytes;
};
int store_publish(struct store *store, const char *name, int64_t revision,
                  const struct store_field *fields, size_t count, enum image_status status,
                  enum image_stage stage);

/* Ends a job without facts of its own: MISSING, or FAILED with its reason. An image that has facts
 * keeps them and INSPECTED if it FAILED. Not enqueued again before retry_ms. */
int store_end(struct store *store, const char *name, enum image_status status, const char *error,
              int64_t retry_ms);
/* Puts a job off: stage and when it goes on; drop_marker where no message stays in the queue. */
int store_wait(struct store *store, const char *name, enum image_stage stage, const char *error,
               int64_t retry_ms, bool drop_marker);
/* Forgets a job whose record is gone: the next request starts it anew. */
int store_forget(struct store *store, const char *name);

/* Lists an image whose document is whole (catalog.h). Fire and forget. */
void store_list(struct store *store, const struct catalog_entry *entry);

/* How far a queue has been received (status.h). Fire and forget. */
void store_frontier(struct store *store, const char *queue, int64_t sent_ms);

#endif
