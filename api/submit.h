/* The way from the api to the Inspection queue: marker, message, longer marker. */
#ifndef MB_SUBMIT_H
#define MB_SUBMIT_H

#include "reference.h"
#include "service.h"
#include "status.h"

/* err: Redis or the queue does not answer. */
typedef void submit_done(void *arg, int err, enum submit_result result);
/* tag and digest say what comes first, or which version alone is wanted. */
void submit(struct service *service, const struct reference *image, submit_done *done, void *arg);

#endif
