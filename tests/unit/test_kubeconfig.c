#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "kube_access.h"
#include "kubeconfig.h"
#include "mem.h"

static char directory[] = "/tmp/kubeconfig-XXXXXX";
static char *first_path;
static char *second_path;

static void put_file(const char *name, const char *text)
{
    AUTO(free) char *path = xasprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static void drop_file(const char *name)
{
    AUTO(free) char *path = xasprintf("%s/%s", directory, name);
    (void)unlink(path);
}

static int make_directory(void **state)
{
    (void)state;
    first_path = NULL;
    if (!mkdtemp(directory))
        return -1;
    first_path = xasprintf("%s/first", directory);
    second_path = xasprintf("%s/second", directory);
    put_file("token", "from-a-file\n");
    put_file("ca.pem", "CA\n");
    put_file("cert.pem", "CERT\n");
    put_file("key.pem", "KEY\n");
    return 0;
}

static int drop_directory(void **state)
{
    (void)state;
    const char *const names[] = {"first", "second", "token", "ca.pem", "cert.pem", "key.pem"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        drop_file(names[i]);
    free(first_path);
    free(second_path);
    return rmdir(directory);
}

static void read_paths(const char *paths, struct kube_access *ret_access)
{
    char *why = NULL;
    if (kubeconfig_read(paths, ret_access, &why) != 0)
        fail_msg("%s", why);
}

/* One cluster, one user, one context, of which these are the members. */
static void put_config(const char *name, const char *cluster, const char *user, const char *context)
{
    AUTO(free)
    char *text = xasprintf("apiVersion: v1\n"
                           "kind: Config\n"
                           "current-context: here\n"
                           "contexts:\n"
                           "- name: other\n"
                           "  context: {cluster: none, user: none}\n"
                           "- name: here\n"
                           "  context:\n"
                           "    cluster: c\n"
                           "    user: u\n%s"
                           "clusters:\n"
                           "- name: c\n"
                           "  cluster:\n%s"
                           "users:\n"
                           "- name: u\n"
                           "  user:\n%s",
                           context, cluster, user);
    put_file(name, text);
}

static void assert_refused(const char *paths, const char *says)
{
    struct kube_access access;
    char *why = NULL;
    assert_int_equal(kubeconfig_read(paths, &access, &why), ERR_INVALID);
    assert_non_null(why);
    if (!strstr(why, says))
        fail_msg("\"%s\" does not say \"%s\"", why, says);
    assert_null(strstr(why, "s3cret"));
    free(why);
}

static void a_token_and_data_inside(void **state)
{
    (void)state;
    put_config("first",
               "    server: https://api.example:6443/\n"
               "    certificate-authority-data: Q0E=\n"
               "    certificate-authority: /not/used\n",
               "    token: \"s3cret\"\n", "    namespace: ns1\n");
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(first_path, &access);
    assert_string_equal(access.server, "https://api.example:6443");
    assert_null(access.connect_to);
    assert_string_equal(access.ca.text, "CA");
    assert_null(access.ca.path);
    assert_string_equal(access.token.text, "s3cret");
    assert_string_equal(access.ns, "ns1");
    assert_false(access.is_unverified);
    assert_null(access.cert.text);
}

static void files_beside_it(void **state)
{
    (void)state;
    put_config("first",
               "    server: https://[2001:db8::1]/prefix/\n"
               "    certificate-authority: ca.pem\n"
               "    insecure-skip-tls-verify: true\n",
               "    token: not-used\n"
               "    tokenFile: token\n"
               "    client-certificate: cert.pem\n"
               "    client-key: key.pem\n",
               "");
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(first_path, &access);
    assert_string_equal(access.server, "https://[2001:db8::1]:443/prefix");
    assert_string_equal(access.ca.text, "CA");
    assert_string_equal(access.token.text, "from-a-file");
    assert_string_equal(access.cert.text, "CERT");
    assert_string_equal(access.key.text, "KEY");
    assert_string_equal(access.ns, "default");
    assert_true(access.is_unverified);
}

static void a_server_that_is_known_by_another_name(void **state)
{
    (void)state;
    put_config("first",
               "    server: https://[::1]:6443\n"
               "    tls-server-name: kubernetes.default\n",
               "    client-certificate-data: Q0VSVA==\n"
               "    client-key-data: |\n"
               "      S0\n"
               "      VZ\n",
               "");
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(first_path, &access);
    assert_string_equal(access.server, "https://kubernetes.default:6443");
    assert_string_equal(access.connect_to, "[::1]:6443");
    assert_string_equal(access.cert.text, "CERT");
    assert_string_equal(access.key.text, "KEY");
    assert_null(access.token.text);
}

static void files_are_read_anew_and_kept_where_they_cannot_be(void **state)
{
    (void)state;
    put_config("first", "    server: https://a.example\n", "    tokenFile: token\n", "");
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(first_path, &access);
    bool changed = true;
    char *why = NULL;
    assert_int_equal(kube_access_read(&access, &changed, &why), 0);
    assert_false(changed);
    put_file("token", "another\n\n");
    assert_int_equal(kube_access_read(&access, &changed, &why), 0);
    assert_true(changed);
    assert_string_equal(access.token.text, "another");
    const char *const bad[] = {"", "\n", "two\nlines", "a b"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        put_file("token", bad[i]);
        assert_int_equal(kube_access_read(&access, &changed, &why), ERR_INVALID);
        assert_non_null(strstr(why, "/token: "));
        free(TAKE(why));
        assert_string_equal(access.token.text, "another");
    }
    drop_file("token");
    assert_int_equal(kube_access_read(&access, &changed, &why), ERR_INVALID);
    free(why);
    assert_string_equal(access.token.text, "another");
    put_file("token", "from-a-file\n");
}

static void the_first_of_several_files_counts(void **state)
{
    (void)state;
    put_config("first", "    server: https://first.example\n", "    token: first\n",
               "    namespace: ns1\n");
    put_file("second", "{\"current-context\": \"here\", \"users\": [{\"name\": \"u\", \"user\": "
                       "{\"token\": \"second\"}}], \"clusters\": []}");
    AUTO(free) char *paths = xasprintf("%s/none:%s:%s", directory, second_path, first_path);
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(paths, &access);
    assert_string_equal(access.server, "https://first.example:443");
    assert_string_equal(access.token.text, "second");
    assert_string_equal(access.ns, "ns1");
}

static void what_is_not_supported_is_refused(void **state)
{
    (void)state;
    const char *server = "    server: https://a.example\n";
    put_config("first", server, "    exec: {command: aws, apiVersion: v1}\n", "");
    assert_refused(first_path, "the user has exec, which is not supported: use a token");
    put_config("first", server, "    auth-provider: {name: gcp}\n", "");
    assert_refused(first_path, "the user has auth-provider");
    put_config("first", server, "    username: admin\n    password: s3cret\n", "");
    assert_refused(first_path, "the user has username");
    put_config("first", server, "    token: x\n    as: root\n", "");
    assert_refused(first_path, "the user has as,");
    put_config("first", "    server: https://a.example\n    proxy-url: http://p\n",
               "    token: x\n", "");
    assert_refused(first_path, "the cluster has proxy-url");
    put_config("first", server, "    exec: null\n    username: \"\"\n    token: x\n", "");
    AUTO(kube_access) struct kube_access access = {0};
    read_paths(first_path, &access);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    const char *server = "    server: https://a.example\n";
    AUTO(free) char *missing = xasprintf("%s/none", directory);
    assert_refused(missing, "none: cannot be read: No such file");
    assert_refused(directory, ": cannot be read");
    AUTO(free) char *two_missing = xasprintf("%s:%s", missing, missing);
    assert_refused(two_missing, "there is no such file");
    put_file("first", "a: [1, 2\nb: }");
    assert_refused(first_path, "first: line 2: ");
    put_file("first", "");
    assert_refused(first_path, "context (none is named) is not there");
    put_file("first", "- a\n- b\n");
    assert_refused(first_path, "context (none is named) is not there");
    put_file("first", "current-context: here\ncontexts: {here: there}\n");
    assert_refused(first_path, "context here is not there");
    put_file("first", "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n");
    assert_refused(first_path, "cluster c is not there");
    put_config("first", "    certificate-authority-data: Q0E=\n", "    token: x\n", "");
    assert_refused(first_path, "the server of the cluster is no http: or https: URL");
    put_config("first", "    server: ftp://a.example\n", "    token: x\n", "");
    assert_refused(first_path, "the server of the cluster is no http: or https: URL");
    put_config("first", "    server: https://me:s3cret@a.example\n", "    token: x\n", "");
    assert_refused(first_path, "the server of the cluster is no http: or https: URL");
    put_config("first", "    server: http://a.example\n", "    token: s3cret\n", "");
    assert_refused(first_path, "a token would go unencrypted to http://a.example:80");
    put_config("first", server, "    client-key-data: '%%s3cret'\n", "");
    assert_refused(first_path, "client-key-data of the user is no base64");
    put_config("first", server, "    tokenFile: nowhere\n", "");
    assert_refused(first_path, "/nowhere: cannot be read");
    put_config("first", server, "    token: \"s3cret\\r\\nX-Other: y\"\n", "");
    assert_refused(first_path, "the token is none");
}

static void aliases_of_yaml_multiply_nothing(void **state)
{
    (void)state;
    put_file("first", "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
                      "c: &c [*b, *b, *b, *b, *b, *b, *b, *b]\n"
                      "d: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n"
                      "e: &e [*d, *d, *d, *d, *d, *d, *d, *d]\n"
                      "contexts: [*e, *e]\ncurrent-context: x\n");
    assert_refused(first_path, "context x is not there");
    put_file("first", "&r contexts: &c [{name: x, context: *c}]\ncurrent-context: x\n");
    assert_refused(first_path, "first");
}

static void a_pod_s_server(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *name;
        const char *server;
        const char *connect_to;
    } cases[] = {
        {"https://10.96.0.1:443", NULL, "https://10.96.0.1:443", NULL},
        {"https://[fd00::1]:6443", NULL, "https://[fd00::1]:6443", NULL},
        {"https://10.0.0.1", "api.example", "https://api.example:443", "10.0.0.1:443"},
        {"http://127.0.0.1:8001/a//", NULL, "http://127.0.0.1:8001/a", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(kube_access) struct kube_access access = {0};
        assert_int_equal(kube_access_set_server(&access, cases[i].url, cases[i].name), 0);
        assert_string_equal(access.server, cases[i].server);
        if (cases[i].connect_to)
            assert_string_equal(access.connect_to, cases[i].connect_to);
        else
            assert_null(access.connect_to);
    }
    const char *const bad[] = {"", "a", "unix:/x", "https://", "https://a?b", "https://h:x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(kube_access) struct kube_access access = {0};
        assert_int_equal(kube_access_set_server(&access, bad[i], NULL), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_and_data_inside),
        cmocka_unit_test(files_beside_it),
        cmocka_unit_test(a_server_that_is_known_by_another_name),
        cmocka_unit_test(files_are_read_anew_and_kept_where_they_cannot_be),
        cmocka_unit_test(the_first_of_several_files_counts),
        cmocka_unit_test(what_is_not_supported_is_refused),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(aliases_of_yaml_multiply_nothing),
        cmocka_unit_test(a_pod_s_server),
    };
    return cmocka_run_group_tests(tests, make_directory, drop_directory);
}
