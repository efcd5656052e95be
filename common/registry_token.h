/* Bearer tokens of registries (distribution-spec's token authentication): one for each repository,
 * asked for once however many requests wait for it. */
#ifndef MB_REGISTRY_TOKEN_H
#define MB_REGISTRY_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct challenge;
struct httpc;
struct loop;
struct registry_auth;
struct registry_host;
struct token_cache;
struct token_wait;

struct token_cache *token_cache_new(struct loop *loop, struct httpc *httpc);
void token_cache_free(struct token_cache *cache);
/* Tokens are asked for with these credentials, where the token server is the registry's own.
 * Borrowed; NULL: anonymously. */
void token_cache_use_auth(struct token_cache *cache, struct registry_auth *auth);

/* The Authorization header for this repository, "" where none is known. Borrowed until the next
 * call. ret_number tells tokens apart; 0 where there is none. */
const char *token_header(struct token_cache *cache, const struct registry_host *host,
                         const char *path, uint64_t *ret_number);
/* Docker Hub's realm, service and scope are known beforehand: asking first saves a round trip. */
bool token_is_known_beforehand(const struct registry_host *host);

/* The scope that such a challenge asks for; challenge NULL: pulling. Caller frees. */
char *token_scope(const char *path, const struct challenge *challenge);

/* err 0: a fresh token is there. text says why not, for a person. */
typedef void token_done(void *arg, int err, const char *text, int64_t retry_at_ms);
/* challenge NULL: what is known beforehand. Waiters of one repository share one request. NULL, and
 * no callback, where the realm is not to be asked: no https. */
struct token_wait *token_fetch(struct token_cache *cache, const struct registry_host *host,
                               const char *path, const struct challenge *challenge,
                               int64_t deadline_ms, token_done *done, void *arg);
/* No callback comes after this. NULL is fine. */
void token_cancel(struct token_wait *wait);
/* Token requests sent since the start. */
int64_t token_requests(const struct token_cache *cache);

#endif
