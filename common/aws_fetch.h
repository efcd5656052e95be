/* Getting keys from one source: its requests, one after the other. */
#ifndef MB_AWS_FETCH_H
#define MB_AWS_FETCH_H

#include "aws_source.h"

struct aws_fetch;
struct httpc;

/* Called once, from the loop. keys are moved to the callee where err is 0; why is on one line and
 * without secrets, "" where err is 0, borrowed. */
typedef void aws_fetched(void *arg, int err, struct aws_keys *keys, const char *why);

/* 0, or an error with a reason in ret_why (caller frees): done is not called then. sts_url is
 * borrowed until done or cancelled. */
int aws_fetch_start(struct httpc *httpc, const struct aws_source *source, const char *sts_url,
                    aws_fetched *done, void *arg, struct aws_fetch **ret_fetch, char **ret_why);
/* No callback comes after this. NULL is fine. */
void aws_fetch_cancel(struct aws_fetch *fetch);

#endif
