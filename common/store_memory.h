/* A store that lives and ends with the process, for a client without a server: it has one worker,
 * so there are no leases, no queues' frontiers, no lists of images and no lifetimes. */
#ifndef MB_STORE_MEMORY_H
#define MB_STORE_MEMORY_H

#include "store.h"

struct store *store_memory_new(struct loop *loop);

/* Told what a notice would tell, from inside the store's calls. At most one listener. */
typedef void store_memory_changed(void *arg, const char *name, const struct status *status);
void store_memory_on_change(struct store *store, store_memory_changed *changed, void *arg);

/* STATUS_UNKNOWN where nothing is known of the name. Borrowed until the next call. */
const struct status *store_memory_status(const struct store *store, const char *name);

#endif
