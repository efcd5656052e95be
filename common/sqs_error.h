/* What an answer of SQS means: the error codes of AWS JSON 1.0 and what to do about them. */
#ifndef MB_SQS_ERROR_H
#define MB_SQS_ERROR_H

#include <stddef.h>

enum sqs_verdict {
    SQS_OK,
    SQS_FAILED,      /* the same call fails again */
    SQS_RETRY,       /* a fault of the server or the network */
    SQS_THROTTLED,   /* retry, more slowly */
    SQS_CREDENTIALS, /* ask for credentials again, retry once */
};

#define SQS_CODE_BYTES 80

/* "QueueDoesNotExist" from the body's __type, else from the x-amzn-query-error header; both may be
 * NULL. "" if neither tells. */
void sqs_error_code(const char *type, const char *query_error, char ret_code[SQS_CODE_BYTES]);

/* For an answer with this HTTP status, error code and message. ret_err: as in err.h, 0 with
 * SQS_OK; ERR_CONFLICT for a receipt handle that counts no more. */
enum sqs_verdict sqs_classify(int status, const char *code, const char *message, int *ret_err);

#endif
