#include "aws.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"
#include "url.h"

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

int aws_credentials(struct aws_credentials *ret_credentials)
{
    const char *access_key = variable("AWS_ACCESS_KEY_ID");
    const char *secret_key = variable("AWS_SECRET_ACCESS_KEY");
    const char *session_token = variable("AWS_SESSION_TOKEN");
    if (!access_key || !secret_key)
        return ERR_UNAUTHORIZED;
    *ret_credentials = (struct aws_credentials){xstrdup(access_key), xstrdup(secret_key),
                                                xstrdup(session_token ? session_token : "")};
    return 0;
}

void aws_credentials_release(struct aws_credentials *credentials)
{
    free(credentials->access_key);
    free(credentials->secret_key);
    free(credentials->session_token);
    memset(credentials, 0, sizeof(*credentials));
}

char *aws_region(const char *queue_url)
{
    const char *region = variable("AWS_REGION");
    if (!region)
        region = variable("AWS_DEFAULT_REGION");
    if (region)
        return xstrdup(region);
    AUTO(url) struct url url = {0};
    if (url_parse(queue_url, &url) != 0 || !strstr(url.host, ".amazonaws.com"))
        return NULL;
    const char *at = strncmp(url.host, "sqs.", 4) == 0 ? url.host + 4 : strstr(url.host, ".sqs.");
    if (!at)
        return NULL;
    at += *at == '.' ? 5 : 0;
    return xstrndup(at, strcspn(at, "."));
}

static bool endpoints_are_ignored(void)
{
    const char *value = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    return value && strcasecmp(value, "true") == 0;
}

char *aws_sqs_endpoint(const char *queue_url)
{
    const char *endpoint = variable("AWS_ENDPOINT_URL_SQS");
    if (!endpoint)
        endpoint = variable("AWS_ENDPOINT_URL");
    if (endpoint && !endpoints_are_ignored())
        return xasprintf("%s%s", endpoint, endpoint[strlen(endpoint) - 1] == '/' ? "" : "/");
    const char *host = strstr(queue_url, "://") + 3;
    return xasprintf("%.*s/", (int)((host - queue_url) + (long)strcspn(host, "/")), queue_url);
}
