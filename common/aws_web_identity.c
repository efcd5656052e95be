/* A service account's token for a role's keys: AssumeRoleWithWebIdentity of STS, which is not
 * signed. Kubernetes replaces the token's file every hour or so: it is read for each request. */
#include <stdlib.h>
#include <string.h>

#include "aws_env.h"
#include "aws_source.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"

#define TIMEOUT_MS 5000
#define DEFAULT_SESSION_NAME "microbadger"
#define SESSION_NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-"

static const char *session_name(void)
{
    const char *name = aws_env("AWS_ROLE_SESSION_NAME");
    return name ? name : DEFAULT_SESSION_NAME;
}

/* Either variable alone is half a configuration: it is not passed over. */
static bool is_configured(char **ret_problem)
{
    bool has_file = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    bool has_role = aws_env("AWS_ROLE_ARN");
    size_t name_len = strlen(session_name());
    if (has_file != has_role)
        *ret_problem = xstrdup("AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not both set");
    else if (has_file && (name_len < 2 || name_len > 64 ||
                          strspn(session_name(), SESSION_NAME_CHARS) != name_len))
        *ret_problem = xstrdup("AWS_ROLE_SESSION_NAME is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -");
    return has_file || has_role;
}

static int read_token(char **ret_token, char **ret_why)
{
    const char *path = aws_env("AWS_WEB_IDENTITY_TOKEN_FILE");
    char *token = NULL;
    int err = path ? aws_file_read(path, &token, ret_why) : ERR_INVALID;
    if (err)
        return err;
    size_t len = strlen(token);
    while (len > 0 && strchr(" \t\r\n", token[len - 1]))
        token[--len] = '\0';
    if (len == 0) {
        *ret_why = xasprintf("%s is empty", path);
        aws_text_free(token);
        return ERR_INVALID;
    }
    *ret_token = token;
    return 0;
}

static int request(struct aws_dialogue *dialogue, struct aws_request *ret_request, char **ret_why)
{
    int err = read_token(&dialogue->token, ret_why);
    if (err)
        return err;
    AUTO(free) char *role = url_encode(aws_env("AWS_ROLE_ARN"));
    AUTO(free) char *session = url_encode(session_name());
    AUTO(aws_text) char *token = url_encode(dialogue->token);
    ret_request->method = "POST";
    ret_request->url = xstrdup(dialogue->sts_url);
    ret_request->headers[0] = xstrdup("Content-Type: application/x-www-form-urlencoded");
    ret_request->body = xasprintf("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
                                  "&RoleSessionName=%s&WebIdentityToken=%s",
                                  role, session, token);
    ret_request->timeout_ms = TIMEOUT_MS;
    return 0;
}

/* The text of the first element of this name, "" if there is none. STS's answers have no two of
 * those that are asked for here, no attributes, and nothing in them that XML would escape. */
static char *xml_text(const char *xml, const char *name)
{
    AUTO(free) char *opening = xasprintf("<%s>", name);
    AUTO(free) char *closing = xasprintf("</%s>", name);
    const char *start = strstr(xml, opening);
    const char *end = start ? strstr(start, closing) : NULL;
    if (!end)
        return xstrdup("");
    start += strlen(opening);
    return xstrndup(start, (size_t)(end - start));
}

static int keys_from_xml(const char *xml, struct aws_keys *ret_keys, const char **ret_why)
{
    AUTO(aws_text) char *access_key = xml_text(xml, "AccessKeyId");
    AUTO(aws_text) char *secret_key = xml_text(xml, "SecretAccessKey");
    AUTO(aws_text) char *session_token = xml_text(xml, "SessionToken");
    AUTO(free) char *expiration = xml_text(xml, "Expiration");
    const struct aws_key_texts texts = {access_key, secret_key, session_token, expiration};
    if (!*session_token) {
        *ret_why = "the answer has no session token";
        return ERR_PROTO;
    }
    return aws_keys_make(&texts, ret_keys, ret_why);
}

static const json_t *json_credentials(const json_t *json)
{
    const json_t *response = jsonx_object(json, "AssumeRoleWithWebIdentityResponse");
    return jsonx_object(jsonx_object(response, "AssumeRoleWithWebIdentityResult"), "Credentials");
}

static char *refusal(const struct aws_answer *answer, const json_t *json, const char *token)
{
    const json_t *error = jsonx_object(json, "Error");
    AUTO(free)
    char *code = json ? xstrdup(jsonx_str(error, "Code")) : xml_text(answer->body, "Code");
    AUTO(free)
    char *message = json ? xstrdup(jsonx_str(error, "Message")) : xml_text(answer->body, "Message");
    return aws_refusal("STS", answer->status, code, message, token);
}

static int answer(struct aws_dialogue *dialogue, const struct aws_answer *answer,
                  struct aws_keys *ret_keys, char **ret_why)
{
    JSON_AUTO
    json_t *json = NULL;
    const char *why = NULL;
    if (jsonx_parse(answer->body, answer->body_bytes, &json) != 0)
        json = NULL;
    if (answer->status != 200) {
        *ret_why = refusal(answer, json, dialogue->token);
        return ERR_UNAUTHORIZED;
    }
    int err = json ? aws_keys_from_json(json_credentials(json), ret_keys, &why)
                   : keys_from_xml(answer->body, ret_keys, &why);
    if (err)
        *ret_why = xasprintf("STS: %s", why);
    return err;
}

const struct aws_source aws_web_identity = {
    .name = "web identity",
    .is_configured = is_configured,
    .request = request,
    .answer = answer,
};
