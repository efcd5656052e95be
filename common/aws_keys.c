#include "aws_keys.h"

#include <stdbool.h>
#include <string.h>

#include "aws_env.h"
#include "clock.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_KEY_BYTES 256
#define MAX_TOKEN_BYTES 16384

static bool is_missing(const char *text)
{
    return !text || !*text;
}

/* Printable ASCII without blanks: nothing that could end a header. */
static bool is_plain(const char *text, size_t max_bytes)
{
    size_t len = 0;
    for (; text[len]; len++)
        if (text[len] <= ' ' || text[len] >= 0x7f || len >= max_bytes)
            return false;
    return true;
}

int aws_keys_make(const struct aws_key_texts *texts, struct aws_keys *ret_keys,
                  const char **ret_why)
{
    bool has_token = !is_missing(texts->session_token);
    int64_t expires_ms = 0;
    if (is_missing(texts->access_key) || is_missing(texts->secret_key)) {
        *ret_why = "the access key or the secret key is missing";
        return ERR_PROTO;
    }
    if (!is_plain(texts->access_key, MAX_KEY_BYTES) ||
        !is_plain(texts->secret_key, MAX_KEY_BYTES) ||
        (has_token && !is_plain(texts->session_token, MAX_TOKEN_BYTES))) {
        *ret_why = "a key or the session token is too long or has a blank, a line break or another "
                   "character that none has";
        return ERR_PROTO;
    }
    if (!is_missing(texts->expiration) && clock_parse(texts->expiration, &expires_ms) != 0) {
        *ret_why = "the time that the keys expire at cannot be read";
        return ERR_PROTO;
    }
    ret_keys->access_key = xstrdup(texts->access_key);
    ret_keys->secret_key = xstrdup(texts->secret_key);
    ret_keys->session_token = has_token ? xstrdup(texts->session_token) : NULL;
    ret_keys->expires_ms = expires_ms;
    return 0;
}

int aws_keys_from_json(const json_t *json, struct aws_keys *ret_keys, const char **ret_why)
{
    const char *token = jsonx_str(json, "Token");
    const struct aws_key_texts texts = {
        .access_key = jsonx_str(json, "AccessKeyId"),
        .secret_key = jsonx_str(json, "SecretAccessKey"),
        .session_token = *token ? token : jsonx_str(json, "SessionToken"),
        .expiration = jsonx_str(json, "Expiration"),
    };
    if (is_missing(texts.session_token)) {
        *ret_why = "the answer has no session token";
        return ERR_PROTO;
    }
    int err = aws_keys_make(&texts, ret_keys, ret_why);
    int64_t seconds = jsonx_int(json, "Expiration");
    if (err == 0 && seconds > 0 && seconds < INT64_MAX / 1000)
        ret_keys->expires_ms = seconds * 1000;
    return err;
}

void aws_keys_release(struct aws_keys *keys)
{
    aws_text_free(keys->access_key);
    aws_text_free(keys->secret_key);
    aws_text_free(keys->session_token);
    *keys = (struct aws_keys){0};
}
