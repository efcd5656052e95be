/* A queue's place in AWS, and the keys to sign requests to it with, kept fresh on the loop.
 *
 * Keys come from one source (aws_source.h says which). They are got at the start, and got anew
 * about five minutes before they expire, or when SQS refuses them; meanwhile the old ones are used,
 * until their true expiry. One getting is under way at a time; after one that failed the next comes
 * with backoff, again and again. Tokens in files are read each time. Each queue has keys of its
 * own: a program with two queues asks twice. */
#ifndef MB_AWS_H
#define MB_AWS_H

#include <stdbool.h>

struct aws;
struct httpc;
struct loop;

/* Borrowed until the loop runs. */
struct aws_credentials {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: long-lived keys */
    int serial;                /* other keys have another one */
};

/* Whoever waits for keys; a part of the caller's own structure, filled by the caller but for the
 * last three. */
struct aws_waiter {
    void (*ready)(void *arg);
    void *arg;
    struct aws_waiter *next, *prev;
    bool is_waiting;
};

/* What is missing or wrong for this queue, for the start; NULL if nothing is. Caller frees. */
char *aws_check(const char *queue_url);

/* The URL has passed aws_check; its host tells the region and the endpoint where no variable does.
 * Starts to get keys; ones that are on this machine are there when it returns. */
struct aws *aws_new(struct loop *loop, struct httpc *httpc, const char *queue_url);
/* Nobody waits any more. */
void aws_free(struct aws *aws);

const char *aws_region(const struct aws *aws);
/* Where requests go: "https://sqs.eu-west-1.amazonaws.com/". */
const char *aws_endpoint(const struct aws *aws);

/* Asked for before every request. 0, or ERR_UNAVAILABLE while there are none. */
int aws_credentials_get(struct aws *aws, struct aws_credentials *ret_credentials);
/* Where a getting is under way, `ready` is called once, from the loop, when it has ended, well or
 * not: within some ten seconds. It only takes note: it calls nothing here and frees nothing. False
 * where none is: the last one failed, and the next one may take long. */
bool aws_credentials_wait(struct aws *aws, struct aws_waiter *waiter);
/* `ready` is not called any more. */
void aws_credentials_leave(struct aws *aws, struct aws_waiter *waiter);
/* SQS has refused the keys with this serial: they are not used again, others are got. */
void aws_credentials_refused(struct aws *aws, int serial);
/* Why there are none, on one line without secrets; NULL where there are some. Borrowed until the
 * loop runs. */
const char *aws_credentials_problem(const struct aws *aws);

#endif
