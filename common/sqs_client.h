/* One signed SQS request (AWS JSON 1.0), with the retries that AWS's own clients make. Used by
 * queue_sqs.c only. */
#ifndef MB_SQS_CLIENT_H
#define MB_SQS_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

struct httpc;
struct loop;
struct sqs_call;
struct sqs_client;

/* json is the answer's object where err is 0, borrowed. ERR_NOTFOUND: the receipt handle is of no
 * use any more. ERR_INVALID: SQS refuses the request as it is. All else is ERR_UNAVAILABLE, or
 * ERR_CANCELLED. text is for a person: the error's code and message. */
typedef void sqs_done(void *arg, int err, const json_t *json, const char *text);

struct sqs_client *sqs_client_new(struct loop *loop, struct httpc *httpc, const char *queue_url);
/* What is under way ends with ERR_CANCELLED. */
void sqs_client_free(struct sqs_client *client);

/* Takes body. timeout_ms is for each attempt. */
void sqs_call(struct sqs_client *client, const char *action, json_t *body, int timeout_ms,
              sqs_done *done, void *arg);

#endif
