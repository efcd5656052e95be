#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "vcs.h"

#define ID "9f2c1ab77d03"

static const struct {
    const char *address;
    const char *url; /* NULL: nothing is told */
} addresses[] = {
    {"https://github.com/org/repo", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo/", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo.git/", "https://github.com/org/repo/tree/" ID},
    {"http://github.com/org/repo", "https://github.com/org/repo/tree/" ID},
    {"HTTPS://GitHub.com/Org/Repo", "https://github.com/Org/Repo/tree/" ID},
    {"https://github.com//org///repo//", "https://github.com/org/repo/tree/" ID},
    {"github.com/org/repo", "https://github.com/org/repo/tree/" ID},
    {"git@github.com:org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"git@github.com:/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"org-1234@github.com:org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"ssh://git@github.com/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"ssh://git@github.com:22/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"git://github.com/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"git+https://github.com/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"git+ssh://git@github.com/org/repo.git", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo.git#0123abcd:sub/folder", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo?tab=readme", "https://github.com/org/repo/tree/" ID},
    {"https://github.com/org/repo/tree/main/docker", "https://github.com/org/repo/tree/" ID},
    {"https://user:token@github.com/org/repo", "https://github.com/org/repo/tree/" ID},
    {"https://x@y:p@ss@github.com/org/repo", "https://github.com/org/repo/tree/" ID},
    {"https://gitlab.com/group/sub/repo.git", "https://gitlab.com/group/sub/repo/-/tree/" ID},
    {"https://gitlab.com/group/repo/-/blob/main/x", "https://gitlab.com/group/repo/-/tree/" ID},
    {"git@gitlab.example.org:group/repo.git", "https://gitlab.example.org/group/repo/-/tree/" ID},
    {"ssh://git@gitlab.example.org:2222/group/repo.git",
     "https://gitlab.example.org/group/repo/-/tree/" ID},
    {"https://gitlab.example.org:8443/group/repo",
     "https://gitlab.example.org:8443/group/repo/-/tree/" ID},
    {"git@bitbucket.org:org/repo.git", "https://bitbucket.org/org/repo/src/" ID},
    {"https://codeberg.org/org/repo", "https://codeberg.org/org/repo/src/commit/" ID},
    {"https://gitea.example.org/org/repo", "https://gitea.example.org/org/repo/src/commit/" ID},
    {"https://forgejo.example.org/org/repo/src/branch/main",
     "https://forgejo.example.org/org/repo/src/commit/" ID},
    {"https://git.example.org/org/repo.git", "https://git.example.org/org/repo"},
    {"http://git.example.org:3000/org/repo.git", "http://git.example.org:3000/org/repo"},
    {"git@git.example.org:org/repo.git", "https://git.example.org/org/repo"},
    {"git://git.example.org:9418/repo.git", "https://git.example.org/repo"},
    {"https://git.example.org/~user/repo", "https://git.example.org/~user/repo"},
    {"https://git.example.org/repo/.git", "https://git.example.org/repo"},
    {"git@git.example.org:.git", NULL},
    {"https://github.com.evil.example/org/repo", "https://github.com.evil.example/org/repo"},
    {"javascript:alert(1)", NULL},
    {"javascript://github.com/%0aalert(1)", NULL},
    {"JavaScript:x@y:z/w", NULL},
    {"data:text/html,x", NULL},
    {"file:///etc/passwd", NULL},
    {"mailto:git@github.com:org/repo", NULL},
    {"https://", NULL},
    {"https:///path", NULL},
    {"https://github.com", NULL},
    {"https://github.com/", NULL},
    {"https://github.com/org", NULL},
    {"https://github.com//repo", NULL},
    {"https://github.com/org/.git", NULL},
    {"https://gitlab.com/-/org/repo", NULL},
    {"https://example.org/", NULL},
    {"https://example.org:x/repo", NULL},
    {"https://-example.org/repo", NULL},
    {"https://ex%61mple.org/repo", NULL},
    {"https://user@/repo", NULL},
    {"https://github.com/org/re po", NULL},
    {"https://github.com/org/re\npo", NULL},
    {"https://github.com/org/\"onload=x", NULL},
    {"https://github.com/org/<b>", NULL},
    {"https://github.com/org/r\xc3\xa9po", NULL},
    {"git@github.com", NULL},
    {"git@github.com:", NULL},
    {"git@github.com/org:repo", NULL},
    {"just text", NULL},
    {"example.org/org/repo", NULL},
    {"", NULL},
};

static void urls_lead_to_the_commit(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        JSON_AUTO
        json_t *labels = json_pack("{s:s,s:s}", "org.opencontainers.image.source",
                                   addresses[i].address, "org.opencontainers.image.revision", ID);
        JSON_AUTO
        json_t *control = vcs_of(labels);
        const char *url = control ? jsonx_str(control, "URL") : NULL;
        const char *wanted = addresses[i].url;
        if (!url != !wanted || (wanted && strcmp(url, wanted) != 0))
            fail_msg("%s gives %s", addresses[i].address, url ? url : "nothing");
        if (!control)
            continue;
        assert_string_equal(jsonx_str(control, "Type"), "git");
        assert_string_equal(jsonx_str(control, "Commit"), ID);
        assert_int_equal(json_object_size(control), 3);
    }
}

static const struct {
    const char *address;
    const char *revision;
    const char *url;
} revisions[] = {
    {"https://github.com/o/r", "v1.2", "https://github.com/o/r/tree/v1.2"},
    {"https://github.com/o/r", "feature/x", "https://github.com/o/r/tree/feature/x"},
    {"https://github.com/o/r", "../../x", "https://github.com/o/r"},
    {"https://github.com/o/r", "/x", "https://github.com/o/r"},
    {"https://github.com/o/r", "$VCS_REF", "https://github.com/o/r"},
    {"https://github.com/o/r", "<b>", "https://github.com/o/r"},
    {"https://codeberg.org/o/r", "v1.2", "https://codeberg.org/o/r"},
    {"https://codeberg.org/o/r", "abcdef1", "https://codeberg.org/o/r/src/commit/abcdef1"},
};

static void only_revisions_get_into_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(revisions); i++) {
        JSON_AUTO
        json_t *labels = json_pack("{s:s,s:s}", "org.label-schema.vcs-url", revisions[i].address,
                                   "org.label-schema.vcs-ref", revisions[i].revision);
        JSON_AUTO
        json_t *control = vcs_of(labels);
        assert_string_equal(jsonx_str(control, "URL"), revisions[i].url);
        assert_string_equal(jsonx_str(control, "Commit"), revisions[i].revision);
    }
}

static void an_endless_address_is_none(void **state)
{
    (void)state;
    char path[3000];
    memset(path, '/', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    AUTO(free) char *address = xasprintf("https://git.example.org%sx", path);
    assert_null(vcs_repository(address));
    AUTO(free) char *shorter = xasprintf("https://git.example.org%sx", path + 1000);
    AUTO(free) char *repository = vcs_repository(shorter);
    assert_string_equal(repository, "git.example.org/x");
}

static void a_long_commit_is_cut(void **state)
{
    (void)state;
    char commit[1000];
    memset(commit, 'a', sizeof(commit) - 1);
    commit[sizeof(commit) - 1] = '\0';
    JSON_AUTO
    json_t *labels = json_pack("{s:s,s:s}", "vcs-url", "https://github.com/o/r", "vcs-ref", commit);
    JSON_AUTO
    json_t *control = vcs_of(labels);
    assert_string_equal(jsonx_str(control, "URL"), "https://github.com/o/r");
    assert_int_equal(strlen(jsonx_str(control, "Commit")), VCS_COMMIT_MAX_BYTES);
}

#define SCHEMA_URL "'org.label-schema.vcs-url':'https://github.com/a/b'"
#define SCHEMA_REF "'org.label-schema.vcs-ref':'1111'"
#define OCI_URL "'org.opencontainers.image.source':'https://github.com/c/d'"
#define OCI_REF "'org.opencontainers.image.revision':'2222'"

static const struct {
    const char *labels;
    const char *url; /* NULL: nothing is told */
} families[] = {
    {"{" SCHEMA_URL "," SCHEMA_REF "," OCI_URL "," OCI_REF "}", "https://github.com/a/b/tree/1111"},
    {"{" SCHEMA_URL "," OCI_URL "," OCI_REF "}", "https://github.com/c/d/tree/2222"},
    {"{" SCHEMA_URL "," OCI_REF "}", "https://github.com/a/b/tree/2222"},
    {"{" OCI_URL "," SCHEMA_REF "}", "https://github.com/c/d/tree/1111"},
    {"{'my.vcs-url':'https://github.com/e/f','my.vcs-ref':'3333'}",
     "https://github.com/e/f/tree/3333"},
    {"{'vcs-url':'https://github.com/e/f','a.vcs-url':'x','vcs-ref':'3333','vcs-type':'GIT'}",
     "https://github.com/e/f/tree/3333"},
    {"{" SCHEMA_URL "," SCHEMA_REF ",'org.label-schema.vcs-type':'svn'}", NULL},
    {"{" SCHEMA_URL "," SCHEMA_REF ",'vcs-type':'hg'}", NULL},
    {"{" SCHEMA_URL "}", NULL},
    {"{" SCHEMA_URL ",'org.label-schema.vcs-ref':''}", NULL},
    {"{" OCI_REF "}", NULL},
    {"{'org.opencontainers.image.source':1,'org.opencontainers.image.revision':2}", NULL},
    {"{}", NULL},
};

static void families_are_not_mixed_without_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        JSON_AUTO
        json_t *labels = unit_json(families[i].labels);
        JSON_AUTO
        json_t *control = vcs_of(labels);
        assert_string_equal(jsonx_str(control, "URL"), families[i].url ? families[i].url : "");
        assert_int_equal(control != NULL, families[i].url != NULL);
    }
    assert_null(vcs_of(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_lead_to_the_commit),
        cmocka_unit_test(only_revisions_get_into_urls),
        cmocka_unit_test(an_endless_address_is_none),
        cmocka_unit_test(a_long_commit_is_cut),
        cmocka_unit_test(families_are_not_mixed_without_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
