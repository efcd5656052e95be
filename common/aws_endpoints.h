/* Which region a queue is in, and where SQS and STS are asked: of the queue's URL, AWS's variables
 * and the profile's region.
 *
 * Region: that of an AWS host in the queue's URL (AWS takes no other signature there), else
 * AWS_REGION, AWS_DEFAULT_REGION, the profile's, at last the label behind "sqs." of any other host.
 * Endpoint of SQS: AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, else the queue's host; of STS:
 * AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, else the region's. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
 * AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT count as in AWS's tools; the last two leave
 * a queue's host alone that is not the region's plain one (a VPC endpoint). */
#ifndef MB_AWS_ENDPOINTS_H
#define MB_AWS_ENDPOINTS_H

struct aws_endpoints {
    char *region;
    char *sqs_url; /* "https://sqs.eu-west-1.amazonaws.com/" */
    char *sts_url;
};

/* 0, or ERR_INVALID with a reason in ret_why (caller frees). Caller releases. */
int aws_endpoints_find(const char *queue_url, struct aws_endpoints *ret_endpoints, char **ret_why);
void aws_endpoints_release(struct aws_endpoints *endpoints);

static inline void aws_endpoints_cleanup(struct aws_endpoints *endpoints)
{
    aws_endpoints_release(endpoints);
}

#endif
