/* WWW-Authenticate challenges (RFC 9110 11.6.1) and Link headers (RFC 8288) as registries send
 * them. Pure functions over foreign text. */
#ifndef MB_CHALLENGE_H
#define MB_CHALLENGE_H

#include <stdbool.h>

struct challenge {
    bool is_basic; /* else Bearer */
    char *realm;   /* "" if absent */
    char *service;
    char *scope;
    char *error; /* "insufficient_scope", "invalid_token", "" */
};

/* Picks Bearer before Basic out of one header that may hold several challenges. 0 or ERR_NOTFOUND.
 * Caller releases. */
int challenge_parse(const char *header, struct challenge *ret_challenge);
void challenge_release(struct challenge *challenge);

/* The target of rel="next" in a Link header; NULL if there is none. Caller frees. */
char *link_next(const char *header);

/* Retry-After in all its forms: digits from 1e9 on are an epoch, else seconds; else an HTTP date.
 * Wall time in ms, never before now_ms nor more than 24 h after; 0 where it cannot be read. */
long long retry_after_ms(const char *header, long long now_ms);

static inline void challenge_cleanup(struct challenge *challenge)
{
    challenge_release(challenge);
}

#endif
