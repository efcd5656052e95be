#include "unit.h"

#include "mem.h"
#include "purl.h"

static void images_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *purl, *name;
    } rows[] = {
        {"pkg:docker/alpine@3.19?platform=linux%2Famd64", "alpine:3.19"},
        {"pkg:docker/alpine", "alpine"},
        {"pkg:docker/library/alpine@3?digest=sha256:00", "library/alpine:3"},
        {"pkg:docker/127.0.0.1:5055/base@1?platform=linux%2Famd64", "127.0.0.1:5055/base:1"},
        {"pkg:docker/ghcr.io/org%2Fname@1.2", "ghcr.io/org/name:1.2"},
        {"pkg:docker/a@sha256%3A"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(free) char *name = purl_docker_image(rows[i].purl);
        assert_non_null(name);
        assert_string_equal(name, rows[i].name);
    }
}

static void what_is_no_image_gives_none(void **state)
{
    (void)state;
    static const char *const purls[] = {
        "",
        "pkg:docker/",
        "pkg:deb/debian/curl@8",
        "https://github.com/a/b.git",
        "pkg:docker/docker/dockerfile@1",
        "pkg:docker/docker/dockerfile-upstream@master",
        "pkg:docker/UPPER@1",
        "pkg:docker/a@1%0A",
        "pkg:docker/a%",
        "pkg:docker/a@%00",
    };
    for (size_t i = 0; i < ARRAY_LEN(purls); i++)
        assert_null(purl_docker_image(purls[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_named),
        cmocka_unit_test(what_is_no_image_gives_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
