/* Image references by the distribution reference grammar (distribution/reference): the one place
 * that reads and writes names. */
#ifndef MB_REFERENCE_H
#define MB_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct reference {
    char *registry; /* "docker.io", "ghcr.io", "samples.local", "localhost:5000" */
    char *path;     /* "library/nginx" */
    char *tag;      /* NULL if none was given */
    char *digest;   /* "sha256:..." or NULL; wins over the tag */
};

/* `[host/]path[:tag][@digest]`. No namespace, and the namespace `_`, stand for `library` on
 * docker.io; index.docker.io and registry-1.docker.io are docker.io; one trailing slash is
 * dropped. 0 or ERR_INVALID with ret_why a static sentence that says what is wrong; ret_why may be
 * NULL. Caller releases. */
int reference_parse(const char *text, struct reference *ret_reference, const char **ret_why);
void reference_release(struct reference *reference);
void reference_copy(struct reference *ret_copy, const struct reference *reference);

/* "docker.io/library/nginx": the key in Redis, notices and the webhook's HMAC. Caller frees. */
char *reference_canonical(const struct reference *reference);
/* "library/nginx", "ghcr.io/org/name": ImageName in messages. Caller frees. */
char *reference_message_name(const struct reference *reference);
/* "nginx", "org/name", "ghcr.io/org/name": ImageName in answers. Caller frees. */
char *reference_shown(const struct reference *reference);

bool reference_is_tag(const char *text);

static inline void reference_cleanup(struct reference *reference)
{
    reference_release(reference);
}

#endif
