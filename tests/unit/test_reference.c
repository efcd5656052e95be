#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "reference.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

static void assert_parts(const char *text, const char *registry, const char *path, const char *tag,
                         const char *digest)
{
    AUTO(reference) struct reference ref = {0};
    const char *why = NULL;
    if (reference_parse(text, &ref, &why) != 0)
        fail_msg("\"%s\" was refused: %s", text, why);
    assert_string_equal(ref.registry, registry);
    assert_string_equal(ref.path, path);
    assert_string_equal(ref.tag ? ref.tag : "-", tag ? tag : "-");
    assert_string_equal(ref.digest ? ref.digest : "-", digest ? digest : "-");
}

static void assert_refused(const char *text)
{
    struct reference ref = {0};
    const char *why = NULL;
    if (reference_parse(text, &ref, &why) != ERR_INVALID)
        fail_msg("\"%s\" was taken", text);
    assert_non_null(why);
    assert_int_equal(why[strlen(why) - 1], '.');
    assert_int_equal(reference_parse(text, &ref, NULL), ERR_INVALID);
    assert_null(ref.registry);
    assert_null(ref.path);
}

static void short_names_are_docker_hubs(void **state)
{
    (void)state;
    assert_parts("nginx", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("_/nginx", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("library/nginx", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("org/name", "docker.io", "org/name", NULL, NULL);
    assert_parts("docker.io/nginx", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("index.docker.io/org/name", "docker.io", "org/name", NULL, NULL);
    assert_parts("registry-1.docker.io/_/nginx", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("DOCKER.IO/nginx", "docker.io", "library/nginx", NULL, NULL);
}

static void hosts_are_told_from_paths(void **state)
{
    (void)state;
    assert_parts("ghcr.io/org/name", "ghcr.io", "org/name", NULL, NULL);
    assert_parts("ghcr.io/name", "ghcr.io", "name", NULL, NULL);
    assert_parts("GHCR.io/org/name", "ghcr.io", "org/name", NULL, NULL);
    assert_parts("localhost/name", "localhost", "name", NULL, NULL);
    assert_parts("localhost:5000/a/b/c", "localhost:5000", "a/b/c", NULL, NULL);
    assert_parts("host:5000/name", "host:5000", "name", NULL, NULL);
    assert_parts("127.0.0.1:5000/name", "127.0.0.1:5000", "name", NULL, NULL);
    assert_parts("[::1]:5000/name:1", "[::1]:5000", "name", "1", NULL);
    assert_parts("host/name", "docker.io", "host/name", NULL, NULL);
}

static void tags_and_digests_are_cut_off(void **state)
{
    (void)state;
    assert_parts("nginx:1.27", "docker.io", "library/nginx", "1.27", NULL);
    assert_parts("nginx:_A.b-C", "docker.io", "library/nginx", "_A.b-C", NULL);
    assert_parts("nginx@" DIGEST, "docker.io", "library/nginx", NULL, DIGEST);
    assert_parts("localhost:5000/a:5001@" DIGEST, "localhost:5000", "a", "5001", DIGEST);
    assert_parts("localhost:5000", "docker.io", "library/localhost", "5000", NULL);
}

static void one_trailing_slash_is_dropped(void **state)
{
    (void)state;
    assert_parts("nginx/", "docker.io", "library/nginx", NULL, NULL);
    assert_parts("ghcr.io/org/name/", "ghcr.io", "org/name", NULL, NULL);
    assert_refused("nginx//");
    assert_refused("/");
    assert_refused("//");
}

static void separators_in_paths_follow_the_grammar(void **state)
{
    (void)state;
    const char *good[] = {"a.b", "a_b", "a__b", "a-b", "a---b", "0", "a0.b1_c2__d3-e4/f"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO(free) char *text = xasprintf("ghcr.io/%s", good[i]);
        assert_parts(text, "ghcr.io", good[i], NULL, NULL);
    }
    const char *bad[] = {"a..b", "a___b", "a._b", "a-_b", ".a",   "a.",   "-a",    "a-",   "_a",
                         "a_",   "a//b",  "/a",   "a/",   "a b",  "a\nb", "a\tb",  "a%2f", "a?b",
                         "a#b",  "a\\b",  "é",    "a/..", "../a", "a/.",  "a/./b", "*",    "_/a"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(free) char *text = xasprintf("ghcr.io/x/%s/y", bad[i]);
        assert_refused(text);
    }
}

static void hosts_follow_the_grammar(void **state)
{
    (void)state;
    const char *bad[] = {"-a.io",    "a-.io",  ".io",   "a..io",     "a.io.",       "a_b.io",
                         "a.io:",    "a.io:x", ":5000", "a:5000:1",  "a.io:123456", "[::1",
                         "[::1]x",   "[x]",    "a b.c", "user@a.io", "a.io%20",     "é.io",
                         "a.io\r\n", "[]:5:",  "a-:80", "[::1]:-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(free) char *text = xasprintf("%s/name", bad[i]);
        assert_refused(text);
    }
}

static void malformed_names_are_refused_with_a_sentence(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         " ",
                         ":",
                         "@",
                         ":tag",
                         "@" DIGEST,
                         "nginx:",
                         "nginx:-a",
                         "nginx:.a",
                         "nginx:a:b",
                         "nginx:a b",
                         "nginx@",
                         "nginx@latest",
                         "nginx@sha256:abc",
                         "nginx@" DIGEST "@" DIGEST,
                         "nginx@" DIGEST ":tag",
                         "Nginx",
                         "org/Name",
                         "ghcr.io/Org/name",
                         "http://ghcr.io/org/name",
                         HEX64,
                         HEX64 ":tag",
                         "nginx\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_refused(bad[i]);
}

static void sentence_says_what_is_wrong(void **state)
{
    (void)state;
    struct reference ref;
    const char *why = NULL;
    assert_int_equal(reference_parse("Nginx", &ref, &why), ERR_INVALID);
    assert_non_null(strstr(why, "upper-case"));
    assert_int_equal(reference_parse("nginx@x", &ref, &why), ERR_INVALID);
    assert_non_null(strstr(why, "digest"));
    assert_int_equal(reference_parse("nginx:-", &ref, &why), ERR_INVALID);
    assert_non_null(strstr(why, "tag"));
    assert_int_equal(reference_parse("a..b.io/x", &ref, &why), ERR_INVALID);
    assert_non_null(strstr(why, "host name"));
    assert_int_equal(reference_parse(HEX64, &ref, &why), ERR_INVALID);
    assert_non_null(strstr(why, "image's id"));
}

static void lengths_are_limited(void **state)
{
    (void)state;
    char path[600];
    memset(path, 'a', sizeof(path));
    memcpy(path, "o/", 2);
    path[255] = '\0';
    assert_parts(path, "docker.io", path, NULL, NULL);
    path[255] = 'a';
    path[256] = '\0';
    assert_refused(path);
    path[256] = 'a';
    path[599] = '\0';
    assert_refused(path);
    char tag[130];
    memset(tag, 't', sizeof(tag));
    tag[128] = '\0';
    assert_true(reference_is_tag(tag));
    tag[128] = 't';
    tag[129] = '\0';
    assert_false(reference_is_tag(tag));
}

static void names_are_written_for_their_readers(void **state)
{
    (void)state;
    const char *cases[][4] = {
        {"nginx:1", "docker.io/library/nginx", "library/nginx", "nginx"},
        {"org/name", "docker.io/org/name", "org/name", "org/name"},
        {"ghcr.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name"},
        {"ghcr.io/library/x", "ghcr.io/library/x", "ghcr.io/library/x", "ghcr.io/library/x"},
        {"localhost:5000/x", "localhost:5000/x", "localhost:5000/x", "localhost:5000/x"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(reference) struct reference ref = {0};
        assert_int_equal(reference_parse(cases[i][0], &ref, NULL), 0);
        AUTO(free) char *canonical = reference_canonical(&ref);
        AUTO(free) char *message = reference_message_name(&ref);
        AUTO(free) char *shown = reference_shown(&ref);
        assert_string_equal(canonical, cases[i][1]);
        assert_string_equal(message, cases[i][2]);
        assert_string_equal(shown, cases[i][3]);
        assert_parts(canonical, ref.registry, ref.path, NULL, NULL);
        assert_parts(message, ref.registry, ref.path, NULL, NULL);
        assert_parts(shown, ref.registry, ref.path, NULL, NULL);
    }
}

/* Written short, these would read as another image. */
static void names_that_would_be_misread_keep_their_host(void **state)
{
    (void)state;
    const char *cases[][3] = {
        {"docker.io/localhost/x", "docker.io/localhost/x", "docker.io/localhost/x"},
        {"docker.io/ghcr.io/x", "docker.io/ghcr.io/x", "docker.io/ghcr.io/x"},
        {"docker.io/library/ghcr.io/x", "library/ghcr.io/x", "library/ghcr.io/x"},
        {"docker.io/_/a/b", "library/a/b", "library/a/b"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(reference) struct reference ref = {0};
        assert_int_equal(reference_parse(cases[i][0], &ref, NULL), 0);
        AUTO(free) char *message = reference_message_name(&ref);
        AUTO(free) char *shown = reference_shown(&ref);
        assert_string_equal(message, cases[i][1]);
        assert_string_equal(shown, cases[i][2]);
        assert_parts(message, ref.registry, ref.path, NULL, NULL);
        assert_parts(shown, ref.registry, ref.path, NULL, NULL);
    }
}

static void copies_stand_alone(void **state)
{
    (void)state;
    struct reference ref;
    AUTO(reference) struct reference copy = {0};
    assert_int_equal(reference_parse("a/b:c@" DIGEST, &ref, NULL), 0);
    reference_copy(&copy, &ref);
    reference_release(&ref);
    assert_null(ref.path);
    reference_release(&ref);
    assert_string_equal(copy.registry, "docker.io");
    assert_string_equal(copy.path, "a/b");
    assert_string_equal(copy.tag, "c");
    assert_string_equal(copy.digest, DIGEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_names_are_docker_hubs),
        cmocka_unit_test(hosts_are_told_from_paths),
        cmocka_unit_test(tags_and_digests_are_cut_off),
        cmocka_unit_test(one_trailing_slash_is_dropped),
        cmocka_unit_test(separators_in_paths_follow_the_grammar),
        cmocka_unit_test(hosts_follow_the_grammar),
        cmocka_unit_test(malformed_names_are_refused_with_a_sentence),
        cmocka_unit_test(sentence_says_what_is_wrong),
        cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(names_are_written_for_their_readers),
        cmocka_unit_test(names_that_would_be_misread_keep_their_host),
        cmocka_unit_test(copies_stand_alone),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
