/* The admin port of every program: /healthz (the loop turns), /readyz (what it needs is there and
 * it is not draining), /metrics. */
#ifndef MB_ADMIN_H
#define MB_ADMIN_H

#include <stdbool.h>

struct admin;
struct loop;

/* ready gives a short static reason in ret_why where it says false; it makes no calls.
 * NULL with a message in ret_why (caller frees) if the address cannot be listened on. */
struct admin *admin_new(struct loop *loop, const char *listen,
                        bool (*ready)(void *arg, const char **ret_why), void *arg, char **ret_why);
/* The port that it listens on. */
int admin_port(const struct admin *admin);
/* From now on /readyz answers 503 "draining". */
void admin_drain(struct admin *admin);
void admin_free(struct admin *admin);

#endif
