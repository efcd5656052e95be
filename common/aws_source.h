/* Where AWS keys come from, and which of the sources counts.
 *
 * The order is the one of boto3, the AWS CLI and the SDKs for Go, Java and PHP:
 *   1. environment       AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   2. web identity      AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN (IAM roles for service accounts)
 *   3. shared files      AWS_PROFILE in AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE
 *   4. container         AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (EKS Pod Identity,
 * ECS)
 *   5. instance metadata IMDSv2, unless AWS_EC2_METADATA_DISABLED
 * (Those for JavaScript, Rust and C++ look into the files before web identity.) The identity that a
 * cluster gives a pod is thus never set aside by a file that lies in its image.
 *
 * The first source that is configured is the only one that is ever used: where it fails, there are
 * no keys. Falling back would let a program act as another identity, at last as its node's role. */
#ifndef MB_AWS_SOURCE_H
#define MB_AWS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "aws_keys.h"

/* One getting of keys, over one or more requests. */
struct aws_dialogue {
    const char *sts_url; /* borrowed */
    char *token;         /* of the instance's metadata service; NULL: not had yet, as the next */
    char *role;
};

struct aws_request {
    const char *method;
    char *url;
    char *headers[3]; /* "Name: value"; ends with NULL */
    char *body;       /* NULL: none */
    int timeout_ms;
};

struct aws_answer {
    int status;
    const char *body; /* NUL-terminated */
    size_t body_bytes;
};

/* Reasons, in ret_why, repeat no secret and are on one line; the caller frees them. */
struct aws_source {
    const char *name;     /* "web identity", as part of a sentence */
    bool outlives_expiry; /* old keys are used on while it has no newer ones */
    /* False where the environment does not name it. Where it does, but cannot work, ret_problem
     * says why. */
    bool (*is_configured)(char **ret_problem);
    /* Keys that are at hand. NULL: they are asked for with the next two. */
    int (*load)(struct aws_keys *ret_keys, char **ret_why);
    int (*request)(struct aws_dialogue *dialogue, struct aws_request *ret_request, char **ret_why);
    /* Leaves the keys empty where there is more to ask. */
    int (*answer)(struct aws_dialogue *dialogue, const struct aws_answer *answer,
                  struct aws_keys *ret_keys, char **ret_why);
};

/* 0, or ERR_INVALID where none is configured, or the first one that is cannot work. */
int aws_source_choose(const struct aws_source **ret_source, char **ret_why);

extern const struct aws_source aws_environment;
extern const struct aws_source aws_web_identity;
extern const struct aws_source aws_profile_source;
extern const struct aws_source aws_container;
extern const struct aws_source aws_imds;

void aws_request_release(struct aws_request *request);
/* "STS: 403 AccessDenied: who are you", for an answer that is none; code and message may be "".
 * Both are the peer's: they are cut, and left out where they quote `secret` (NULL: it knows none).
 */
char *aws_refusal(const char *who, int status, const char *code, const char *message,
                  const char *secret);

static inline void aws_request_cleanup(struct aws_request *request)
{
    aws_request_release(request);
}

#endif
