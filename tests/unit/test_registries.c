#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "registries.h"
#include "strbuf.h"

static struct registries *parse(const char *text)
{
    struct registries *registries = NULL;
    char *why = NULL;
    if (registries_parse(text, &registries, &why) != 0)
        fail_msg("\"%s\" was refused: %s", text, why);
    assert_null(why);
    return registries;
}

static void assert_host(const struct registries *registries, const char *host, const char *base_url,
                        bool configured)
{
    const struct registry_host *found = registries_find(registries, host);
    assert_non_null(found);
    assert_string_equal(found->host, host);
    assert_string_equal(found->base_url, base_url);
    assert_int_equal(found->configured, configured);
}

static void default_stands_for_the_public_ones(void **state)
{
    (void)state;
    struct registries *registries = parse("default");
    assert_host(registries, "docker.io", "https://registry-1.docker.io", false);
    const char *hosts[] = {"ghcr.io", "quay.io",         "public.ecr.aws",     "mcr.microsoft.com",
                           "gcr.io",  "registry.k8s.io", "registry.gitlab.com"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        AUTO(free) char *url = xasprintf("https://%s", hosts[i]);
        assert_host(registries, hosts[i], url, false);
    }
    registries_free(registries);
    registries_free(NULL);
}

static void what_is_not_listed_is_not_allowed(void **state)
{
    (void)state;
    struct registries *registries = parse("ghcr.io");
    const char *others[] = {"",        "docker.io", "ghcr.i",    "ghcr.iox",
                            "GHCR.io", "x.ghcr.io", "localhost", "ghcr.io:443"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_null(registries_find(registries, others[i]));
    assert_host(registries, "ghcr.io", "https://ghcr.io", false);
    registries_free(registries);
}

static void urls_say_how_a_host_is_reached(void **state)
{
    (void)state;
    struct registries *registries =
        parse("samples.local=http://127.0.0.1:5000/, a.example=https://b.example/path/,localhost,"
              "localhost:5000 short=http://[::1]:80");
    assert_host(registries, "samples.local", "http://127.0.0.1:5000", true);
    assert_host(registries, "a.example", "https://b.example/path", true);
    assert_host(registries, "localhost", "https://localhost", false);
    assert_host(registries, "localhost:5000", "https://localhost:5000", false);
    assert_host(registries, "short", "http://[::1]:80", true);
    registries_free(registries);
}

static bool allows(const struct registries *registries, const char *host, const char *url)
{
    return registry_host_allows_private(registries_find(registries, host), url);
}

static void private_addresses_are_for_hosts_that_a_url_names(void **state)
{
    (void)state;
    struct registries *registries = parse("default,inner=http://registry.svc:5000,"
                                          "store=https://store.svc,plain.example");
    assert_true(allows(registries, "inner", "http://registry.svc:5000/v2/x"));
    assert_true(allows(registries, "inner", "https://REGISTRY.svc/token"));
    assert_true(allows(registries, "inner", "https://store.svc/blob?sig=1"));
    assert_false(allows(registries, "inner", "http://registry.svc.evil.example/"));
    assert_false(allows(registries, "inner", "http://169.254.169.254/"));
    assert_false(allows(registries, "inner", "http://registry.svc@10.0.0.1/"));
    assert_false(allows(registries, "inner", "https://ghcr.io/"));
    assert_false(allows(registries, "inner", "not a url"));
    /* A public registry may lead nowhere private, not even there. */
    assert_false(allows(registries, "ghcr.io", "http://registry.svc:5000/v2/x"));
    assert_false(allows(registries, "ghcr.io", "https://ghcr.io/v2/x"));
    assert_false(allows(registries, "plain.example", "https://plain.example/v2/x"));
    registries_free(registries);
}

static void http_is_for_registries_named_so(void **state)
{
    (void)state;
    struct registries *registries = parse("ghcr.io,inner=HTTP://registry.svc,store=https://s.svc");
    assert_true(registry_host_is_http(registries_find(registries, "inner")));
    assert_false(registry_host_is_http(registries_find(registries, "store")));
    assert_false(registry_host_is_http(registries_find(registries, "ghcr.io")));
    registries_free(registries);
}

static void last_url_of_a_host_counts(void **state)
{
    (void)state;
    struct registries *registries = parse("default,docker.io=http://hub:1,ghcr.io=http://one,"
                                          "ghcr.io=http://two");
    assert_host(registries, "docker.io", "http://hub:1", true);
    assert_host(registries, "ghcr.io", "http://two", true);
    registries_free(registries);
    registries = parse("docker.io=http://hub:1,default,docker.io");
    assert_host(registries, "docker.io", "http://hub:1", true);
    assert_host(registries, "quay.io", "https://quay.io", false);
    registries_free(registries);
}

static void assert_refused(const char *text, const char *expected)
{
    struct registries *registries = NULL;
    char *why = NULL;
    if (registries_parse(text, &registries, &why) != ERR_INVALID)
        fail_msg("\"%s\" was taken", text);
    assert_null(registries);
    if (!strstr(why, expected))
        fail_msg("\"%s\": %s", text, why);
    free(why);
}

static void empty_list_is_refused(void **state)
{
    (void)state;
    assert_refused("", "allows no registry");
    assert_refused(" ,, ,", "allows no registry");
}

static void what_is_no_host_is_refused(void **state)
{
    (void)state;
    assert_refused("ghcr.io,https://quay.io", "\"https://quay.io\" is no host name");
    assert_refused("GHCR.io", "\"GHCR.io\" is no host name");
    assert_refused("ghcr.io/org", "is no host name");
    assert_refused("user@ghcr.io", "is no host name");
    assert_refused("*.example", "is no host name");
    assert_refused("=http://x", "is no host name");
    assert_refused("a\n.b", "is no host name");
    assert_refused("myhost", "\"myhost\" is no registry's host");
    assert_refused("defaults", "is no registry's host");
}

static void what_is_no_url_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "x",
                         "//x",
                         "ftp://x",
                         "file:///etc/passwd",
                         "unix:/run/x.sock",
                         "http://",
                         "http://x:99999",
                         "http://x?a=b",
                         "http://x#y",
                         "http://x/?",
                         "http://user@x",
                         "http://user:secret@x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(free) char *text = xasprintf("a.b=%s", bad[i]);
        assert_refused(text, "\"a.b\" has no http:// or https:// URL");
    }
}

static void list_has_an_end(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(10000);
    for (int i = 0; i < 256; i++)
        strbuf_addf(&text, "h%d.example,", i);
    struct registries *registries = parse(strbuf_str(&text));
    assert_host(registries, "h255.example", "https://h255.example", false);
    registries_free(registries);
    strbuf_adds(&text, "one.more");
    assert_refused(strbuf_str(&text), "\"one.more\" is one too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_stands_for_the_public_ones),
        cmocka_unit_test(what_is_not_listed_is_not_allowed),
        cmocka_unit_test(urls_say_how_a_host_is_reached),
        cmocka_unit_test(private_addresses_are_for_hosts_that_a_url_names),
        cmocka_unit_test(http_is_for_registries_named_so),
        cmocka_unit_test(last_url_of_a_host_counts),
        cmocka_unit_test(empty_list_is_refused),
        cmocka_unit_test(what_is_no_host_is_refused),
        cmocka_unit_test(what_is_no_url_is_refused),
        cmocka_unit_test(list_has_an_end),
    };
    return cmocka_run_group_tests_name("registries", tests, NULL, NULL);
}
