#include "unit.h"

#include <string.h>

#include "err.h"
#include "failure.h"
#include "mem.h"
#include "terminal.h"

static void assert_failure(const struct source_answer *answer, int exit_status, const char *text)
{
    struct failure failure;
    failure_of(answer, "app:1", "http://h", &failure);
    AUTO(free) char *told = failure.text;
    assert_int_equal(failure.exit_status, exit_status);
    assert_string_equal(told, text);
}

static void assert_answer(int status, const char *body, int exit_status, const char *text)
{
    AUTO(free) char *json = xstrdup(body);
    for (char *at = json; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    const struct source_answer answer = {
        .status = status, .body = json, .body_bytes = strlen(json)};
    assert_failure(&answer, exit_status, text);
}

static void answers_have_exit_statuses(void **state)
{
    (void)state;
    assert_answer(404, "{'detail':'app has no tag 1.','code':'tag_missing'}", 3,
                  "app:1: app has no tag 1.");
    assert_answer(404, "{'detail':'No such path.','code':'no_such_route'}", 1,
                  "app:1: No such path.");
    assert_answer(400, "{'detail':'A bad name.','code':'bad_request'}", 2, "app:1: A bad name.");
    assert_answer(400, "{'detail':'Not that one.','code':'registry_not_allowed'}", 1,
                  "app:1: Not that one.");
    assert_answer(503, "{'detail':'Redis is away.','code':'cache_unavailable'}", 1,
                  "app:1: Redis is away.");
    assert_answer(502, "<html>", 1,
                  "app:1: http://h answered with status 502; is it a MicroBadger API?");
    assert_answer(404, "{'detail':'\\u001b[2J\\u202e','code':''}", 3, "app:1: <U+001B>[2J<U+202E>");
}

static void pending_and_failed_are_told_apart(void **state)
{
    (void)state;
    assert_answer(202, "{'Status':'SUBMITTED','Stage':'queued'}", 5,
                  "nothing is known of app:1 yet; stage: queued. Ask again, or give it longer with "
                  "--timeout.");
    assert_answer(202,
                  "{'Status':'FAILED_INSPECTION','Error':'tags: timeout',"
                  "'RetryAt':'2026-01-20T10:30:00Z'}",
                  4,
                  "app:1 could not be inspected: tags: timeout. It is tried again at 2026-01-20 "
                  "10:30 UTC.");
    assert_answer(202, "{'Status':'FAILED_INSPECTION'}", 4,
                  "app:1 could not be inspected: no reason is known.");
    assert_answer(202,
                  "{'A':{'Status':'INSPECTED','Stage':'done'},'B':{'Status':'SIZE',"
                  "'Stage':'layers'}}",
                  5,
                  "nothing is known of app:1 yet; stage: layers. Ask again, or give it longer with "
                  "--timeout.");
    assert_answer(202, "{}", 5,
                  "nothing is known of app:1 yet. Ask again, or give it longer with --timeout.");
}

static void no_answer_says_what_to_do(void **state)
{
    (void)state;
    const struct source_answer lost = {.err = ERR_NETWORK, .error_text = (char *)"no route"};
    const struct source_answer late = {.err = ERR_TIMEOUT, .error_text = (char *)"timed out"};
    const struct source_answer large = {.err = ERR_TOOBIG, .error_text = (char *)"it is too large"};
    const struct source_answer ended = {.err = ERR_CANCELLED, .error_text = (char *)"interrupted"};
    assert_failure(&lost, 1,
                   "cannot reach http://h: no route. Does it run there? --server or MB_SERVER "
                   "names another.");
    assert_failure(&late, 1,
                   "http://h gave no answer in time: timed out. A longer --timeout may help.");
    assert_failure(&large, 1, "http://h: it is too large");
    assert_failure(&ended, 130, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_have_exit_statuses),
        cmocka_unit_test(pending_and_failed_are_told_apart),
        cmocka_unit_test(no_answer_says_what_to_do),
    };
    terminal_init();
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
