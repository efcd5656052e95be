/* Which source counts, what each one asks and how its answers are read. The exchanges themselves
 * are in tests/integration/test_aws_credentials.py. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws.h"
#include "aws_env.h"
#include "aws_source.h"
#include "err.h"
#include "mem.h"

#define TOKEN "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYiJ9.c2ln"
#define EXPIRES_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static char file_path[] = "/tmp/test-aws-source-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(file_path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file_path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(file_path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* The choice */

static void assert_chosen(const struct aws_source *wanted)
{
    const struct aws_source *source = NULL;
    AUTO(free) char *why = NULL;
    if (aws_source_choose(&source, &why) != 0)
        fail_msg("%s", why);
    assert_string_equal(source->name, wanted->name);
}

static void assert_none_chosen(const char *part_of_why)
{
    const struct aws_source *source;
    AUTO(free) char *why = NULL;
    assert_int_equal(aws_source_choose(&source, &why), ERR_INVALID);
    if (!strstr(why, part_of_why))
        fail_msg("%s", why);
}

static void sources_go_by_rank(void **state)
{
    (void)state;
    assert_chosen(&aws_imds);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1", 1);
    assert_chosen(&aws_container);
    write_file("[default]\naws_access_key_id=AKID\naws_secret_access_key=secret\n");
    setenv("AWS_SHARED_CREDENTIALS_FILE", file_path, 1);
    assert_chosen(&aws_profile_source);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", 1); /* it may come to be there later */
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/mb", 1);
    assert_chosen(&aws_web_identity);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    assert_chosen(&aws_environment);
}

static void a_broken_source_is_not_passed_over(void **state)
{
    (void)state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/", 1);
    assert_none_chosen("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    setenv("AWS_PROFILE", "nowhere", 1);
    assert_none_chosen("AWS_PROFILE");
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/mb", 1);
    assert_none_chosen("AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not both set");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", 1);
    setenv("AWS_ROLE_SESSION_NAME", "not a name", 1);
    assert_none_chosen("AWS_ROLE_SESSION_NAME");
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    assert_none_chosen("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
    setenv("AWS_ACCESS_KEY_ID", "AKID\n", 1);
    assert_none_chosen("its AWS credentials in the environment: a key");
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    assert_chosen(&aws_environment);
}

static void profiles_that_cannot_be_used_are_named(void **state)
{
    (void)state;
    setenv("AWS_CONFIG_FILE", file_path, 1);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2", 1);
    static const char *const ways[] = {"role_arn", "sso_session", "credential_process",
                                       "credential_source", "web_identity_token_file"};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        AUTO(free) char *text = xasprintf("[default]\n%s = x\n", ways[i]);
        AUTO(free) char *problem = xasprintf("its AWS profile has %s: only profiles", ways[i]);
        write_file(text);
        assert_none_chosen(problem);
    }
    write_file("[default]\naws_access_key_id=AKID\n");
    assert_none_chosen("the profile: the access key or the secret key is missing");
    write_file("[default]\nregion=eu-west-1\n"); /* says nothing about keys */
    assert_chosen(&aws_container);
}

static void nothing_at_all_is_a_problem(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    assert_none_chosen("there are no AWS credentials: set AWS_ACCESS_KEY_ID");
    AUTO(free) char *why = aws_check("https://sqs.eu-west-1.amazonaws.com/1/q");
    assert_non_null(strstr(why, "there are no AWS credentials"));
    setenv("AWS_EC2_METADATA_DISABLED", "false", 1);
    assert_null(aws_check("https://sqs.eu-west-1.amazonaws.com/1/q"));
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense://", 1);
    assert_none_chosen("AWS_EC2_METADATA_SERVICE_ENDPOINT");
}

/* The exchange */

static struct aws_dialogue dialogue;

static int start(void **state)
{
    dialogue = (struct aws_dialogue){.sts_url = "https://sts.eu-west-1.amazonaws.com/"};
    return unit_clear_aws(state);
}

static int end(void **state)
{
    (void)state;
    aws_text_free(dialogue.token);
    free(dialogue.role);
    return 0;
}

static struct aws_request ask(const struct aws_source *source)
{
    struct aws_request request = {0};
    AUTO(free) char *why = NULL;
    if (source->request(&dialogue, &request, &why) != 0)
        fail_msg("%s", why);
    return request;
}

static void assert_not_asked(const struct aws_source *source, const char *part_of_why)
{
    struct aws_request request = {0};
    AUTO(free) char *why = NULL;
    assert_int_equal(source->request(&dialogue, &request, &why), ERR_INVALID);
    if (!strstr(why, part_of_why))
        fail_msg("%s", why);
}

static int answer(const struct aws_source *source, int status, const char *body,
                  struct aws_keys *ret_keys, char **ret_why)
{
    const struct aws_answer answer = {status, body, strlen(body)};
    return source->answer(&dialogue, &answer, ret_keys, ret_why);
}

static void assert_keys(const struct aws_source *source, const char *body, int64_t expires_ms)
{
    AUTO(aws_keys) struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    if (answer(source, 200, body, &keys, &why) != 0)
        fail_msg("%s", why);
    assert_string_equal(keys.access_key, "ASIA1");
    assert_string_equal(keys.secret_key, "se/cr+et");
    assert_string_equal(keys.session_token, "tok/en==");
    assert_true(keys.expires_ms == expires_ms);
}

static void assert_no_keys(const struct aws_source *source, int status, const char *body,
                           const char *reason)
{
    struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    assert_true(answer(source, status, body, &keys, &why) < 0);
    assert_null(keys.access_key);
    assert_string_equal(why, reason);
}

static void use_web_identity(void)
{
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file_path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/mb", 1);
}

static void web_identity_asks_sts(void **state)
{
    (void)state;
    use_web_identity();
    write_file(TOKEN "\n");
    AUTO(aws_request) struct aws_request request = ask(&aws_web_identity);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.url, "https://sts.eu-west-1.amazonaws.com/");
    assert_string_equal(request.headers[0], "Content-Type: application/x-www-form-urlencoded");
    assert_null(request.headers[1]);
    assert_string_equal(request.body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                                      "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fmb"
                                      "&RoleSessionName=microbadger&WebIdentityToken=" TOKEN);
}

static void web_identity_needs_its_file(void **state)
{
    (void)state;
    use_web_identity();
    write_file(" \n");
    assert_not_asked(&aws_web_identity, "is empty");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
    assert_not_asked(&aws_web_identity, "/nonexistent/token cannot be read: No such file");
}

#define STS_XML(token, expiration)                                                                 \
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"      \
    "<AssumeRoleWithWebIdentityResult><Audience>sts.amazonaws.com</Audience><Credentials>\n"       \
    "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>se/cr+et</SecretAccessKey>" token            \
    "<Expiration>" expiration "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"      \
    "</AssumeRoleWithWebIdentityResponse>"

static void sts_answers_in_xml_or_json(void **state)
{
    (void)state;
    assert_keys(&aws_web_identity,
                STS_XML("<SessionToken>tok/en==</SessionToken>", "2026-01-01T00:00:00Z"),
                EXPIRES_MS);
    static const char json[] =
        "{\"AssumeRoleWithWebIdentityResponse\":{\"AssumeRoleWithWebIdentityResult\":{"
        "\"Credentials\":{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"se/cr+et\","
        "\"SessionToken\":\"tok/en==\",\"Expiration\":1.7672256E9}}}}";
    assert_keys(&aws_web_identity, json, EXPIRES_MS);
    assert_no_keys(&aws_web_identity, 200, STS_XML("", "2026-01-01T00:00:00Z"),
                   "STS: the answer has no session token");
    assert_no_keys(&aws_web_identity, 200,
                   STS_XML("<SessionToken>a\r\nb</SessionToken>", "2026-01-01T00:00:00Z"),
                   "STS: a key or the session token is too long or has a blank, a line break or "
                   "another character that none has");
    assert_no_keys(&aws_web_identity, 200, STS_XML("<SessionToken>tok</SessionToken>", "tomorrow"),
                   "STS: the time that the keys expire at cannot be read");
    assert_no_keys(&aws_web_identity, 200, "", "STS: the answer has no session token");
    assert_no_keys(&aws_web_identity, 200, "[]", "STS: the answer has no session token");
}

static void sts_refuses_with_its_reason(void **state)
{
    (void)state;
    dialogue.token = xstrdup(TOKEN);
    assert_no_keys(&aws_web_identity, 403,
                   "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                   "<Message>Not authorized\nto</Message></Error></ErrorResponse>",
                   "STS: 403 AccessDenied: Not authorized");
    assert_no_keys(&aws_web_identity, 400,
                   "{\"Error\":{\"Code\":\"ExpiredTokenException\",\"Message\":\"old\\u001b\"}}",
                   "STS: 400 ExpiredTokenException: old?");
    /* What quotes the token is not shown. */
    assert_no_keys(&aws_web_identity, 400,
                   "<Error><Code>Bad</Code><Message>" TOKEN " is no token</Message></Error>",
                   "STS: 400 Bad");
    assert_no_keys(&aws_web_identity, 503, "<html>", "STS: 503");
}

static void container_agents_get_their_token(void **state)
{
    (void)state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    AUTO(aws_request) struct aws_request bare = ask(&aws_container);
    assert_string_equal(bare.method, "GET");
    assert_string_equal(bare.url, "http://169.254.170.23/v1/credentials");
    assert_null(bare.headers[1]);
    assert_null(bare.body);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic of the environment", 1);
    AUTO(aws_request) struct aws_request from_value = ask(&aws_container);
    assert_string_equal(from_value.headers[1], "Authorization: Basic of the environment");
    write_file(TOKEN);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file_path, 1);
    aws_text_free(TAKE(dialogue.token));
    AUTO(aws_request) struct aws_request from_file = ask(&aws_container);
    assert_string_equal(from_file.headers[1], "Authorization: " TOKEN);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1?x=y", 1);
    aws_text_free(TAKE(dialogue.token));
    AUTO(aws_request) struct aws_request relative = ask(&aws_container);
    assert_string_equal(relative.url, "http://169.254.170.2/v2/credentials/1?x=y");
}

static void container_tokens_have_no_line_breaks(void **state)
{
    (void)state;
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nHost: b", 1);
    assert_not_asked(&aws_container, "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break in it");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file_path, 1);
    write_file(TOKEN "\n");
    assert_not_asked(&aws_container, "has a line break in it");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token", 1);
    assert_not_asked(&aws_container, "cannot be read");
}

static void container_urls_are_few(void **state)
{
    (void)state;
    static const char *const allowed[] = {
        "http://127.0.0.1:8080/x", "http://127.9.9.9/",     "http://localhost/x",
        "http://[::1]/",           "http://169.254.170.2/", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/",  "https://any.example/x", "http://[fd00:ec2:0::23]:80/",
    };
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", allowed[i], 1);
        assert_chosen(&aws_container);
    }
    static const char *const refused[] = {
        "http://169.254.169.254/",
        "http://10.0.0.1/",
        "http://any.example/",
        "http://localhost.example/",
        "http://[fd00::1]/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1@any.example/",
        "ftp://localhost/",
        "http://169.254.170.230/",
        "/v1/credentials",
        "nonsense",
        "http://[::ffff:10.0.0.1]/",
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refused[i], 1);
        assert_none_chosen("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@any.example/", 1);
    assert_none_chosen("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
}

#define AGENT_JSON(more)                                                                           \
    "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"se/cr+et\",\"Token\":\"tok/en==\"" more "}"

static void container_answers(void **state)
{
    (void)state;
    dialogue.token = xstrdup(TOKEN);
    assert_keys(&aws_container, AGENT_JSON(",\"Expiration\":\"2026-01-01T01:00:00+01:00\""),
                EXPIRES_MS);
    assert_keys(&aws_container, AGENT_JSON(""), 0);
    assert_no_keys(&aws_container, 200, "{\"AccessKeyId\":\"ASIA1\",\"Token\":\"t\"}",
                   "the agent: the access key or the secret key is missing");
    assert_no_keys(&aws_container, 200, "<html>", "the agent: the answer is not JSON");
    assert_no_keys(&aws_container, 400, "{\"code\":\"AccessDenied\",\"message\":\"no\"}",
                   "the agent: 400 AccessDenied: no");
    assert_no_keys(&aws_container, 404, "no association\nfor it", "the agent: 404: no association");
    assert_no_keys(&aws_container, 401, "unknown: " TOKEN, "the agent: 401");
}

static void next_step(const char *body)
{
    struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    assert_int_equal(answer(&aws_imds, 200, body, &keys, &why), 0);
    assert_null(keys.access_key);
}

static void metadata_is_asked_in_three_steps(void **state)
{
    (void)state;
    AUTO(aws_request) struct aws_request first = ask(&aws_imds);
    assert_string_equal(first.method, "PUT");
    assert_string_equal(first.url, "http://169.254.169.254/latest/api/token");
    assert_string_equal(first.headers[0], "X-aws-ec2-metadata-token-ttl-seconds: 21600");
    next_step("AQAEAtoken==");
    AUTO(aws_request) struct aws_request second = ask(&aws_imds);
    assert_string_equal(second.method, "GET");
    assert_string_equal(second.url,
                        "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
    assert_string_equal(second.headers[0], "X-aws-ec2-metadata-token: AQAEAtoken==");
    next_step("node-role\n");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338//", 1);
    AUTO(aws_request) struct aws_request third = ask(&aws_imds);
    assert_string_equal(third.url,
                        "http://127.0.0.1:1338/latest/meta-data/iam/security-credentials/"
                        "node-role");
    assert_string_equal(third.headers[0], "X-aws-ec2-metadata-token: AQAEAtoken==");
    assert_keys(&aws_imds,
                AGENT_JSON(",\"Code\":\"Success\",\"Expiration\":\"2026-01-01T00:00:00Z\""),
                EXPIRES_MS);
    assert_no_keys(&aws_imds, 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
                   "its keys: 200 AssumeRoleUnauthorizedAccess");
}

static void metadata_has_an_ipv6_address(void **state)
{
    (void)state;
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6", 1);
    AUTO(aws_request) struct aws_request request = ask(&aws_imds);
    assert_string_equal(request.url, "http://[fd00:ec2::254]/latest/api/token");
}

static void metadata_may_be_wrong(void **state)
{
    (void)state;
    assert_no_keys(&aws_imds, 403, "", "it answers: 403");
    assert_no_keys(&aws_imds, 200, "", "its token is empty or too long");
    assert_no_keys(&aws_imds, 200, "a\r\nb", "its token cannot be right");
    next_step("token");
    assert_no_keys(&aws_imds, 404, "", "the instance has no role");
    assert_no_keys(&aws_imds, 200, "../../x", "the name of the instance's role cannot be right");
    assert_no_keys(&aws_imds, 200, "", "the name of the instance's role cannot be right");
    next_step("role");
    assert_no_keys(&aws_imds, 404, "", "it answers: 404");
    assert_no_keys(&aws_imds, 200, "[1", "the answer is not JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sources_go_by_rank, unit_clear_aws),
        cmocka_unit_test_setup(a_broken_source_is_not_passed_over, unit_clear_aws),
        cmocka_unit_test_setup(profiles_that_cannot_be_used_are_named, unit_clear_aws),
        cmocka_unit_test_setup(nothing_at_all_is_a_problem, unit_clear_aws),
        cmocka_unit_test_setup_teardown(web_identity_asks_sts, start, end),
        cmocka_unit_test_setup_teardown(web_identity_needs_its_file, start, end),
        cmocka_unit_test_setup_teardown(sts_answers_in_xml_or_json, start, end),
        cmocka_unit_test_setup_teardown(sts_refuses_with_its_reason, start, end),
        cmocka_unit_test_setup_teardown(container_agents_get_their_token, start, end),
        cmocka_unit_test_setup_teardown(container_tokens_have_no_line_breaks, start, end),
        cmocka_unit_test_setup_teardown(container_urls_are_few, start, end),
        cmocka_unit_test_setup_teardown(container_answers, start, end),
        cmocka_unit_test_setup_teardown(metadata_is_asked_in_three_steps, start, end),
        cmocka_unit_test_setup_teardown(metadata_has_an_ipv6_address, start, end),
        cmocka_unit_test_setup_teardown(metadata_may_be_wrong, start, end),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
