/* Region, endpoint and credentials from AWS's standard environment variables. Credentials are asked
 * for anew before every request, so that sources which change can come in behind aws_credentials.
 */
#ifndef MB_AWS_H
#define MB_AWS_H

struct aws_credentials {
    char *access_key;
    char *secret_key;
    char *session_token; /* "" if none */
};

/* 0, or ERR_UNAUTHORIZED where there are none. Caller releases. */
int aws_credentials(struct aws_credentials *ret_credentials);
void aws_credentials_release(struct aws_credentials *credentials);

/* AWS_REGION, AWS_DEFAULT_REGION, else the one in the host of the URL (sqs.REGION.amazonaws.com,
 * vpce-....sqs.REGION.vpce.amazonaws.com); NULL where none says. Caller frees. */
char *aws_region(const char *queue_url);
/* AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL (both unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true),
 * else the URL's own origin; with a "/" at the end. Caller frees. */
char *aws_sqs_endpoint(const char *queue_url);

static inline void aws_credentials_cleanup(struct aws_credentials *credentials)
{
    aws_credentials_release(credentials);
}

#endif
