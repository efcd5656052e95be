/* GET /v1/compare by the service, against a real redis-server. What workers would write is planted
 * by hand. */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "comparison.h"
#include "http_client.h"
#include "inquiry.h"
#include "loop.h"
#include "mem.h"
#include "redis_server.h"
#include "service_fixture.h"
#include "strbuf.h"

#define PATH "/v1/compare?a=app:latest&b=app:1"

static void two_tags_of_one_version_are_one(void **state)
{
    (void)state;
    plant_inspected();
    const char *answer = ask(PATH, 200);
    has(answer, "Content-Type: application/json\r\n");
    has(answer, "Cache-Control: public, max-age=60");
    has(answer, "\"Reference\":\"app:latest\"");
    has(answer, "\"Match\":\"manifest\",\"Identical\":true");
    has(answer, "\"Status\":\"INSPECTED\"");
}

static void a_side_without_facts_is_submitted(void **state)
{
    (void)state;
    plant_inspected();
    const char *answer = ask("/v1/compare?a=app:1&b=app:2", 202);
    has(answer, "Retry-After: 1\r\n");
    has(answer, "Link: </v1/status/app>; rel=\"status\"\r\n");
    has(answer, "{\"A\":{\"ImageName\":\"app\",\"Status\":\"INSPECTED\"");
    assert_int_equal(messages(), 1);
    last_message_has(HEX);
}

static void what_is_told_is_told_again_from_memory(void **state)
{
    (void)state;
    plant_inspected();
    AUTO(free) char *etag = header_of(ask(PATH, 200), "ETag");
    AUTO(free) char *known = xasprintf("If-None-Match: %s", etag);
    kill(results.pid, SIGSTOP);
    ask_with(PATH, known, 304);
    kill(results.pid, SIGCONT);
    plant_status("INSPECTED", "refreshing");
    notice();
    ask_with(PATH, known, 304); /* progress is no part of it */
    plant_document(clock_ms(), "Two");
    plant_fragment("mb:1:ver:sha256:" ARM_HEX, "version", "\"DownloadSize\":4321");
    notice();
    has(ask_with(PATH, known, 200), "\"A\":4321");
}

static void what_cannot_be_read_is_no_comparison(void **state)
{
    (void)state;
    plant_inspected();
    plant_fragment("mb:1:ver:sha256:" ARM_HEX, "layers", "\"Layers\":[");
    has(ask(PATH, 503), "\"code\":\"cache_unreadable\"");
}

/* Just as much as is compared, and a byte more. */
static void the_bound_is_a_bound(void **state)
{
    (void)state;
    plant_inspected();
    static const char facts[] = "\"DownloadSize\":1234,\"Platform\":\"linux/amd64\"";
    static const char shared[] = "\"SHA\":\"" INDEX_HEX "\"";
    static const char begin[] = "\"Layers\":[{\"Command\":\"";
    static const char end[] = "\"}]";
    size_t fill =
        COMPARISON_MAX_BYTES - strlen(facts) - strlen(shared) - strlen(begin) - strlen(end);
    AUTO(free) char *command = xcalloc(fill + 2, 1);
    memset(command, 'x', fill);
    AUTO(free) char *fits = xasprintf("%s%s%s", begin, command, end);
    plant_fragment("mb:1:ver:sha256:" ARM_HEX, "layers", fits);
    ask(PATH, 200);
    command[fill] = 'x';
    AUTO(free) char *is_over = xasprintf("%s%s%s", begin, command, end);
    plant_fragment("mb:1:ver:sha256:" ARM_HEX, "layers", is_over);
    notice();
    const char *answer = ask(PATH, 422);
    has(answer, "\"code\":\"too_large_to_compare\"");
    has(answer, "\"side\":\"a\"");
    has(ask("/compare?a=app&b=app:1", 422), "Too large to compare");
}

/* Base images are left out before a comparison is. */
static void relations_that_are_too_much_are_left_out(void **state)
{
    (void)state;
    plant_inspected();
    AUTO(free) char *name = xcalloc(COMPARISON_MAX_BYTES + 1, 1);
    memset(name, 'x', COMPARISON_MAX_BYTES);
    AUTO(free) char *base = xasprintf("\"Base\":{\"Name\":\"%s\"}", name);
    plant_fragment("mb:1:rel:sha256:" ARM_HEX, "version", "\"Base\":{\"Name\":\"alpine\"}");
    has(ask(PATH, 200), "\"Base\":{\"Change\":\"kept\",\"A\":{\"Name\":\"alpine\"}");
    plant_fragment("mb:1:rel:sha256:" ARM_HEX, "version", base);
    notice();
    assert_null(strstr(ask(PATH, 200), "\"Base\""));
}

/* A client is answered whenever the server stops: reading, comparing, waiting. */
static void a_stop_answers_who_waits(void **state)
{
    const bool never = false;
    for (int turns = 0; turns < 16; turns += 2) {
        start(state);
        plant_inspected();
        http_client_send(&client, "GET " PATH " HTTP/1.1\r\nHost: t\r\n\r\n");
        for (int i = 0; i < turns; i++)
            loop_run_until(loop, &never, loop_now_ms(loop) + 1);
        service_stop(&service);
        http_client_receive(&client);
        int status = http_client_status(&client);
        assert_true(status == 200 || status == 503);
        stop_the_rest(state);
    }
}

static void on_compared(void *arg, struct answer *answer)
{
    *(struct answer **)arg = answer;
}

static void an_ended_comparison_tells_nobody(void **state)
{
    (void)state;
    struct answer *answer = NULL;
    struct inquiry sides[COMPARISON_SIDES];
    AUTO(route) struct route route;
    route_parse("/v1/images/app:1", &route);
    for (size_t i = 0; i < COMPARISON_SIDES; i++) {
        inquiry_init(&sides[i], &service, &route, NULL, NULL);
        sides[i].text = (struct strbuf)STRBUF_INIT(100);
        strbuf_adds(&sides[i].text, "{}");
    }
    struct comparison *ended = comparison_start(sides, on_compared, &answer);
    loop_turn(loop);
    assert_null(answer); /* a piece a turn */
    comparison_free(ended);
    struct answer *other = NULL;
    comparison_start(sides, on_compared, &other);
    while (!other)
        http_client_idle(loop);
    assert_null(answer);
    answer_unref(other);
    inquiry_release(&sides[0]);
    inquiry_release(&sides[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_tags_of_one_version_are_one),
        TEST(a_side_without_facts_is_submitted),
        TEST(what_is_told_is_told_again_from_memory),
        TEST(what_cannot_be_read_is_no_comparison),
        TEST(the_bound_is_a_bound),
        TEST(relations_that_are_too_much_are_left_out),
        TEST(an_ended_comparison_tells_nobody),
        cmocka_unit_test(a_stop_answers_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
