/* The inspector's and the size worker's jobs in this process, with a store in memory: no queue, no
 * Redis, no server, nothing on disk. */
#ifndef MB_LOCAL_H
#define MB_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "document_memory.h"
#include "reference.h"
#include "store_memory.h"

struct local;
struct loop;

/* config: loaded for PROGRAM_CLIENT; it and the loop stay the caller's. */
struct local *local_new(struct loop *loop, const struct config *config);
void local_free(struct local *local);

/* True where the registry is on the allow list. */
bool local_allows(const struct local *local, const char *registry);
/* As store_memory_on_change. */
void local_on_change(struct local *local, store_memory_changed *changed, void *arg);

enum local_end {
    LOCAL_DONE, /* how it went is in the image's status: MISSING, FAILED_INSPECTION, a stage that
                   waits for a rate limit with its retry_ms */
    LOCAL_TIME_UP,
    LOCAL_INTERRUPTED,
};

/* The quick part: the version that is asked for on its default platform, and all tags; or, of an
 * image that this process knows, just the version. deadline_ms as loop_now_ms(). Runs the loop. */
enum local_end local_inspect(struct local *local, const struct reference *image,
                             int64_t deadline_ms);
/* What comes after it: the digests of tags, all platforms, what is attached and related. */
enum local_end local_measure(struct local *local, const struct reference *image,
                             int64_t deadline_ms);
/* Ends what runs now and all that comes; from a callback of the loop. */
void local_interrupt(struct local *local);

/* As document_memory_read. */
int local_read(const struct local *local, const struct document_query *query,
               struct document_in_memory *ret_document);
const struct status *local_status(const struct local *local, const char *name);

#endif
