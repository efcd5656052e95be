/* The role of the machine itself, from its metadata service, version 2: a session token, the role's
 * name, its keys. An instance is served old keys while AWS has trouble to make new ones, which SQS
 * then goes on taking: they are used beyond their expiry. */
#include <stdlib.h>
#include <string.h>

#include "aws_env.h"
#include "aws_source.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"

#define DEFAULT_URL "http://169.254.169.254"
#define DEFAULT_IPV6_URL "http://[fd00:ec2::254]"
#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"
#define TIMEOUT_MS 1000
#define MAX_TOKEN_BYTES 1024
#define ROLE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"

static const char *base_url(void)
{
    const char *url = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (url)
        return url;
    return mode && strcasecmp(mode, "IPv6") == 0 ? DEFAULT_IPV6_URL : DEFAULT_URL;
}

static bool is_configured(char **ret_problem)
{
    AUTO(url) struct url url = {0};
    if (aws_env_is_true("AWS_EC2_METADATA_DISABLED"))
        return false;
    if (url_parse(base_url(), &url) != 0 || !*url.host || *url.user || *url.password ||
        (strcmp(url.scheme, "http") != 0 && strcmp(url.scheme, "https") != 0))
        *ret_problem =
            xstrdup("AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http or https URL of a host");
    return true;
}

static int request(struct aws_dialogue *dialogue, struct aws_request *ret_request, char **ret_why)
{
    (void)ret_why;
    const char *base = base_url();
    int base_len = (int)strlen(base);
    while (base_len > 0 && base[base_len - 1] == '/')
        base_len--;
    ret_request->timeout_ms = TIMEOUT_MS;
    if (!dialogue->token) {
        ret_request->method = "PUT";
        ret_request->url = xasprintf("%.*s/latest/api/token", base_len, base);
        ret_request->headers[0] = xstrdup("X-aws-ec2-metadata-token-ttl-seconds: 21600");
        return 0;
    }
    ret_request->method = "GET";
    ret_request->url =
        xasprintf("%.*s" ROLES_PATH "%s", base_len, base, dialogue->role ? dialogue->role : "");
    ret_request->headers[0] = xasprintf("X-aws-ec2-metadata-token: %s", dialogue->token);
    return 0;
}

static int take_token(struct aws_dialogue *dialogue, const struct aws_answer *answer,
                      char **ret_why)
{
    for (size_t i = 0; i < answer->body_bytes; i++) {
        if (answer->body[i] <= ' ' || answer->body[i] >= 0x7f) {
            *ret_why = xstrdup("its token cannot be right");
            return ERR_PROTO;
        }
    }
    if (answer->body_bytes == 0 || answer->body_bytes > MAX_TOKEN_BYTES) {
        *ret_why = xstrdup("its token is empty or too long");
        return ERR_PROTO;
    }
    dialogue->token = xstrdup(answer->body);
    return 0;
}

/* An instance has one role; its name is the first line. */
static int take_role(struct aws_dialogue *dialogue, const struct aws_answer *answer, char **ret_why)
{
    size_t len = strcspn(answer->body, "\r\n");
    if (len == 0 || len > 64 || strspn(answer->body, ROLE_CHARS) < len) {
        *ret_why = xstrdup("the name of the instance's role cannot be right");
        return ERR_PROTO;
    }
    dialogue->role = xstrndup(answer->body, len);
    return 0;
}

static int take_keys(const struct aws_answer *answer, struct aws_keys *ret_keys, char **ret_why)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(answer->body, answer->body_bytes, &json) != 0) {
        *ret_why = xstrdup("the answer is not JSON");
        return ERR_PROTO;
    }
    const char *code = jsonx_str(json, "Code");
    if (*code && strcmp(code, "Success") != 0) {
        *ret_why = aws_refusal("its keys", answer->status, code, jsonx_str(json, "Message"), NULL);
        return ERR_UNAUTHORIZED;
    }
    const char *why = NULL;
    int err = aws_keys_from_json(json, ret_keys, &why);
    if (err)
        *ret_why = xstrdup(why);
    return err;
}

static int answer(struct aws_dialogue *dialogue, const struct aws_answer *answer,
                  struct aws_keys *ret_keys, char **ret_why)
{
    if (answer->status != 200) {
        bool has_no_role = answer->status == 404 && dialogue->token && !dialogue->role;
        *ret_why = has_no_role ? xstrdup("the instance has no role")
                               : aws_refusal("it answers", answer->status, "", "", dialogue->token);
        return ERR_UNAUTHORIZED;
    }
    if (!dialogue->token)
        return take_token(dialogue, answer, ret_why);
    if (!dialogue->role)
        return take_role(dialogue, answer, ret_why);
    return take_keys(answer, ret_keys, ret_why);
}

const struct aws_source aws_imds = {
    .name = "the instance's metadata service (no other source is set)",
    .outlives_expiry = true,
    .is_configured = is_configured,
    .request = request,
    .answer = answer,
};
