#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "docker_config.h"
#include "err.h"
#include "mem.h"

/* JSON with ' for ". */
static char *with_quotes(const char *text)
{
    char *copy = xstrdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static struct docker_config *parse(const char *text)
{
    AUTO(free) char *json = with_quotes(text);
    struct docker_config *config = NULL;
    char *why = NULL;
    if (docker_config_parse(json, strlen(json), &config, &why) != 0)
        fail_msg("%s: %s", text, why);
    return config;
}

static void assert_found(const struct docker_config *config, const char *host, const char *path,
                         const char *user, const char *password, const char *identity_token)
{
    const struct docker_credential *found = docker_config_find(config, host, path);
    if (!found)
        fail_msg("nothing for %s/%s", host, path);
    assert_string_equal(found->user, user);
    assert_string_equal(found->password, password);
    assert_string_equal(found->identity_token, identity_token);
}

static void forms_of_credentials(void **state)
{
    (void)state;
    struct docker_config *config =
        parse("{'auths':{'ghcr.io':{'auth':'dXNlcjpwYTpzcw=='},"
              "'quay.io':{'username':'robot','password':'s p'},"
              "'a.example':{'identitytoken':'id.1'},"
              "'b.example':{'auth':'dXNlcjo=','identitytoken':'id.2','email':'x'}},"
              "'HttpHeaders':{'User-Agent':'x'},'credHelpers':{},'credsStore':''}");
    assert_found(config, "ghcr.io", "a/b", "user", "pa:ss", "");
    assert_found(config, "quay.io", "a/b", "robot", "s p", "");
    assert_found(config, "a.example", "x", "", "", "id.1");
    assert_found(config, "b.example", "x", "user", "", "id.2");
    assert_null(docker_config_find(config, "docker.io", "library/nginx"));
    docker_config_free(config);
}

static void padding_behind_a_password_is_docker_s(void **state)
{
    (void)state;
    struct docker_config *config =
        parse("{'auths':{'h.example':{'auth':'dTpwAAA='}}}"); /* u:p\0\0 */
    assert_found(config, "h.example", "x", "u", "p", "");
    docker_config_free(config);
}

static void forms_of_keys(void **state)
{
    (void)state;
    static const struct {
        const char *key, *host, *path;
        bool is_found;
    } cases[] = {
        {"https://index.docker.io/v1/", "docker.io", "library/nginx", true},
        {"index.docker.io", "docker.io", "a/b", true},
        {"registry-1.docker.io", "docker.io", "a/b", true},
        {"docker.io", "docker.io", "a/b", true},
        {"https://ghcr.io", "ghcr.io", "a/b", true},
        {"http://Ghcr.IO/v2/", "ghcr.io", "a/b", true},
        {"https://ghcr.io/other/path", "ghcr.io", "a/b", true}, /* of a URL only the host counts */
        {"ghcr.io/", "ghcr.io", "a/b", true},
        {"ghcr.io/v2/", "ghcr.io", "a/b", true},
        {"ghcr.io/a", "ghcr.io", "a/b", true},
        {"ghcr.io/a/b", "ghcr.io", "a/b", true},
        {"ghcr.io/a/", "ghcr.io", "a/b", true},
        {"localhost:5000", "localhost:5000", "x", true},
        {"ghcr.io/a/b/c", "ghcr.io", "a/b", false},
        {"ghcr.io/a", "ghcr.io", "ab/c", false},
        {"ghcr.i", "ghcr.io", "a", false},
        {"ghcr.io", "ghcr.io.evil.example", "a", false},
        {"localhost", "localhost:5000", "x", false},
        {"docker.io", "ghcr.io", "docker.io/x", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free)
        char *text = xasprintf("{'auths':{'%s':{'username':'u','password':'p'}}}", cases[i].key);
        struct docker_config *config = parse(text);
        bool is_found = docker_config_find(config, cases[i].host, cases[i].path) != NULL;
        if (is_found != cases[i].is_found)
            fail_msg("%s for %s/%s", cases[i].key, cases[i].host, cases[i].path);
        docker_config_free(config);
    }
}

static void longest_key_wins(void **state)
{
    (void)state;
    struct docker_config *config =
        parse("{'auths':{'quay.io/org/app':{'username':'app','password':'1'},"
              "'quay.io':{'username':'host','password':'2'},"
              "'quay.io/org':{'username':'org','password':'3'}}}");
    assert_found(config, "quay.io", "org/app", "app", "1", "");
    assert_found(config, "quay.io", "org/app/part", "app", "1", "");
    assert_found(config, "quay.io", "org/apple", "org", "3", "");
    assert_found(config, "quay.io", "other/app", "host", "2", "");
    docker_config_free(config);
}

static void last_of_two_entries_counts(void **state)
{
    (void)state;
    struct docker_config *config =
        parse("{'auths':{'https://index.docker.io/v1/':{'username':'a','password':'1'},"
              "'docker.io':{'username':'b','password':'2'}}}");
    assert_found(config, "docker.io", "library/x", "b", "2", "");
    docker_config_free(config);
}

static void nothing_in_it_is_fine(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{'auths':{}}", "{'auths':{},'credsStore':''}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct docker_config *config = parse(texts[i]);
        assert_null(docker_config_find(config, "docker.io", "x"));
        docker_config_free(config);
    }
}

static void problems_are_told(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "it is no JSON: see line 1"},
        {"{\n'auths':{\n'a':hunter2}}", "it is no JSON: see line 3"},
        {"[]", "it is no JSON object"},
        {"{'auths':[]}", "\"auths\" is no object"},
        {"{'auths':{'h':7}}", "auths \"h\": is no object"},
        {"{'auths':{'h':{}}}", "auths \"h\": has neither user and password nor an identity token"},
        {"{'auths':{'h':{'auth':'hunter2'}}}", "auths \"h\": its \"auth\" is no base64"},
        {"{'auths':{'h':{'auth':'aHVudGVyMg=='}}}",
         "auths \"h\": its \"auth\" is not user:password"},
        {"{'auths':{'h':{'auth':'Omh1bnRlcjI='}}}",
         "auths \"h\": its \"auth\" is not user:password"},
        {"{'auths':{'h':{'username':'u:v','password':'hunter2'}}}",
         "auths \"h\": its user has a colon"},
        {"{'auths':{'h':{'username':'u','password':'hunter2\\r\\nX: y'}}}",
         "auths \"h\": has control characters"},
        {"{'auths':{'h':{'registrytoken':'hunter2'}}}",
         "auths \"h\": \"registrytoken\" is not supported: give user and password or an identity "
         "token"},
        {"{'auths':{'':{'username':'u','password':'hunter2'}}}", "auths \"\": names no host"},
        {"{'credsStore':'desktop'}",
         "\"credsStore\" is not supported: no other program is asked for "
         "credentials, put them into \"auths\""},
        {"{'credHelpers':{'gcr.io':'gcloud'},'auths':{'h':7}}",
         "auths \"h\": is no object; \"credHelpers\" is not supported: no other program is asked "
         "for "
         "credentials, put them into \"auths\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free) char *json = with_quotes(cases[i][0]);
        struct docker_config *config = NULL;
        AUTO(free) char *why = NULL;
        assert_int_equal(docker_config_parse(json, strlen(json), &config, &why), ERR_INVALID);
        assert_string_equal(why, cases[i][1]);
        assert_null(strstr(why, "hunter2"));
        assert_null(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_credentials),
        cmocka_unit_test(padding_behind_a_password_is_docker_s),
        cmocka_unit_test(forms_of_keys),
        cmocka_unit_test(longest_key_wins),
        cmocka_unit_test(last_of_two_entries_counts),
        cmocka_unit_test(nothing_in_it_is_fine),
        cmocka_unit_test(problems_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
