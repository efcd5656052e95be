/* Credentials for registries from a file (MB_REGISTRY_AUTH_FILE), and whom they may be sent to: the
 * registry itself, and a token server on its own host or one that is known to be its own. */
#ifndef MB_REGISTRY_AUTH_H
#define MB_REGISTRY_AUTH_H

#include "docker_config.h"

struct registry_auth;
struct registry_host;

/* What stands for no file. */
#define REGISTRY_AUTH_NONE "none"

/* 0, or ERR_INVALID with ret_why all that is wrong with the file (caller frees). */
int registry_auth_check(const char *path, char **ret_why);

/* The file changed and was read again. why NULL: what it says now counts; else it cannot be used
 * and what it said before still counts. */
typedef void registry_auth_reread(void *arg, const char *why);

/* path may be REGISTRY_AUTH_NONE. The file is looked at whenever a credential is asked for, as
 * secrets are replaced while programs run. */
struct registry_auth *registry_auth_new(const char *path, registry_auth_reread *reread, void *arg);
void registry_auth_free(struct registry_auth *auth);

/* All of them take auth NULL as one without credentials. */

/* "Authorization: Basic ..." for the registry itself; NULL where no user and password are known.
 * Caller frees. */
char *registry_auth_basic(struct registry_auth *auth, const struct registry_host *host,
                          const char *path);
/* What may be sent to the token server at this URL; NULL where nothing is known or the server is
 * not the registry's own. Borrowed until the next call. */
const struct docker_credential *registry_auth_for_realm(struct registry_auth *auth,
                                                        const struct registry_host *host,
                                                        const char *path, const char *realm);
/* "Authorization: Basic ..." of a credential. Caller frees. */
char *registry_auth_header(const char *user, const char *password);

#endif
