#include "unit.h"

#include <stdbool.h>

#include "challenge.h"
#include "httpc.h"
#include "loop.h"
#include "mem.h"
#include "registries.h"
#include "registry_token.h"

static void on_token(void *arg, int err, const char *text, int64_t retry_at_ms)
{
    (void)arg;
    (void)err;
    (void)text;
    (void)retry_at_ms;
    fail();
}

static bool is_asked(const struct registries *registries, const char *host, const char *realm)
{
    struct loop *loop = loop_new();
    struct httpc *httpc = httpc_new(loop, "test");
    struct token_cache *cache = token_cache_new(loop, httpc);
    AUTO(challenge) struct challenge challenge = {0};
    AUTO(free) char *header = xasprintf("Bearer realm=\"%s\"", realm);
    assert_int_equal(challenge_parse(header, &challenge), 0);
    struct token_wait *wait = token_fetch(cache, registries_find(registries, host), "a/b",
                                          &challenge, loop_now_ms(loop) + 1000, on_token, NULL);
    bool is_asked = token_requests(cache) == 1;
    assert_int_equal(is_asked, wait != NULL);
    token_cancel(wait);
    token_cache_free(cache);
    httpc_free(httpc);
    loop_free(loop);
    return is_asked;
}

/* A registry that is reached by https could otherwise have its tokens asked for in the clear. */
static void realms_by_http_are_for_registries_by_http(void **state)
{
    (void)state;
    struct registries *registries = NULL;
    char *why = NULL;
    assert_int_equal(registries_parse("ghcr.io,safe=https://127.0.0.1:1,plain=http://127.0.0.1:1",
                                      &registries, &why),
                     0);
    assert_true(is_asked(registries, "ghcr.io", "https://127.0.0.1:1/token"));
    assert_false(is_asked(registries, "ghcr.io", "http://127.0.0.1:1/token"));
    assert_true(is_asked(registries, "safe", "https://127.0.0.1:1/token"));
    assert_false(is_asked(registries, "safe", "http://127.0.0.1:1/token"));
    assert_true(is_asked(registries, "plain", "http://127.0.0.1:1/token"));
    assert_true(is_asked(registries, "plain", "https://127.0.0.1:1/token"));
    assert_false(is_asked(registries, "plain", "ftp://127.0.0.1:1/token"));
    assert_false(is_asked(registries, "plain", "file:///etc/passwd"));
    assert_false(is_asked(registries, "plain", "token"));
    registries_free(registries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(realms_by_http_are_for_registries_by_http),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
