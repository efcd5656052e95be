#include "unit.h"

#include <string.h>

#include "err.h"
#include "mem.h"
#include "reference.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void expect(const char *text, const char *canonical, const char *message, const char *shown)
{
    AUTO(reference) struct reference ref = {0};
    const char *why = "";
    if (reference_parse(text, &ref, &why) != 0)
        fail_msg("%s: %s", text, why);
    AUTO(free) char *canonical_name = reference_canonical(&ref);
    AUTO(free) char *message_name = reference_message_name(&ref);
    AUTO(free) char *shown_name = reference_shown(&ref);
    assert_string_equal(canonical_name, canonical);
    assert_string_equal(message_name, message);
    assert_string_equal(shown_name, shown);
}

static void names_are_normalised(void **state)
{
    (void)state;
    expect("nginx", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("library/nginx", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("_/nginx", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("docker.io/nginx", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("Docker.IO/_/nginx", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("index.docker.io/a/b", "docker.io/a/b", "a/b", "a/b");
    expect("registry-1.docker.io/nginx/", "docker.io/library/nginx", "library/nginx", "nginx");
    expect("org/name/", "docker.io/org/name", "org/name", "org/name");
    expect("ghcr.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name");
    expect("samples.local/app", "samples.local/app", "samples.local/app", "samples.local/app");
    expect("GHCR.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name", "ghcr.io/org/name");
    expect("localhost/a", "localhost/a", "localhost/a", "localhost/a");
    expect("localhost:5000/a", "localhost:5000/a", "localhost:5000/a", "localhost:5000/a");
    expect("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a");
    expect("localhost", "docker.io/library/localhost", "library/localhost", "localhost");
    expect("search", "docker.io/library/search", "library/search", "search");
    expect("a.b-c__d---e", "docker.io/library/a.b-c__d---e", "library/a.b-c__d---e",
           "a.b-c__d---e");
    expect("_/" HEX, "docker.io/library/" HEX, "library/" HEX, "library/" HEX);
}

/* What one program writes, another must read as the same repository. */
static void short_names_lead_back(void **state)
{
    (void)state;
    static const char *const names[] = {
        "nginx",       "org/name",        "ghcr.io/a/b/c",         "docker.io/localhost/app",
        "docker.io/x", "docker.io/a/b/c", "docker.io/library/a/b", "localhost:1/library/x",
        "_/" HEX,
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(reference) struct reference ref = {0};
        assert_int_equal(reference_parse(names[i], &ref, NULL), 0);
        AUTO(free) char *canonical = reference_canonical(&ref);
        AUTO(free) char *message = reference_message_name(&ref);
        AUTO(free) char *shown = reference_shown(&ref);
        const char *const written[] = {canonical, message, shown};
        for (size_t k = 0; k < ARRAY_LEN(written); k++) {
            AUTO(reference) struct reference again = {0};
            assert_int_equal(reference_parse(written[k], &again, NULL), 0);
            assert_string_equal(again.registry, ref.registry);
            assert_string_equal(again.path, ref.path);
        }
    }
}

static void tags_and_digests_are_split_off(void **state)
{
    (void)state;
    struct reference ref;
    assert_int_equal(reference_parse("localhost:5000/a/b:V1.0_x-y/", &ref, NULL), 0);
    assert_string_equal(ref.registry, "localhost:5000");
    assert_string_equal(ref.path, "a/b");
    assert_string_equal(ref.tag, "V1.0_x-y");
    assert_null(ref.digest);
    reference_release(&ref);
    assert_null(ref.path);

    assert_int_equal(reference_parse("nginx:1.27@sha256:" HEX, &ref, NULL), 0);
    assert_string_equal(ref.tag, "1.27");
    assert_string_equal(ref.digest, "sha256:" HEX);
    struct reference copy;
    reference_copy(&copy, &ref);
    reference_release(&ref);
    assert_string_equal(copy.path, "library/nginx");
    assert_string_equal(copy.digest, "sha256:" HEX);
    reference_release(&copy);
}

static void refuse(const char *text, const char *part_of_why)
{
    struct reference ref = {0};
    const char *why = NULL;
    if (reference_parse(text, &ref, &why) != ERR_INVALID)
        fail_msg("accepted: %s", text);
    assert_null(ref.path);
    if (!why || !strstr(why, part_of_why))
        fail_msg("%s: %s", text, why ? why : "no reason");
    assert_int_equal(reference_parse(text, &ref, NULL), ERR_INVALID);
}

static void bad_names_are_refused_with_a_reason(void **state)
{
    (void)state;
    refuse("", "empty");
    refuse("/", "empty");
    refuse("../etc", "no registry's host name");
    refuse("a/../b", "Each part");
    refuse("UPPER/Case", "upper-case");
    refuse("UPPER/case", "upper-case");
    refuse("Nginx", "upper-case");
    refuse("ghcr.io/Org/name", "upper-case");
    refuse("a//b", "Each part");
    refuse("/nginx", "Each part");
    refuse("nginx//", "Each part");
    refuse("a__b___c", "Each part");
    refuse("a..b/c", "host name");
    refuse("-a", "Each part");
    refuse("a-", "Each part");
    refuse("a b", "Each part");
    refuse("a%2fb", "Each part");
    refuse("a\nb", "Each part");
    refuse("ghcr.io/_/nginx", "Each part");
    refuse("a:", "no tag");
    refuse("a:.x", "no tag");
    refuse("a:-x", "no tag");
    refuse("a:b:c", "no tag");
    refuse("a@sha256:12", "no digest");
    refuse("a@", "no digest");
    refuse("a@sha256:" HEX "@sha256:" HEX, "no digest");
    refuse(HEX, "id");
    refuse("host.example:port/a", "host name");
    refuse("host.example:123456/a", "host name");
    refuse("-host.example/a", "host name");
    refuse("host..example/a", "host name");
    refuse("user:pass@host.example/a", "no digest");
    refuse("[::1/a", "host name");
    refuse("[::1]x/a", "host name");
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    char text[700];
    memset(text, 'a', sizeof(text));
    text[300] = '\0';
    refuse(text, "longer than 255");
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    refuse(text, "too long");
    memset(text, 'a', sizeof(text));
    memcpy(text, "h.io/", 5);
    text[5 + 255] = '\0';
    expect(text, text, text, text);
    memset(text, 't', sizeof(text));
    text[1] = ':';
    text[2 + 128] = '\0';
    struct reference ref;
    assert_int_equal(reference_parse(text, &ref, NULL), 0);
    assert_int_equal(strlen(ref.tag), 128);
    reference_release(&ref);
    text[2 + 128] = 't';
    text[2 + 129] = '\0';
    refuse(text, "no tag");
}

static void tags_have_their_own_rule(void **state)
{
    (void)state;
    assert_true(reference_is_tag("_x"));
    assert_true(reference_is_tag("a..b"));
    assert_true(reference_is_tag("LATEST"));
    assert_false(reference_is_tag(".."));
    assert_false(reference_is_tag(""));
    assert_false(reference_is_tag("a/b"));
    assert_false(reference_is_tag("sha256:" HEX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_normalised),
        cmocka_unit_test(short_names_lead_back),
        cmocka_unit_test(tags_and_digests_are_split_off),
        cmocka_unit_test(bad_names_are_refused_with_a_reason),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(tags_have_their_own_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
