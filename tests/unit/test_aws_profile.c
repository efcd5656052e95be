#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws_endpoints.h"
#include "aws_profile.h"
#include "err.h"
#include "mem.h"

static const char config_text[] = "[default]\n"
                                  "region = eu-west-1 # ours\n"
                                  "\n"
                                  "[profile jobs]\r\n"
                                  "Region=us-east-2\r\n"
                                  "aws_access_key_id = AKIDCONFIG\n"
                                  "aws_secret_access_key = of/the+config==\n"
                                  "s3 =\n"
                                  "  region = not-this\n"
                                  "  role_arn = nor-this\n"
                                  "output = json\n"
                                  "[profile  \"two words\" ]\n"
                                  "region = ap-south-1\n"
                                  "[jobs2]\n"
                                  "region = of-no-profile\n"
                                  "[profile who]\n"
                                  "sso_session = corp\n"
                                  "[sso-session corp]\n"
                                  "sso_start_url = https://corp.example\n"
                                  "[services jobs]\n"
                                  "region = not-this-either\n";

static struct aws_profile parse(const char *text, bool is_config_file, const char *name)
{
    struct aws_profile profile = {0};
    assert_true(aws_profile_parse(&profile, text, is_config_file, name));
    return profile;
}

static void settings_of_a_section(void **state)
{
    (void)state;
    AUTO(aws_profile) struct aws_profile jobs = parse(config_text, true, "jobs");
    assert_string_equal(jobs.region, "us-east-2");
    assert_string_equal(jobs.access_key, "AKIDCONFIG");
    assert_string_equal(jobs.secret_key, "of/the+config==");
    assert_null(jobs.session_token);
    assert_null(jobs.other_way);
    AUTO(aws_profile) struct aws_profile usual = parse(config_text, true, "default");
    assert_string_equal(usual.region, "eu-west-1");
    assert_null(usual.access_key);
    AUTO(aws_profile) struct aws_profile quoted = parse(config_text, true, "two words");
    assert_string_equal(quoted.region, "ap-south-1");
    AUTO(aws_profile) struct aws_profile who = parse(config_text, true, "who");
    assert_string_equal(who.other_way, "sso_session");
}

static void sections_go_by_the_kind_of_file(void **state)
{
    (void)state;
    struct aws_profile profile = {0};
    assert_false(aws_profile_parse(&profile, config_text, true, "jobs2"));
    assert_false(aws_profile_parse(&profile, config_text, true, "nowhere"));
    assert_false(aws_profile_parse(&profile, config_text, false, "jobs"));
    assert_false(aws_profile_parse(&profile, "", false, "default"));
    assert_null(profile.region);
    AUTO(aws_profile) struct aws_profile bare = parse(config_text, false, "jobs2");
    assert_string_equal(bare.region, "of-no-profile");
    AUTO(aws_profile)
    struct aws_profile prefixed = parse("[profile default]\nregion=a", true, "default");
    assert_string_equal(prefixed.region, "a");
}

static void odd_lines_do_no_harm(void **state)
{
    (void)state;
    AUTO(aws_profile)
    struct aws_profile profile = parse("nothing\n[\n= x\n]\n[default\nregion = no\n"
                                       "[default]\n"
                                       "; comment\n# comment\n=\naws_session_token\n"
                                       "  aws_access_key_id = INDENTED\n"
                                       "aws_secret_access_key = a;b#c ; comment\n"
                                       "region =\n",
                                       false, "default");
    assert_string_equal(profile.access_key, "INDENTED");
    assert_string_equal(profile.secret_key, "a;b#c");
    assert_null(profile.region);
    assert_null(profile.session_token);
}

static void the_last_one_of_two_counts(void **state)
{
    (void)state;
    AUTO(aws_profile)
    struct aws_profile profile =
        parse("[a]\nregion=one\n[b]\nregion=two\n[a]\nregion=three\n", false, "a");
    assert_string_equal(profile.region, "three");
}

/* Files */

static char directory[] = "/tmp/test-aws-profile-XXXXXX";

static void write_file(const char *name, const char *text)
{
    AUTO(free) char *path = xasprintf("%s/.aws/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void remove_file(const char *name)
{
    AUTO(free) char *path = xasprintf("%s/.aws/%s", directory, name);
    (void)unlink(path);
}

static int make_directory(void **state)
{
    (void)state;
    AUTO(free) char *folder = NULL;
    if (!mkdtemp(directory))
        return -1;
    folder = xasprintf("%s/.aws", directory);
    return mkdir(folder, 0700);
}

static int remove_directory(void **state)
{
    (void)state;
    AUTO(free) char *folder = xasprintf("%s/.aws", directory);
    remove_file("config");
    remove_file("credentials");
    return rmdir(folder) || rmdir(directory);
}

static int use_home(void **state)
{
    unit_clear_aws(state);
    setenv("HOME", directory, 1);
    remove_file("config");
    remove_file("credentials");
    return 0;
}

static void assert_profile(const char *access_key, const char *secret_key, const char *region)
{
    AUTO(aws_profile) struct aws_profile profile = {0};
    AUTO(free) char *why = NULL;
    if (aws_profile_load(&profile, &why) != 0)
        fail_msg("%s", why);
    assert_string_equal(profile.access_key ? profile.access_key : "", access_key);
    assert_string_equal(profile.secret_key ? profile.secret_key : "", secret_key);
    assert_string_equal(profile.region ? profile.region : "", region);
}

static void assert_not_loaded(const char *part_of_why)
{
    struct aws_profile profile;
    AUTO(free) char *why = NULL;
    assert_int_equal(aws_profile_load(&profile, &why), ERR_INVALID);
    if (!strstr(why, part_of_why))
        fail_msg("%s", why);
}

static void no_files_are_an_empty_profile(void **state)
{
    (void)state;
    assert_profile("", "", "");
    unsetenv("HOME");
    assert_profile("", "", "");
}

static void keys_are_those_of_the_credentials_file(void **state)
{
    (void)state;
    write_file("config", "[default]\nregion=r\naws_access_key_id=A\naws_secret_access_key=B\n"
                         "aws_session_token=C\n");
    assert_profile("A", "B", "r");
    write_file("credentials", "[default]\naws_access_key_id=X\naws_secret_access_key=Y\n");
    AUTO(aws_profile) struct aws_profile profile = {0};
    AUTO(free) char *why = NULL;
    assert_int_equal(aws_profile_load(&profile, &why), 0);
    assert_null(profile.session_token); /* that one is of the other pair */
    assert_profile("X", "Y", "r");
}

static void named_profiles_and_files(void **state)
{
    (void)state;
    write_file("config", config_text);
    setenv("AWS_PROFILE", "jobs", 1);
    assert_profile("AKIDCONFIG", "of/the+config==", "us-east-2");
    setenv("AWS_PROFILE", "nowhere", 1);
    assert_not_loaded("AWS_PROFILE is \"nowhere\"");
    setenv("AWS_PROFILE", "jobs", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    assert_not_loaded("AWS_PROFILE is \"jobs\"");
    unsetenv("AWS_PROFILE");
    assert_profile("", "", "");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    assert_not_loaded("/nonexistent/credentials cannot be read: No such file");
    setenv("AWS_SHARED_CREDENTIALS_FILE", directory, 1);
    assert_not_loaded("cannot be read");
}

static void the_region_of_a_queue_may_come_from_it(void **state)
{
    (void)state;
    AUTO(aws_endpoints) struct aws_endpoints endpoints = {0};
    AUTO(free) char *why = NULL;
    write_file("config", "[default]\nregion=ca-central-1\n");
    assert_int_equal(aws_endpoints_find("http://127.0.0.1:1/1/q", &endpoints, &why), 0);
    assert_string_equal(endpoints.region, "ca-central-1");
    assert_string_equal(endpoints.sts_url, "https://sts.ca-central-1.amazonaws.com/");
    aws_endpoints_release(&endpoints);
    setenv("AWS_DEFAULT_REGION", "us-east-1", 1);
    assert_int_equal(aws_endpoints_find("http://127.0.0.1:1/1/q", &endpoints, &why), 0);
    assert_string_equal(endpoints.region, "us-east-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_of_a_section),
        cmocka_unit_test(sections_go_by_the_kind_of_file),
        cmocka_unit_test(odd_lines_do_no_harm),
        cmocka_unit_test(the_last_one_of_two_counts),
        cmocka_unit_test_setup(no_files_are_an_empty_profile, use_home),
        cmocka_unit_test_setup(keys_are_those_of_the_credentials_file, use_home),
        cmocka_unit_test_setup(named_profiles_and_files, use_home),
        cmocka_unit_test_setup(the_region_of_a_queue_may_come_from_it, use_home),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
