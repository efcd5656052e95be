#include "typed.h"

#include "mem.h"
#include "unit.h"

static const struct {
    const char *text, *name;
    bool is_exact;
} cases[] = {
    {"nginx", "nginx", false},
    {"  nginx \n", "nginx", false},
    {"nginx:1.27", "nginx:1.27", true},
    {"grafana/grafana", "grafana/grafana", true},
    {"docker pull redis", "redis", true},
    {"$ sudo docker pull -q --platform linux/arm64 redis:7", "redis:7", true},
    {"docker run -it --rm -p 80:80 --name web nginx:alpine sh -c ls", "nginx:alpine", true},
    {"docker pull --platform=linux/arm64 a/b", "a/b", true},
    {"FROM golang:1.22 AS build", "golang:1.22", true},
    {"FROM --platform=$BUILDPLATFORM alpine", "alpine", true},
    {"image: \"ghcr.io/o/n:v1\"", "ghcr.io/o/n:v1", true},
    {"- image: 'a/b'", "a/b", true},
    {"docker pull", "pull", true},
    {"docker", "docker", false},
    {"https://hub.docker.com/_/nginx", "nginx", true},
    {"https://hub.docker.com/r/grafana/grafana/tags?page=2", "grafana/grafana", true},
    {"hub.docker.com/r/a/b/", "a/b", true},
    {"https://hub.docker.com/layers/library/nginx/1.27/images/sha256-ab", "library/nginx:1.27",
     true},
    {"https://hub.docker.com/repository/docker/a/b/general", "a/b", true},
    {"https://quay.io/repository/org/name?tab=tags", "quay.io/org/name", true},
    {"skopeo inspect docker://ghcr.io/o/n", "ghcr.io/o/n", true},
    {"https://hub.docker.com/layers/a/b", "a/b", true},
    {"https://hub.docker.com/r/a", "a", true},
    {"https://hub.docker.com/_/", "", false},
    {"https://hub.docker.com/search?q=x", "search", true},
    {"https://", "", false},
    {"", "", false},
    {" -", "", false},
    {"\"", "", true},
    {"<script>", "<script>", false},
};

static void names_are_found_in_what_people_paste(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free) char *name = typed_name(cases[i].text);
        assert_string_equal(name, cases[i].name);
    }
}

static void lines_and_links_mean_one_image(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (*cases[i].name)
            assert_int_equal(typed_is_exact(cases[i].text), cases[i].is_exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_what_people_paste),
        cmocka_unit_test(lines_and_links_mean_one_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
