/* The way from the api to the Inspection queue: marker, message, longer marker. */
#ifndef MB_SUBMIT_H
#define MB_SUBMIT_H

#include "reference.h"
#include "service.h"
#include "status.h"

struct submission {
    /* Its tag and digest say what comes first, or which version alone is wanted; a hook's and an
     * operator's are left out: the whole image is inspected. */
    const struct reference *image;
    enum submit_cause cause;
    const char *client; /* SUBMIT_READ: whose share of submissions it is (client_address.h) */
};

/* err: Redis or the queue does not answer; else as status_submit_done. */
typedef void submit_done(void *arg, int err, enum submit_result result, int64_t wait_ms);
/* Borrows submission for the call. */
void submit(struct service *service, const struct submission *submission, submit_done *done,
            void *arg);

/* At the program's start: a metric that appears with its first count cannot be watched before. */
void submit_declare_metrics(void);

#endif
