#include "sqs_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "mem.h"

void sqs_error_code(const char *type, const char *query_error, char ret_code[SQS_CODE_BYTES])
{
    const char *text = type && *type ? type : query_error ? query_error : "";
    const char *hash = strrchr(text, '#');
    if (hash)
        text = hash + 1;
    if (strncmp(text, "AWS.SimpleQueueService.", 23) == 0)
        text += 23;
    /* "NonExistentQueue;Sender" in the header, "Name:http://..." in some services' types */
    (void)snprintf(ret_code, SQS_CODE_BYTES, "%.*s", (int)strcspn(text, ";:"), text);
    static const char suffix[] = "Exception";
    size_t len = strlen(ret_code);
    size_t suffix_len = sizeof(suffix) - 1;
    if (len > suffix_len && strcmp(ret_code + len - suffix_len, suffix) == 0)
        ret_code[len - suffix_len] = '\0';
}

struct code_rule {
    const char *code;
    enum sqs_verdict verdict;
    int err;
};

static const struct code_rule code_rules[] = {
    {"QueueDoesNotExist", SQS_FAILED, ERR_NOTFOUND},
    {"NonExistentQueue", SQS_FAILED, ERR_NOTFOUND},
    {"QueueDeletedRecently", SQS_FAILED, ERR_NOTFOUND},
    {"ReceiptHandleIsInvalid", SQS_FAILED, ERR_CONFLICT},
    {"MessageNotInflight", SQS_FAILED, ERR_CONFLICT},
    {"OverLimit", SQS_FAILED, ERR_RATELIMIT},
    {"RequestThrottled", SQS_THROTTLED, ERR_RATELIMIT},
    {"Throttling", SQS_THROTTLED, ERR_RATELIMIT},
    {"Throttled", SQS_THROTTLED, ERR_RATELIMIT},
    {"KmsThrottled", SQS_THROTTLED, ERR_RATELIMIT},
    {"KMS.Throttling", SQS_THROTTLED, ERR_RATELIMIT},
    {"SlowDown", SQS_THROTTLED, ERR_RATELIMIT},
    {"RequestLimitExceeded", SQS_THROTTLED, ERR_RATELIMIT},
    {"TooManyRequests", SQS_THROTTLED, ERR_RATELIMIT},
    {"RequestTimeout", SQS_RETRY, ERR_UPSTREAM},
    {"PriorRequestNotComplete", SQS_RETRY, ERR_UPSTREAM},
    {"ExpiredToken", SQS_CREDENTIALS, ERR_UNAUTHORIZED},
    {"InvalidClientTokenId", SQS_CREDENTIALS, ERR_UNAUTHORIZED},
    {"UnrecognizedClient", SQS_CREDENTIALS, ERR_UNAUTHORIZED},
    {"RequestExpired", SQS_CREDENTIALS, ERR_UNAUTHORIZED},
    {"InvalidSignature", SQS_FAILED, ERR_UNAUTHORIZED},
    {"SignatureDoesNotMatch", SQS_FAILED, ERR_UNAUTHORIZED},
    {"IncompleteSignature", SQS_FAILED, ERR_UNAUTHORIZED},
    {"MissingAuthenticationToken", SQS_FAILED, ERR_UNAUTHORIZED},
    {"AccessDenied", SQS_FAILED, ERR_UNAUTHORIZED},
};

/* AWS says InvalidParameterValue where a receipt handle has expired or its message is gone. */
static bool is_stale_receipt(const char *code, const char *message)
{
    return strcmp(code, "InvalidParameterValue") == 0 &&
           (strcasestr(message, "receipt handle") || strcasestr(message, "ReceiptHandle") ||
            strcasestr(message, "not available for visibility"));
}

static enum sqs_verdict classify_status(int status, int *ret_err)
{
    if (status == 429) {
        *ret_err = ERR_RATELIMIT;
        return SQS_THROTTLED;
    }
    if (status >= 500 || status == 408) {
        *ret_err = ERR_UPSTREAM;
        return SQS_RETRY;
    }
    *ret_err = status == 401 || status == 403 ? ERR_UNAUTHORIZED
               : status >= 400                ? ERR_INVALID
                                              : ERR_PROTO;
    return SQS_FAILED;
}

enum sqs_verdict sqs_classify(int status, const char *code, const char *message, int *ret_err)
{
    if (status == 200) {
        *ret_err = 0;
        return SQS_OK;
    }
    if (is_stale_receipt(code, message)) {
        *ret_err = ERR_CONFLICT;
        return SQS_FAILED;
    }
    for (size_t i = 0; i < ARRAY_LEN(code_rules); i++) {
        if (strcmp(code, code_rules[i].code) != 0)
            continue;
        *ret_err = code_rules[i].err;
        bool is_expired = strncmp(message, "Signature expired", 17) == 0;
        return is_expired ? SQS_CREDENTIALS : code_rules[i].verdict;
    }
    return classify_status(status, ret_err);
}
