/* The keys that a container's agent hands out: EKS Pod Identity and ECS. One GET, with a token in
 * it that shows who asks; its file is read for each request. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws_env.h"
#include "aws_source.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"

#define ECS_URL "http://169.254.170.2"
#define TIMEOUT_MS 1000

/* The token may go in clear to this machine and to the agents' own addresses only. */
static bool is_allowed_host(const char *host)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "::1"};
    unsigned char address[sizeof(struct in6_addr)];
    unsigned char agent[sizeof(struct in6_addr)];
    if (strcasecmp(host, "localhost") == 0)
        return true;
    int family = strchr(host, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, host, address) != 1)
        return false;
    if (family == AF_INET && address[0] == 127)
        return true;
    size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
    for (size_t i = 0; i < ARRAY_LEN(agents); i++)
        if (inet_pton(family, agents[i], agent) == 1 && memcmp(agent, address, len) == 0)
            return true;
    return false;
}

static const char *url_problem(const char *text)
{
    AUTO(url) struct url url = {0};
    if (url_parse(text, &url) != 0 || !*url.host || *url.user || *url.password)
        return "AWS_CONTAINER_CREDENTIALS_FULL_URI is not a URL";
    if (strcmp(url.scheme, "https") == 0)
        return NULL;
    if (strcmp(url.scheme, "http") != 0)
        return "AWS_CONTAINER_CREDENTIALS_FULL_URI is not an http or https URL";
    return is_allowed_host(url.host)
               ? NULL
               : "AWS_CONTAINER_CREDENTIALS_FULL_URI is an http URL, but not of this machine or "
                 "of a container agent";
}

static bool is_configured(char **ret_problem)
{
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const char *problem = NULL;
    if (relative && *relative != '/')
        problem = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /";
    else if (!relative && full)
        problem = url_problem(full);
    if (problem)
        *ret_problem = xstrdup(problem);
    return relative || full;
}

/* NULL with err 0: no token is asked for. */
static int read_token(char **ret_token, char **ret_why)
{
    const char *path = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *value = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *token = NULL;
    if (path && aws_file_read(path, &token, ret_why) != 0)
        return ERR_INVALID;
    if (!path)
        token = value ? xstrdup(value) : NULL;
    if (token && strpbrk(token, "\r\n")) {
        *ret_why = xasprintf("%s has a line break in it",
                             path ? path : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        aws_text_free(token);
        return ERR_INVALID;
    }
    *ret_token = token;
    return 0;
}

static int request(struct aws_dialogue *dialogue, struct aws_request *ret_request, char **ret_why)
{
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    int err = read_token(&dialogue->token, ret_why);
    if (err)
        return err;
    ret_request->method = "GET";
    ret_request->url = relative ? xasprintf("%s%s", ECS_URL, relative)
                                : xstrdup(aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    ret_request->headers[0] = xstrdup("Accept: application/json");
    if (dialogue->token)
        ret_request->headers[1] = xasprintf("Authorization: %s", dialogue->token);
    ret_request->timeout_ms = TIMEOUT_MS;
    return 0;
}

static int answer(struct aws_dialogue *dialogue, const struct aws_answer *answer,
                  struct aws_keys *ret_keys, char **ret_why)
{
    JSON_AUTO
    json_t *json = NULL;
    const char *why = "the answer is not JSON";
    bool is_json = jsonx_parse(answer->body, answer->body_bytes, &json) == 0;
    if (answer->status != 200) {
        *ret_why =
            aws_refusal("the agent", answer->status, jsonx_str(json, "code"),
                        is_json ? jsonx_str(json, "message") : answer->body, dialogue->token);
        return ERR_UNAUTHORIZED;
    }
    int err = is_json ? aws_keys_from_json(json, ret_keys, &why) : ERR_PROTO;
    if (err)
        *ret_why = xasprintf("the agent: %s", why);
    return err;
}

const struct aws_source aws_container = {
    .name = "the container's agent",
    .is_configured = is_configured,
    .request = request,
    .answer = answer,
};
