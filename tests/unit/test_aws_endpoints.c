#include "unit.h"

#include <stdlib.h>

#include "aws_endpoints.h"
#include "err.h"
#include "mem.h"

#define AWS_URL "https://sqs.eu-west-1.amazonaws.com/123456789012/inspection"
#define LOCAL_URL "http://127.0.0.1:9324/000000000000/inspection"

static void assert_endpoints(const char *url, const char *region, const char *sqs_url)
{
    AUTO(aws_endpoints) struct aws_endpoints endpoints = {0};
    AUTO(free) char *why = NULL;
    if (aws_endpoints_find(url, &endpoints, &why) != 0)
        fail_msg("%s: %s", url, why);
    assert_string_equal(endpoints.region, region);
    assert_string_equal(endpoints.sqs_url, sqs_url);
}

static void assert_sts(const char *url, const char *sts_url)
{
    AUTO(aws_endpoints) struct aws_endpoints endpoints = {0};
    AUTO(free) char *why = NULL;
    assert_int_equal(aws_endpoints_find(url, &endpoints, &why), 0);
    assert_string_equal(endpoints.sts_url, sts_url);
}

static void assert_problem(const char *url, const char *problem)
{
    struct aws_endpoints endpoints;
    AUTO(free) char *why = NULL;
    assert_int_equal(aws_endpoints_find(url, &endpoints, &why), ERR_INVALID);
    assert_string_equal(why, problem);
}

static void queue_host_tells_region_and_endpoint(void **state)
{
    (void)state;
    assert_endpoints(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
    assert_endpoints("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1",
                     "https://sqs.cn-north-1.amazonaws.com.cn/");
    assert_endpoints("https://sqs-fips.us-east-1.amazonaws.com/1/q", "us-east-1",
                     "https://sqs-fips.us-east-1.amazonaws.com/");
    assert_endpoints("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q", "eu-west-1",
                     "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/");
    assert_endpoints("https://sqs.us-west-2.api.aws/1/q", "us-west-2",
                     "https://sqs.us-west-2.api.aws/");
    assert_endpoints("https://sqs.cn-north-1.api.amazonwebservices.com.cn/1/q", "cn-north-1",
                     "https://sqs.cn-north-1.api.amazonwebservices.com.cn/");
}

static void region_comes_from_the_environment_elsewhere(void **state)
{
    (void)state;
    setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
    assert_endpoints(LOCAL_URL, "us-east-2", "http://127.0.0.1:9324/");
    setenv("AWS_REGION", "us-east-1", 1);
    assert_endpoints(LOCAL_URL, "us-east-1", "http://127.0.0.1:9324/");
    assert_endpoints("http://[::1]:9324/1/q", "us-east-1", "http://[::1]:9324/");
    assert_endpoints("http://sqs.eu-west-1.localhost:9324/1/q", "us-east-1",
                     "http://sqs.eu-west-1.localhost:9324/");
    /* AWS itself takes no signature for another region than the host's. */
    assert_endpoints(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
    /* Behind another endpoint it does not count. */
    setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1", 1);
    assert_endpoints(AWS_URL, "us-east-1", "http://127.0.0.1:1/");
}

static void the_last_resort_for_a_region_is_any_host(void **state)
{
    (void)state;
    assert_endpoints("http://sqs.eu-west-1.localhost:9324/1/q", "eu-west-1",
                     "http://sqs.eu-west-1.localhost:9324/");
}

static void endpoint_variables_go_by_rank(void **state)
{
    (void)state;
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_ENDPOINT_URL", "http://general:1", 1);
    assert_endpoints(AWS_URL, "eu-west-1", "http://general:1/");
    assert_sts(AWS_URL, "http://general:1/");
    setenv("AWS_ENDPOINT_URL_SQS", "http://special:2//", 1);
    setenv("AWS_ENDPOINT_URL_STS", "http://tokens:3/", 1);
    assert_endpoints(AWS_URL, "eu-west-1", "http://special:2/");
    assert_sts(AWS_URL, "http://tokens:3/");
    setenv("AWS_ENDPOINT_URL_SQS", "", 1);
    assert_endpoints(AWS_URL, "eu-west-1", "http://general:1/");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    assert_endpoints(AWS_URL, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com/");
    assert_sts(AWS_URL, "https://sts.eu-west-1.amazonaws.com/");
}

/* The hosts are those that botocore 1.43.106 makes. */
static void fips_and_dual_stack_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *region;
        const char *domain;
        const char *fips;
        const char *dual_stack;
        const char *both;
    } rows[] = {
        {"eu-west-1", "amazonaws.com", "sqs-fips.eu-west-1.amazonaws.com", "sqs.eu-west-1.api.aws",
         "sqs-fips.eu-west-1.api.aws"},
        {"us-gov-west-1", "amazonaws.com", "sqs.us-gov-west-1.amazonaws.com",
         "sqs.us-gov-west-1.api.aws", "sqs-fips.us-gov-west-1.api.aws"},
        {"cn-north-1", "amazonaws.com.cn", "sqs-fips.cn-north-1.amazonaws.com.cn",
         "sqs.cn-north-1.api.amazonwebservices.com.cn",
         "sqs-fips.cn-north-1.api.amazonwebservices.com.cn"},
        {"eusc-de-east-1", "amazonaws.eu", "sqs-fips.eusc-de-east-1.amazonaws.eu",
         "sqs.eusc-de-east-1.api.amazonwebservices.eu",
         "sqs-fips.eusc-de-east-1.api.amazonwebservices.eu"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(free) char *url = xasprintf("https://sqs.%s.%s/1/q", rows[i].region, rows[i].domain);
        AUTO(free) char *fips = xasprintf("https://%s/", rows[i].fips);
        AUTO(free) char *dual_stack = xasprintf("https://%s/", rows[i].dual_stack);
        AUTO(free) char *both = xasprintf("https://%s/", rows[i].both);
        unit_clear_aws(NULL);
        setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
        assert_endpoints(url, rows[i].region, fips);
        setenv("AWS_USE_DUALSTACK_ENDPOINT", "TRUE", 1);
        assert_endpoints(url, rows[i].region, both);
        setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
        assert_endpoints(url, rows[i].region, dual_stack);
    }
}

static void fips_reaches_sts_but_no_vpc_endpoint(void **state)
{
    (void)state;
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_sts(AWS_URL, "https://sts-fips.eu-west-1.amazonaws.com/");
    assert_sts("https://sqs.us-gov-west-1.amazonaws.com/1/q",
               "https://sts.us-gov-west-1.amazonaws.com/");
    assert_endpoints("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q", "eu-west-1",
                     "https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    assert_sts("https://sqs.cn-north-1.amazonaws.com.cn/1/q",
               "https://sts-fips.cn-north-1.api.amazonwebservices.com.cn/");
}

static void problems_are_told_one_by_one(void **state)
{
    (void)state;
    setenv("AWS_ENDPOINT_URL", "ftp://host", 1);
    assert_problem(LOCAL_URL,
                   "AWS_ENDPOINT_URL_SQS or AWS_ENDPOINT_URL is not an http or https URL");
    setenv("AWS_ENDPOINT_URL_SQS", "http://host", 1);
    assert_problem(LOCAL_URL, "its region is not known: AWS_REGION is not set");
    setenv("AWS_REGION", "us:east/1", 1);
    assert_problem(LOCAL_URL, "AWS_REGION is not the name of a region");
    setenv("AWS_REGION", "us-east-1", 1);
    assert_problem(LOCAL_URL,
                   "AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL is not an http or https URL");
    assert_problem("::", "it is not a URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(queue_host_tells_region_and_endpoint, unit_clear_aws),
        cmocka_unit_test_setup(region_comes_from_the_environment_elsewhere, unit_clear_aws),
        cmocka_unit_test_setup(the_last_resort_for_a_region_is_any_host, unit_clear_aws),
        cmocka_unit_test_setup(endpoint_variables_go_by_rank, unit_clear_aws),
        cmocka_unit_test_setup(fips_and_dual_stack_hosts, unit_clear_aws),
        cmocka_unit_test_setup(fips_reaches_sts_but_no_vpc_endpoint, unit_clear_aws),
        cmocka_unit_test_setup(problems_are_told_one_by_one, unit_clear_aws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
