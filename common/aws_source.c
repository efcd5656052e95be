#include "aws_source.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "aws_env.h"
#include "err.h"
#include "mem.h"

#define MAX_CODE_CHARS 64
#define MAX_MESSAGE_CHARS 120

/* Keys in the environment */

static bool environment_is_configured(char **ret_problem)
{
    bool has_access_key = aws_env("AWS_ACCESS_KEY_ID");
    bool has_secret_key = aws_env("AWS_SECRET_ACCESS_KEY");
    if (has_access_key != has_secret_key)
        *ret_problem = xstrdup("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
    return has_access_key || has_secret_key;
}

static int environment_load(struct aws_keys *ret_keys, char **ret_why)
{
    const struct aws_key_texts texts = {
        .access_key = aws_env("AWS_ACCESS_KEY_ID"),
        .secret_key = aws_env("AWS_SECRET_ACCESS_KEY"),
        .session_token = aws_env("AWS_SESSION_TOKEN"),
    };
    const char *why = NULL;
    int err = aws_keys_make(&texts, ret_keys, &why);
    if (err)
        *ret_why = xstrdup(why);
    return err;
}

const struct aws_source aws_environment = {
    .name = "the environment",
    .is_configured = environment_is_configured,
    .load = environment_load,
};

/* The choice */

/* Keys at hand that cannot be used are known at the start. */
static void try_load(const struct aws_source *source, char **ret_problem)
{
    AUTO(aws_keys) struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    if (source->load(&keys, &why) != 0)
        *ret_problem = xasprintf("its AWS credentials in %s: %s", source->name, why);
}

int aws_source_choose(const struct aws_source **ret_source, char **ret_why)
{
    static const struct aws_source *const sources[] = {
        &aws_environment, &aws_web_identity, &aws_profile_source, &aws_container, &aws_imds};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        char *problem = NULL;
        if (!sources[i]->is_configured(&problem))
            continue;
        if (!problem && sources[i]->load)
            try_load(sources[i], &problem);
        if (problem) {
            *ret_why = problem;
            return ERR_INVALID;
        }
        *ret_source = sources[i];
        return 0;
    }
    *ret_why = xstrdup(
        "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, "
        "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or AWS_CONTAINER_CREDENTIALS_*_URI");
    return ERR_INVALID;
}

/* Requests and answers */

void aws_request_release(struct aws_request *request)
{
    free(request->url);
    for (size_t i = 0; i < ARRAY_LEN(request->headers); i++)
        aws_text_free(request->headers[i]);
    aws_text_free(request->body);
    *request = (struct aws_request){0};
}

/* Its first line, printable; "" where it quotes the secret. */
static char *shown(const char *text, size_t max_chars, const char *secret)
{
    if (secret && quotes_secret(text, secret))
        return xstrdup("");
    char *copy = xstrndup(text, strcspn(text, "\r\n"));
    if (strlen(copy) > max_chars)
        copy[max_chars] = '\0';
    for (char *at = copy; *at; at++)
        if (*at < ' ' || *at >= 0x7f)
            *at = '?';
    return copy;
}

char *aws_refusal(const char *who, int status, const char *code, const char *message,
                  const char *secret)
{
    AUTO(free) char *shown_code = shown(code, MAX_CODE_CHARS, secret);
    AUTO(free) char *shown_message = shown(message, MAX_MESSAGE_CHARS, secret);
    return xasprintf("%s: %d%s%s%s%s", who, status, *shown_code ? " " : "", shown_code,
                     *shown_message ? ": " : "", shown_message);
}
