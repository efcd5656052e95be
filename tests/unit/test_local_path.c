#include "unit.h"

#include <string.h>

#include "err.h"
#include "local_path.h"
#include "mem.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *text, enum document_answer answer, const char *name,
                   const char *digest, const char *platform)
{
    AUTO(local_path) struct local_path path = {0};
    const char *why = NULL;
    assert_int_equal(local_path_parse(text, &path, &why), 0);
    AUTO(free) char *canonical = reference_canonical(&path.image);
    assert_int_equal(path.answer, answer);
    assert_string_equal(canonical, name);
    assert_string_equal(path.image.digest ? path.image.digest : "", digest);
    assert_string_equal(path.platform ? path.platform : "", platform);
}

static void paths_of_images_are_read(void **state)
{
    (void)state;
    expect("/v1/images/nginx:1.27", DOCUMENT_IMAGE, "docker.io/library/nginx", "", "");
    expect("/v1/images/ghcr.io/a/b?platform=linux%2Farm64", DOCUMENT_IMAGE, "ghcr.io/a/b", "",
           "linux/arm64");
    expect("/v1/images/a/b@sha256:" HEX, DOCUMENT_IMAGE, "docker.io/a/b", "sha256:" HEX, "");
    expect("/v1/images/a/b/version/" HEX, DOCUMENT_VERSION, "docker.io/a/b", "sha256:" HEX, "");
    expect("/v1/images/a/version/version/sha256:" HEX, DOCUMENT_VERSION, "docker.io/a/version",
           "sha256:" HEX, "");
    expect("/v1/dockerfile/a/b", DOCUMENT_DOCKERFILE, "docker.io/a/b", "", "");
    expect("/v1/images/search/a:1", DOCUMENT_IMAGE, "docker.io/search/a", "", "");
}

static void a_status_is_one(void **state)
{
    (void)state;
    AUTO(local_path) struct local_path path = {0};
    const char *why = NULL;
    assert_int_equal(local_path_parse("/v1/status/nginx", &path, &why), 0);
    assert_true(path.is_status);
}

static void the_rest_is_for_a_server(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/images/search/nginx", "/v1/me", "/badges/image/a.svg",
                                        "/v1/images"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct local_path sides[2] = {0};
        const char *why = NULL;
        assert_int_equal(local_path_parse(paths[i], sides, &why), ERR_UNSUPPORTED);
        assert_int_equal(local_path_parse_compare(paths[i], sides, &why), ERR_UNSUPPORTED);
    }
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/images/UPPER", "/v1/images/a/version/12",
                                        "/v1/dockerfile/a:b:c"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct local_path path = {0};
        const char *why = NULL;
        assert_int_equal(local_path_parse(paths[i], &path, &why), ERR_INVALID);
        assert_true(strlen(why) > 0);
    }
}

static void comparisons_have_two_sides(void **state)
{
    (void)state;
    struct local_path sides[2] = {0};
    const char *why = NULL;
    assert_int_equal(
        local_path_parse_compare("/v1/compare?a=nginx%3A1&b=redis&platform=a/b&platform_b=c/d",
                                 sides, &why),
        0);
    assert_string_equal(sides[0].image.tag, "1");
    assert_string_equal(sides[0].platform, "a/b");
    assert_string_equal(sides[1].image.path, "library/redis");
    assert_string_equal(sides[1].platform, "c/d");
    assert_int_equal(sides[1].answer, DOCUMENT_VERSION);
    local_path_release(&sides[0]);
    local_path_release(&sides[1]);
    assert_int_equal(local_path_parse_compare("/v1/compare?a=nginx", sides, &why), ERR_INVALID);
    assert_int_equal(local_path_parse_compare("/v1/compare?a=nginx&b=X", sides, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_images_are_read),   cmocka_unit_test(a_status_is_one),
        cmocka_unit_test(the_rest_is_for_a_server),   cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(comparisons_have_two_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
