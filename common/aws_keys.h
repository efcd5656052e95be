/* One set of AWS keys, checked: they become headers of requests. */
#ifndef MB_AWS_KEYS_H
#define MB_AWS_KEYS_H

#include <jansson.h>
#include <stdint.h>

struct aws_keys {
    char *access_key; /* NULL: there are none */
    char *secret_key;
    char *session_token; /* NULL: long-lived keys */
    int64_t expires_ms;  /* wall time; 0: not known to */
};

/* As they came; NULL and "" count as missing. */
struct aws_key_texts {
    const char *access_key;
    const char *secret_key;
    const char *session_token;
    const char *expiration; /* RFC 3339 */
};

/* 0, or ERR_PROTO with a reason in ret_why, which repeats no secret (static). Caller releases. */
int aws_keys_make(const struct aws_key_texts *texts, struct aws_keys *ret_keys,
                  const char **ret_why);
/* The same for the temporary keys of a service's JSON: AccessKeyId, SecretAccessKey, Token or
 * SessionToken, and Expiration as a text or in seconds since the epoch. */
int aws_keys_from_json(const json_t *json, struct aws_keys *ret_keys, const char **ret_why);
/* Wipes them. */
void aws_keys_release(struct aws_keys *keys);

static inline void aws_keys_cleanup(struct aws_keys *keys)
{
    aws_keys_release(keys);
}

#endif
