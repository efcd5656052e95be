/* The credentials in a Docker config.json: its "auths". Pure functions over a file's text. */
#ifndef MB_DOCKER_CONFIG_H
#define MB_DOCKER_CONFIG_H

#include <stddef.h>

struct docker_config;

/* Either an identity token, or user and password; an identity token may come with a user. */
struct docker_credential {
    char *key;            /* "ghcr.io", "quay.io/org": what it is for */
    char *user;           /* "" if none */
    char *password;       /* "" if none */
    char *identity_token; /* "" if none */
};

/* Keys are read as Docker and Podman do: "host", "host/path", or a URL, of which only the host
 * counts ("https://index.docker.io/v1/"). Of two entries for the same the last one counts. 0, or
 * ERR_INVALID with ret_why all that is wrong, which never repeats a secret (caller frees). Caller
 * frees the config. */
int docker_config_parse(const char *text, size_t len, struct docker_config **ret_config,
                        char **ret_why);
void docker_config_free(struct docker_config *config);

/* The entry with the longest key that leads to this repository; NULL if there is none. Borrowed. */
const struct docker_credential *docker_config_find(const struct docker_config *config,
                                                   const char *host, const char *path);

#endif
