#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "mem.h"
#include "registries.h"
#include "registry_auth.h"

#define ONE "{\"auths\":{\"quay.io\":{\"auth\":\"dTox\"}}}"
#define TWO "{\"auths\":{\"quay.io\":{\"auth\":\"dToy\"}}}"

static char path[] = "/tmp/registry-auth-XXXXXX";

static void write_file(const char *text)
{
    /* As a secret is replaced: by another file under its name. */
    AUTO(free) char *beside = xasprintf("%s.new", path);
    FILE *file = fopen(beside, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(beside, path), 0);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

struct rereads {
    int count;
    char why[256];
};

static void on_reread(void *arg, const char *why)
{
    struct rereads *rereads = arg;
    rereads->count++;
    (void)snprintf(rereads->why, sizeof(rereads->why), "%s", why ? why : "");
}

static struct registries *registries_of(const char *text)
{
    struct registries *registries = NULL;
    char *why = NULL;
    assert_int_equal(registries_parse(text, &registries, &why), 0);
    return registries;
}

static void assert_basic(struct registry_auth *auth, const struct registry_host *host,
                         const char *encoded)
{
    AUTO(free) char *header = registry_auth_basic(auth, host, "a/b");
    AUTO(free) char *wanted = xasprintf("Authorization: Basic %s", encoded);
    assert_non_null(header);
    assert_string_equal(header, wanted);
}

static void a_changed_file_is_read_again(void **state)
{
    (void)state;
    struct registries *registries = registries_of("default");
    const struct registry_host *quay = registries_find(registries, "quay.io");
    struct rereads rereads = {0};
    write_file(ONE);
    struct registry_auth *auth = registry_auth_new(path, on_reread, &rereads);
    assert_basic(auth, quay, "dTox");
    assert_basic(auth, quay, "dTox");
    assert_int_equal(rereads.count, 0);
    write_file(TWO);
    assert_basic(auth, quay, "dToy");
    assert_int_equal(rereads.count, 1);
    assert_string_equal(rereads.why, "");
    registry_auth_free(auth);
    registries_free(registries);
}

static void a_bad_file_leaves_what_was_known(void **state)
{
    (void)state;
    struct registries *registries = registries_of("default");
    const struct registry_host *quay = registries_find(registries, "quay.io");
    struct rereads rereads = {0};
    write_file(ONE);
    struct registry_auth *auth = registry_auth_new(path, on_reread, &rereads);
    write_file("{");
    assert_basic(auth, quay, "dTox");
    assert_basic(auth, quay, "dTox");
    assert_int_equal(rereads.count, 1); /* it is told once */
    assert_string_equal(rereads.why, "it is no JSON: see line 1");
    assert_int_equal(unlink(path), 0);
    assert_basic(auth, quay, "dTox");
    assert_int_equal(rereads.count, 2);
    assert_string_equal(rereads.why, "cannot be read: No such file or directory");
    write_file(TWO);
    assert_basic(auth, quay, "dToy");
    assert_int_equal(rereads.count, 3);
    registry_auth_free(auth);
    registries_free(registries);
}

static void realms_that_get_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *host, *realm;
        bool is_own;
    } cases[] = {
        {"docker.io", "https://auth.docker.io/token", true},
        {"docker.io", "https://registry-1.docker.io/token", true},
        {"docker.io", "http://auth.docker.io/token", false},
        {"docker.io", "https://auth.docker.io.evil.example/token", false},
        {"docker.io", "https://auth.docker.io@evil.example/token", false},
        {"ghcr.io", "https://ghcr.io/token", true},
        {"ghcr.io", "https://GHCR.io:443/token", true},
        {"ghcr.io", "http://ghcr.io/token", false},
        {"ghcr.io", "https://auth.docker.io/token", false},
        {"ghcr.io", "https://evil.example/token", false},
        {"ghcr.io", "https://ghcr.io.evil.example/", false},
        {"ghcr.io", "//ghcr.io/token", false},
        {"registry.gitlab.com", "https://gitlab.com/jwt/auth?service=x", true},
        {"registry.gitlab.com", "http://gitlab.com/jwt/auth", false},
        {"inner", "http://registry.svc:5001/auth", true},
        {"inner", "https://registry.svc/auth", true},
        {"inner", "http://other.svc/auth", false},
        {"safe", "http://safe.svc/auth", false},
        {"safe", "https://safe.svc:5001/auth", true},
    };
    write_file("{\"auths\":{\"docker.io\":{\"auth\":\"dTox\"},\"ghcr.io\":{\"auth\":\"dTox\"},"
               "\"registry.gitlab.com\":{\"auth\":\"dTox\"},\"inner\":{\"auth\":\"dTox\"},"
               "\"safe\":{\"auth\":\"dTox\"}}}");
    struct registries *registries =
        registries_of("default,inner=http://registry.svc:5000,safe=https://safe.svc");
    struct registry_auth *auth = registry_auth_new(path, on_reread, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct registry_host *host = registries_find(registries, cases[i].host);
        bool is_own = registry_auth_for_realm(auth, host, "a/b", cases[i].realm) != NULL;
        if (is_own != cases[i].is_own)
            fail_msg("%s at %s", cases[i].host, cases[i].realm);
    }
    registry_auth_free(auth);
    registries_free(registries);
}

static void without_a_file_there_is_nothing(void **state)
{
    (void)state;
    struct registries *registries = registries_of("default");
    const struct registry_host *quay = registries_find(registries, "quay.io");
    struct registry_auth *auth = registry_auth_new(REGISTRY_AUTH_NONE, on_reread, NULL);
    assert_null(registry_auth_basic(auth, quay, "a"));
    assert_null(registry_auth_basic(NULL, quay, "a"));
    assert_null(registry_auth_for_realm(NULL, quay, "a", "https://quay.io/v2/auth"));
    registry_auth_free(auth);
    registry_auth_free(NULL);
    registries_free(registries);
}

static void files_are_checked(void **state)
{
    (void)state;
    char *why = NULL;
    write_file(ONE);
    assert_int_equal(registry_auth_check(path, &why), 0);
    assert_int_equal(registry_auth_check(REGISTRY_AUTH_NONE, &why), 0);
    assert_null(why);
    assert_int_equal(registry_auth_check("/no/such/file", &why), ERR_INVALID);
    assert_string_equal(why, "cannot be read: No such file or directory");
    free(why);
    assert_int_equal(registry_auth_check("/tmp", &why), ERR_INVALID);
    assert_string_equal(why, "cannot be read");
    free(why);
    AUTO(free) char *large = xmalloc((1 << 20) + 2);
    memset(large, ' ', (1 << 20) + 1);
    large[(1 << 20) + 1] = '\0';
    write_file(large);
    assert_int_equal(registry_auth_check(path, &why), ERR_INVALID);
    assert_string_equal(why, "is larger than 1 MiB");
    free(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_file_is_read_again),
        cmocka_unit_test(a_bad_file_leaves_what_was_known),
        cmocka_unit_test(realms_that_get_credentials),
        cmocka_unit_test(without_a_file_there_is_nothing),
        cmocka_unit_test(files_are_checked),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
