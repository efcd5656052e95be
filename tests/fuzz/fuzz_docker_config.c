/* Docker's config.json: what is accepted is fit for headers, and problems are told. */
#include "fuzz.h"

#include <string.h>

#include "docker_config.h"
#include "mem.h"

static int is_plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return 0;
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = {"docker.io", "ghcr.io", "localhost:5000"};
    struct docker_config *config = NULL;
    AUTO(free) char *why = NULL;
    if (docker_config_parse(size ? (const char *)data : "", size, &config, &why) != 0) {
        FUZZ_CHECK(why && *why && !config);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        const struct docker_credential *found = docker_config_find(config, hosts[i], "a/b");
        if (!found)
            continue;
        FUZZ_CHECK(strncmp(found->key, hosts[i], strlen(hosts[i])) == 0);
        FUZZ_CHECK(*found->identity_token || (*found->user && *found->password));
        FUZZ_CHECK(is_plain(found->user) && is_plain(found->password));
        FUZZ_CHECK(is_plain(found->identity_token) && !strchr(found->user, ':'));
    }
    docker_config_free(config);
    return 0;
}
