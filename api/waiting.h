/* How many requests are held for later, in all and of one client: long polls and event streams. */
#ifndef MB_WAITING_H
#define MB_WAITING_H

#include <stdbool.h>
#include <stdint.h>

struct waiting;

/* 0: no limit. */
struct waiting *waiting_new(int64_t max_total, int64_t max_per_client);
/* Everybody must have left. NULL is fine. */
void waiting_free(struct waiting *waiting);

/* One more of the client of this name (an address's text); false where that is too many. */
bool waiting_enter(struct waiting *waiting, const char *name);
void waiting_leave(struct waiting *waiting, const char *name);
int64_t waiting_total(const struct waiting *waiting);

#endif
