/* AWS's standard environment variables: region, endpoint and credentials of SQS. The only place
 * that reads AWS_*. */
#ifndef MB_AWS_H
#define MB_AWS_H

#include <stdbool.h>

struct aws;

/* Borrowed until the next aws_credentials_get. */
struct aws_credentials {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: long-lived keys */
};

/* For one queue URL: its host tells the region and the endpoint where no variable does. */
struct aws *aws_new(const char *queue_url);
void aws_free(struct aws *aws);

/* What is missing or wrong, for the start; NULL if nothing is. Borrowed. */
const char *aws_problem(const struct aws *aws);

const char *aws_region(const struct aws *aws);
/* Where requests go: "https://sqs.eu-west-1.amazonaws.com/". */
const char *aws_endpoint(const struct aws *aws);

/* Asked for before every request, so that keys may change while the program runs: sources that
 * expire (containers, web identity, instances) come in behind this call. 0, or ERR_UNAVAILABLE
 * while there are none. */
int aws_credentials_get(struct aws *aws, struct aws_credentials *ret_credentials);

#endif
