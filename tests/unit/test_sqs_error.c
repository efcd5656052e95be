#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "sqs_error.h"

static void assert_code(const char *type, const char *query_error, const char *expected)
{
    char code[SQS_CODE_BYTES];
    sqs_error_code(type, query_error, code);
    assert_string_equal(code, expected);
}

static void codes_lose_prefix_and_suffix(void **state)
{
    (void)state;
    assert_code("com.amazonaws.sqs#QueueDoesNotExist", NULL, "QueueDoesNotExist");
    assert_code("com.amazon.coral.availability#ThrottlingException", NULL, "Throttling");
    assert_code("InvalidParameterValueException", "x;Sender", "InvalidParameterValue");
    assert_code("ValidationException:http://x/", NULL, "Validation");
    assert_code("Exception", NULL, "Exception");
    assert_code("", "AWS.SimpleQueueService.NonExistentQueue;Sender", "NonExistentQueue");
    assert_code(NULL, NULL, "");
    char long_type[400];
    memset(long_type, 'a', sizeof(long_type));
    long_type[sizeof(long_type) - 1] = '\0';
    char code[SQS_CODE_BYTES];
    sqs_error_code(long_type, NULL, code);
    assert_int_equal(strlen(code), SQS_CODE_BYTES - 1);
}

static void assert_verdict(int status, const char *code, const char *message,
                           enum sqs_verdict verdict, int err)
{
    int found_err = 1;
    assert_int_equal(sqs_classify(status, code, message, &found_err), verdict);
    assert_int_equal(found_err, err);
}

static void faults_of_the_server_are_retried(void **state)
{
    (void)state;
    assert_verdict(200, "", "", SQS_OK, 0);
    assert_verdict(500, "InternalFailure", "", SQS_RETRY, ERR_UPSTREAM);
    assert_verdict(502, "", "", SQS_RETRY, ERR_UPSTREAM);
    assert_verdict(503, "ServiceUnavailable", "", SQS_RETRY, ERR_UPSTREAM);
    assert_verdict(400, "RequestTimeout", "", SQS_RETRY, ERR_UPSTREAM);
}

static void throttling_has_many_names(void **state)
{
    (void)state;
    assert_verdict(403, "RequestThrottled", "", SQS_THROTTLED, ERR_RATELIMIT);
    assert_verdict(400, "Throttling", "", SQS_THROTTLED, ERR_RATELIMIT);
    assert_verdict(400, "KmsThrottled", "", SQS_THROTTLED, ERR_RATELIMIT);
    assert_verdict(429, "", "", SQS_THROTTLED, ERR_RATELIMIT);
    assert_verdict(503, "SlowDown", "", SQS_THROTTLED, ERR_RATELIMIT);
    assert_verdict(403, "OverLimit", "", SQS_FAILED, ERR_RATELIMIT);
}

static void refused_signatures(void **state)
{
    (void)state;
    assert_verdict(403, "ExpiredToken", "", SQS_CREDENTIALS, ERR_UNAUTHORIZED);
    assert_verdict(403, "UnrecognizedClient", "", SQS_CREDENTIALS, ERR_UNAUTHORIZED);
    assert_verdict(403, "InvalidSignature", "Signature expired: 2026...", SQS_CREDENTIALS,
                   ERR_UNAUTHORIZED);
    assert_verdict(403, "InvalidSignature", "The request signature we calculated", SQS_FAILED,
                   ERR_UNAUTHORIZED);
    assert_verdict(403, "SignatureDoesNotMatch", "", SQS_FAILED, ERR_UNAUTHORIZED);
    assert_verdict(403, "NeverSeenBefore", "", SQS_FAILED, ERR_UNAUTHORIZED);
}

static void stale_receipts_are_lost_leases(void **state)
{
    (void)state;
    assert_verdict(404, "ReceiptHandleIsInvalid", "", SQS_FAILED, ERR_CONFLICT);
    assert_verdict(400, "MessageNotInflight", "", SQS_FAILED, ERR_CONFLICT);
    assert_verdict(400, "InvalidParameterValue",
                   "Value x for parameter ReceiptHandle is invalid. Reason: expired.", SQS_FAILED,
                   ERR_CONFLICT);
    assert_verdict(400, "InvalidParameterValue", "DelaySeconds is too large", SQS_FAILED,
                   ERR_INVALID);
}

static void the_rest_is_final(void **state)
{
    (void)state;
    assert_verdict(400, "QueueDoesNotExist", "", SQS_FAILED, ERR_NOTFOUND);
    assert_verdict(400, "NonExistentQueue", "", SQS_FAILED, ERR_NOTFOUND);
    assert_verdict(400, "InvalidMessageContents", "", SQS_FAILED, ERR_INVALID);
    assert_verdict(301, "", "", SQS_FAILED, ERR_PROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_lose_prefix_and_suffix),
        cmocka_unit_test(faults_of_the_server_are_retried),
        cmocka_unit_test(throttling_has_many_names),
        cmocka_unit_test(refused_signatures),
        cmocka_unit_test(stale_receipts_are_lost_leases),
        cmocka_unit_test(the_rest_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
