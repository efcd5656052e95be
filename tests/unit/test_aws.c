#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "aws.h"
#include "err.h"

#define AWS_URL "https://sqs.eu-west-1.amazonaws.com/123456789012/inspection"
#define LOCAL_URL "http://127.0.0.1:9324/000000000000/inspection"

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_REGION",           "AWS_DEFAULT_REGION",    "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SQS", "AWS_ACCESS_KEY_ID",     "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_SESSION_TOKEN",    "AWS_SECRET_ACCESS_KEY",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    return 0;
}

static void set_keys(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

static void assert_aws(const char *url, const char *region, const char *endpoint)
{
    struct aws *aws = aws_new(url);
    assert_string_equal(aws_region(aws), region);
    assert_string_equal(aws_endpoint(aws), endpoint);
    aws_free(aws);
}

static void queue_host_tells_region_and_endpoint(void **state)
{
    (void)state;
    assert_aws(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
    assert_aws("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1",
               "https://sqs.cn-north-1.amazonaws.com.cn/");
    assert_aws("https://sqs-fips.us-east-1.amazonaws.com/1/q", "us-east-1",
               "https://sqs-fips.us-east-1.amazonaws.com/");
    assert_aws("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q", "eu-west-1",
               "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/");
    assert_aws("https://sqs.us-west-2.api.aws/1/q", "us-west-2", "https://sqs.us-west-2.api.aws/");
    assert_aws("http://[::1]:9324/1/q", "", "http://[::1]:9324/");
}

static void region_comes_from_the_environment_elsewhere(void **state)
{
    (void)state;
    setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
    assert_aws(LOCAL_URL, "us-east-2", "http://127.0.0.1:9324/");
    setenv("AWS_REGION", "us-east-1", 1);
    assert_aws(LOCAL_URL, "us-east-1", "http://127.0.0.1:9324/");
    /* AWS itself takes no signature for another region than the host's. */
    assert_aws(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
}

static void endpoint_variables_go_by_rank(void **state)
{
    (void)state;
    setenv("AWS_ENDPOINT_URL", "http://general:1", 1);
    assert_aws(AWS_URL, "eu-west-1", "http://general:1/");
    setenv("AWS_ENDPOINT_URL_SQS", "http://special:2//", 1);
    assert_aws(AWS_URL, "eu-west-1", "http://special:2/");
    setenv("AWS_ENDPOINT_URL_SQS", "", 1);
    assert_aws(AWS_URL, "eu-west-1", "http://general:1/");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_aws(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
}

static void assert_problem(const char *url, const char *problem)
{
    struct aws *aws = aws_new(url);
    if (problem)
        assert_string_equal(aws_problem(aws), problem);
    else
        assert_null(aws_problem(aws));
    aws_free(aws);
}

static void problems_are_told_one_by_one(void **state)
{
    (void)state;
    setenv("AWS_ENDPOINT_URL", "ftp://host", 1);
    assert_problem(LOCAL_URL,
                   "AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is not an http or https URL");
    unsetenv("AWS_ENDPOINT_URL");
    assert_problem(LOCAL_URL, "its region is not known: AWS_REGION is not set");
    setenv("AWS_REGION", "us:east/1", 1);
    assert_problem(LOCAL_URL, "AWS_REGION is not the name of a region");
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    assert_problem(LOCAL_URL, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
    set_keys();
    assert_problem(LOCAL_URL, NULL);
    assert_problem("::", "it is not a URL");
}

static void credentials_are_read_anew(void **state)
{
    (void)state;
    struct aws *aws = aws_new(LOCAL_URL);
    struct aws_credentials credentials;
    assert_int_equal(aws_credentials_get(aws, &credentials), ERR_UNAVAILABLE);
    set_keys();
    assert_int_equal(aws_credentials_get(aws, &credentials), 0);
    assert_string_equal(credentials.access_key, "AKID");
    assert_string_equal(credentials.secret_key, "secret");
    assert_null(credentials.session_token);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    assert_int_equal(aws_credentials_get(aws, &credentials), 0);
    assert_string_equal(credentials.session_token, "token");
    aws_free(aws);
    aws_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(queue_host_tells_region_and_endpoint, clear_environment),
        cmocka_unit_test_setup(region_comes_from_the_environment_elsewhere, clear_environment),
        cmocka_unit_test_setup(endpoint_variables_go_by_rank, clear_environment),
        cmocka_unit_test_setup(problems_are_told_one_by_one, clear_environment),
        cmocka_unit_test_setup(credentials_are_read_anew, clear_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
