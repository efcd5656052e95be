/* What workers keep: a repository's record, its versions and their facts, its status, and the
 * document that the api serves. Waiting calls, for a worker's sequential code; names are canonical.
 * Errors are those of redis_call, and ERR_CONFLICT where a newer revision stands.
 *
 *   mb:1:img:<name>      what the inspector found: {"Revision","InspectedMs","Wanted","Tags":[...],
 *                        "Pushed":{tag: ms},"Sizes":{digest: bytes},"Hub":{...},"NextPage"}; only
 *                        the inspector writes it. Tags: those first whose digests are in the groups
 *                        (their Next), newest first. Pushed and Sizes are what Hub tells. NextPage
 *                        where a limit cut the list short: Hub's page to go on with
 *   mb:1:grp:<name>      {"Revision","Versions":[{"Digest","Tags":[...]}],"Rest":[tags without a
 *                        digest yet]}; written by whoever groups at that revision
 *   mb:1:ver:<digest>    `facts` of an image manifest with the fragments of document.h, or
 *                        `record` of an index; never changes */
#ifndef MB_STORE_H
#define MB_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct redis;
struct store;

struct store *store_new(struct loop *loop, struct redis *redis, int64_t keep_seconds);
void store_free(struct store *store);

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

/* How far a queue has been received (status.h). Fire and forget. */
void store_frontier(struct store *store, const char *queue, int64_t sent_ms);

#endif
