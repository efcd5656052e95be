#include "aws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"
#include "url.h"

struct aws {
    char *region; /* "" if none is known */
    char *endpoint;
    const char *problem;
};

/* A variable that is set but empty counts as not set, as in AWS's own tools. */
static const char *env_get(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

static bool is_aws_host(const char *host)
{
    static const char *const suffixes[] = {".amazonaws.com", ".amazonaws.com.cn", ".api.aws"};
    size_t len = strlen(host);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        size_t suffix_len = strlen(suffixes[i]);
        if (len > suffix_len && strcmp(host + len - suffix_len, suffixes[i]) == 0)
            return true;
    }
    return false;
}

/* "sqs.eu-west-1.amazonaws.com", "sqs-fips.us-east-1.amazonaws.com",
 * "vpce-1.sqs.eu-west-1.vpce.amazonaws.com": the label after sqs. NULL if there is none. */
static char *host_region(const char *host)
{
    for (const char *label = host; *label;) {
        size_t len = strcspn(label, ".");
        const char *next = label + len + (label[len] == '.');
        bool is_service =
            (len == 3 && strncmp(label, "sqs", 3) == 0) || strncmp(label, "sqs-fips.", 9) == 0;
        if (is_service && *next)
            return xstrndup(next, strcspn(next, "."));
        label = next;
    }
    return NULL;
}

static const char *configured_endpoint(void)
{
    const char *ignore = env_get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (ignore && strcasecmp(ignore, "true") == 0)
        return NULL;
    const char *endpoint = env_get("AWS_ENDPOINT_URL_SQS");
    return endpoint ? endpoint : env_get("AWS_ENDPOINT_URL");
}

static char *endpoint_find(const struct url *queue)
{
    const char *configured = configured_endpoint();
    if (configured) {
        size_t len = strlen(configured);
        while (len > 0 && configured[len - 1] == '/')
            len--;
        return xasprintf("%.*s/", (int)len, configured);
    }
    bool is_ipv6 = strchr(queue->host, ':') != NULL;
    AUTO(free) char *port = queue->port ? xasprintf(":%d", queue->port) : xstrdup("");
    return xasprintf("%s://%s%s%s%s/", queue->scheme, is_ipv6 ? "[" : "", queue->host,
                     is_ipv6 ? "]" : "", port);
}

/* AWS takes only signatures for the region that it is asked in, so its own host name goes first. */
static char *region_find(const struct url *queue)
{
    char *from_host = host_region(queue->host);
    if (from_host && is_aws_host(queue->host) && !configured_endpoint())
        return from_host;
    const char *region = env_get("AWS_REGION");
    if (!region)
        region = env_get("AWS_DEFAULT_REGION");
    if (!region)
        return from_host ? from_host : xstrdup("");
    free(from_host);
    return xstrdup(region);
}

/* The region becomes part of the signature's scope. */
static bool region_is_valid(const char *region)
{
    return strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(region);
}

static const char *problem_find(const struct aws *aws)
{
    AUTO(url) struct url endpoint = {0};
    if (url_parse(aws->endpoint, &endpoint) != 0 || !*endpoint.host ||
        (strcmp(endpoint.scheme, "http") != 0 && strcmp(endpoint.scheme, "https") != 0))
        return "AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is not an http or https URL";
    if (!*aws->region)
        return "its region is not known: AWS_REGION is not set";
    if (!region_is_valid(aws->region))
        return "AWS_REGION is not the name of a region";
    if (!env_get("AWS_ACCESS_KEY_ID") || !env_get("AWS_SECRET_ACCESS_KEY"))
        return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set";
    return NULL;
}

struct aws *aws_new(const char *queue_url)
{
    AUTO(url) struct url queue = {0};
    struct aws *aws = xcalloc(1, sizeof(*aws));
    if (url_parse(queue_url, &queue) != 0) {
        aws->region = xstrdup("");
        aws->endpoint = xstrdup("");
        aws->problem = "it is not a URL";
        return aws;
    }
    aws->endpoint = endpoint_find(&queue);
    aws->region = region_find(&queue);
    aws->problem = problem_find(aws);
    return aws;
}

void aws_free(struct aws *aws)
{
    if (!aws)
        return;
    free(aws->region);
    free(aws->endpoint);
    free(aws);
}

const char *aws_problem(const struct aws *aws)
{
    return aws->problem;
}

const char *aws_region(const struct aws *aws)
{
    return aws->region;
}

const char *aws_endpoint(const struct aws *aws)
{
    return aws->endpoint;
}

int aws_credentials_get(struct aws *aws, struct aws_credentials *ret_credentials)
{
    (void)aws;
    struct aws_credentials found = {
        .access_key = env_get("AWS_ACCESS_KEY_ID"),
        .secret_key = env_get("AWS_SECRET_ACCESS_KEY"),
        .session_token = env_get("AWS_SESSION_TOKEN"),
    };
    if (!found.access_key || !found.secret_key)
        return ERR_UNAVAILABLE;
    *ret_credentials = found;
    return 0;
}
