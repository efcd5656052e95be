#include "aws_endpoints.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "aws_env.h"
#include "aws_profile.h"
#include "err.h"
#include "mem.h"
#include "url.h"

/* AWS's partitions, by how the names of their regions begin; the last one is for all others. The
 * closed ones (us-iso) need AWS_ENDPOINT_URL_STS. */
static const struct partition {
    const char *regions;
    const char *domain;
    const char *dual_stack_domain;
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
};

static const struct partition *partition_of(const char *region)
{
    const struct partition *partition = partitions;
    while (!has_prefix(region, partition->regions))
        partition++;
    return partition;
}

static bool ends_in(const char *host, const char *domain)
{
    size_t len = strlen(host);
    size_t domain_len = strlen(domain);
    return len > domain_len && host[len - domain_len - 1] == '.' &&
           strcmp(host + len - domain_len, domain) == 0;
}

static bool is_aws_host(const char *host)
{
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
        if (ends_in(host, partitions[i].domain) || ends_in(host, partitions[i].dual_stack_domain))
            return true;
    return false;
}

/* "sqs.eu-west-1.amazonaws.com", "sqs-fips.us-east-1.amazonaws.com",
 * "vpce-1.sqs.eu-west-1.vpce.amazonaws.com": the label after sqs. NULL if there is none. */
static char *host_region(const char *host)
{
    for (const char *label = host; *label;) {
        size_t len = strcspn(label, ".");
        const char *next = label + len + (label[len] == '.');
        bool is_service = has_prefix(label, "sqs.") || has_prefix(label, "sqs-fips.");
        if (is_service && *next)
            return xstrndup(next, strcspn(next, "."));
        label = next;
    }
    return NULL;
}

/* "sqs.eu-west-1.amazonaws.com" or what the environment wants instead of it. */
static char *service_host(const char *service, const char *region)
{
    const struct partition *partition = partition_of(region);
    bool is_dual_stack = aws_env_is_true("AWS_USE_DUALSTACK_ENDPOINT");
    /* GovCloud's plain hosts are FIPS ones. */
    bool is_fips = aws_env_is_true("AWS_USE_FIPS_ENDPOINT") &&
                   (is_dual_stack || !has_prefix(region, "us-gov-"));
    return xasprintf("%s%s.%s.%s", service, is_fips ? "-fips" : "", region,
                     is_dual_stack ? partition->dual_stack_domain : partition->domain);
}

/* With one slash at its end; NULL if none is configured. */
static char *configured_url(const char *own_variable)
{
    if (aws_env_is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        return NULL;
    const char *url = aws_env(own_variable);
    if (!url)
        url = aws_env("AWS_ENDPOINT_URL");
    if (!url)
        return NULL;
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return xasprintf("%.*s/", (int)len, url);
}

static char *queue_host_url(const struct url *queue, const char *region)
{
    AUTO(free) char *plain = xasprintf("sqs.%s.%s", region, partition_of(region)->domain);
    AUTO(free) char *wanted = service_host("sqs", region);
    const char *host = strcmp(queue->host, plain) == 0 ? wanted : queue->host;
    bool is_ipv6 = strchr(host, ':') != NULL;
    AUTO(free) char *port = queue->port ? xasprintf(":%d", queue->port) : xstrdup("");
    return xasprintf("%s://%s%s%s%s/", queue->scheme, is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                     port);
}

/* A profile that cannot be read is told of where keys are looked for in it. */
static char *profile_region(void)
{
    AUTO(aws_profile) struct aws_profile profile = {0};
    AUTO(free) char *why = NULL;
    return aws_profile_load(&profile, &why) == 0 ? TAKE(profile.region) : NULL;
}

/* "" if none is known. */
static char *region_find(const struct url *queue, bool is_at_its_host)
{
    char *from_host = host_region(queue->host);
    if (from_host && is_at_its_host && is_aws_host(queue->host))
        return from_host;
    const char *set = aws_env("AWS_REGION");
    if (!set)
        set = aws_env("AWS_DEFAULT_REGION");
    char *region = set ? xstrdup(set) : profile_region();
    if (!region)
        region = from_host ? TAKE(from_host) : xstrdup("");
    free(from_host);
    return region;
}

static bool is_http_url(const char *text)
{
    AUTO(url) struct url url = {0};
    return url_parse(text, &url) == 0 && *url.host &&
           (strcmp(url.scheme, "http") == 0 || strcmp(url.scheme, "https") == 0);
}

/* The region becomes part of the signature's scope. */
static const char *problem_of(const struct aws_endpoints *endpoints)
{
    static const char region_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *region = endpoints->region;
    if (!is_http_url(endpoints->sqs_url))
        return "AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is not an http or https URL";
    if (!*region)
        return "its region is not known: AWS_REGION is not set";
    if (strspn(region, region_chars) != strlen(region))
        return "AWS_REGION is not the name of a region";
    return is_http_url(endpoints->sts_url)
               ? NULL
               : "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not an http or https URL";
}

int aws_endpoints_find(const char *queue_url, struct aws_endpoints *ret_endpoints, char **ret_why)
{
    AUTO(url) struct url queue = {0};
    if (url_parse(queue_url, &queue) != 0) {
        *ret_why = xstrdup("it is not a URL");
        return ERR_INVALID;
    }
    struct aws_endpoints endpoints = {
        .sqs_url = configured_url("AWS_ENDPOINT_URL_SQS"),
        .sts_url = configured_url("AWS_ENDPOINT_URL_STS"),
    };
    endpoints.region = region_find(&queue, !endpoints.sqs_url);
    if (!endpoints.sqs_url)
        endpoints.sqs_url = queue_host_url(&queue, endpoints.region);
    if (!endpoints.sts_url) {
        AUTO(free) char *host = service_host("sts", endpoints.region);
        endpoints.sts_url = xasprintf("https://%s/", host);
    }
    const char *problem = problem_of(&endpoints);
    if (problem) {
        *ret_why = xstrdup(problem);
        aws_endpoints_release(&endpoints);
        return ERR_INVALID;
    }
    *ret_endpoints = endpoints;
    return 0;
}

void aws_endpoints_release(struct aws_endpoints *endpoints)
{
    free(endpoints->region);
    free(endpoints->sqs_url);
    free(endpoints->sts_url);
    *endpoints = (struct aws_endpoints){0};
}
