#include "failure.h"

#include <string.h>

#include "amount.h"
#include "command.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "text.h"

static char *no_answer(const struct source_answer *answer, const char *server)
{
    const char *why = answer->error_text ? answer->error_text : err_str(answer->err);
    AUTO(free) char *escaped = text_escape(why, "", false);
    if (answer->err == ERR_TIMEOUT)
        return xasprintf("%s gave no answer in time: %s. A longer --timeout may help.", server,
                         escaped);
    if (answer->err == ERR_TOOBIG)
        return xasprintf("%s: %s", server, escaped);
    return xasprintf("cannot reach %s: %s. Does it run there? --server or MB_SERVER names another.",
                     server, escaped);
}

/* " The next try is at 2026-01-20 10:15 UTC." */
static char *next_try(const json_t *status)
{
    char time[AMOUNT_BYTES];
    amount_time_text(jsonx_str(status, "RetryAt"), time);
    return *time ? xasprintf(" It is tried again at %s.", time) : xstrdup("");
}

static void of_pending(const json_t *status, const char *shown, struct failure *failure)
{
    AUTO(free) char *why = text_escape(jsonx_str(status, "Error"), "", false);
    AUTO(free) char *stage = text_escape(jsonx_str(status, "Stage"), "", false);
    AUTO(free) char *next = next_try(status);
    if (strcmp(jsonx_str(status, "Status"), "FAILED_INSPECTION") == 0) {
        failure->exit_status = EXIT_FAILED;
        failure->text = xasprintf("%s could not be inspected: %s.%s", shown,
                                  *why ? why : "no reason is known", next);
        return;
    }
    failure->exit_status = EXIT_PENDING;
    failure->text = xasprintf("nothing is known of %s yet%s%s%s%s.%s Ask again, or give it longer "
                              "with --timeout.",
                              shown, *stage ? "; stage: " : "", stage, *why ? ": " : "", why, next);
}

static int exit_status_of(int status, const char *code)
{
    if (status == 404)
        return strcmp(code, "no_such_route") == 0 ? EXIT_TROUBLE : EXIT_NOT_FOUND;
    if (strcmp(code, "rate_limited") == 0)
        return EXIT_FAILED;
    return status == 400 && strcmp(code, "bad_request") == 0 ? EXIT_USAGE : EXIT_TROUBLE;
}

void failure_of(const struct source_answer *answer, const char *shown, const char *server,
                struct failure *ret_failure)
{
    *ret_failure = (struct failure){.exit_status = EXIT_TROUBLE};
    if (answer->err == ERR_CANCELLED) {
        *ret_failure = (struct failure){EXIT_INTERRUPTED, xstrdup("")};
        return;
    }
    if (answer->err) {
        ret_failure->text = no_answer(answer, server);
        return;
    }
    JSON_AUTO
    json_t *body = source_answer_json(answer);
    if (answer->status == 202) {
        of_pending(source_body_status(body), shown, ret_failure);
        return;
    }
    AUTO(free) char *detail = text_escape(jsonx_str(body, "detail"), "", false);
    ret_failure->exit_status = exit_status_of(answer->status, jsonx_str(body, "code"));
    if (*detail)
        ret_failure->text = xasprintf("%s: %s", shown, detail);
    else
        ret_failure->text = xasprintf("%s: %s answered with status %d; is it a MicroBadger API?",
                                      shown, server, answer->status);
}
