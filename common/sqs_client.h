/* Signed calls to SQS, AWS JSON 1.0: one POST each, tried up to three times. */
#ifndef MB_SQS_CLIENT_H
#define MB_SQS_CLIENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct httpc;
struct loop;
struct sqs_call;
struct sqs_client;

struct sqs_request {
    const char *action; /* "SendMessage"; borrowed for the call's life */
    json_t *body;       /* taken; NULL: nothing is sent, done is told `err` */
    int err;
    size_t max_answer_bytes;
    int timeout_ms; /* of each attempt */
    int give_up_ms; /* no attempt starts later than this after the first */
};

/* json is an object, NULL where err is not 0; error_text says what failed, on one line, without
 * secrets. Both borrowed. */
typedef void sqs_done(void *arg, int err, const json_t *json, const char *error_text);

/* url is the queue's, checked. */
struct sqs_client *sqs_client_new(struct loop *loop, struct httpc *httpc, const char *url);
/* Why nothing can be sent now: there are no credentials. NULL where there are. Borrowed until the
 * loop runs. */
const char *sqs_client_problem(const struct sqs_client *client);
/* What is under way gets ERR_CANCELLED. */
void sqs_client_free(struct sqs_client *client);

/* done comes once, later, from the loop. */
struct sqs_call *sqs_call_start(struct sqs_client *client, const struct sqs_request *request,
                                sqs_done *done, void *arg);
/* The attempt under way is the last one; a pause between two ends at once. */
void sqs_call_stop_retries(struct sqs_call *call);

#endif
