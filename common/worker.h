/* The life of a worker: receive a message, do its job, store the outcome, settle the message.
 * Always in this order: store, send next, delete. Runs from main; the job waits in the loop, where
 * leases are renewed and signals arrive. */
#ifndef MB_WORKER_H
#define MB_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "job.h"
#include "message.h"

struct budget;
struct httpc;
struct loop;
struct registry;
struct store;
struct worker;

struct worker_parts {
    struct loop *loop;
    struct httpc *httpc;
    struct registry *registry;
    struct store *store;
    struct budget *budget; /* read anew for each job */
};

/* A job, run for one message at a time. */
typedef struct job_result worker_job(void *arg, const struct message *message);

/* source and next (NULL: none; the Size queue) are queue URLs; stage names the source's frontier
 * and flow (flow.h). Connects, opens the admin port, takes SIGTERM and SIGINT. On a problem logs
 * and returns NULL. */
struct worker *worker_new(const struct config *config, enum program program, const char *stage,
                          const char *source, const char *next);
void worker_free(struct worker *worker);
/* What the job needs; borrowed. */
const struct worker_parts *worker_parts(const struct worker *worker);
/* Until a signal ends it; the exit status. */
int worker_run(struct worker *worker, worker_job *job, void *arg);

#endif
