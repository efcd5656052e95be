#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "resolve.h"

#define ENOUGH_MS 20000

struct answer {
    bool done;
    int calls;
    int err;
    char address[64];
};

static struct loop *loop;

/* A name server of our own, in front of glibc's look-ups: THREE has three addresses, and nothing
 * is answered while `stuck`. */
#define THREE "three.test"

static bool stuck;
static int freed_lists;

int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    __typeof__(getaddrinfo_a) *real = dlsym(RTLD_NEXT, "getaddrinfo_a");
    if (strcmp(list[0]->ar_name, THREE) != 0)
        return real(mode, list, count, event);
    struct addrinfo **at = &list[0]->ar_result;
    const char *addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++, at = &(*at)->ai_next)
        if (getaddrinfo(addresses[i], NULL, list[0]->ar_request, at) != 0)
            abort();
    return 0;
}

int gai_error(struct gaicb *request)
{
    __typeof__(gai_error) *real = dlsym(RTLD_NEXT, "gai_error");
    if (strcmp(request->ar_name, THREE) != 0)
        return real(request);
    return stuck ? EAI_INPROGRESS : 0;
}

int gai_cancel(struct gaicb *request)
{
    __typeof__(gai_cancel) *real = dlsym(RTLD_NEXT, "gai_cancel");
    if (strcmp(request->ar_name, THREE) != 0)
        return real(request);
    return stuck ? EAI_NOTCANCELED : EAI_ALLDONE;
}

void freeaddrinfo(struct addrinfo *list)
{
    __typeof__(freeaddrinfo) *real = dlsym(RTLD_NEXT, "freeaddrinfo");
    freed_lists++;
    real(list);
}

static int start(void **state)
{
    (void)state;
    loop = loop_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

static void on_done(void *arg, int err, const char *address)
{
    struct answer *answer = arg;
    answer->done = true;
    answer->calls++;
    answer->err = err;
    (void)snprintf(answer->address, sizeof(answer->address), "%s", address ? address : "(null)");
}

static struct answer look_up(const char *host, unsigned choice, int timeout_ms)
{
    struct answer answer = {0};
    assert_non_null(resolve_start(loop, host, choice, timeout_ms, on_done, &answer));
    assert_false(answer.done);
    assert_true(loop_run_until(loop, &answer.done, loop_now_ms(loop) + ENOUGH_MS));
    assert_int_equal(answer.calls, 1);
    return answer;
}

static void addresses_are_answered_as_they_are(void **state)
{
    (void)state;
    const char *addresses[] = {"127.0.0.1", "0.0.0.0", "::1",
                               "fd00:1111:2222:3333:4444:5555:6666:7777",
                               "1111:2222:3333:4444:5555:6666:255.255.255.255"};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct answer answer = look_up(addresses[i], (unsigned)i, ENOUGH_MS);
        assert_int_equal(answer.err, 0);
        assert_string_equal(answer.address, addresses[i]);
    }
}

static void address_needs_no_time(void **state)
{
    (void)state;
    struct answer answer = look_up("127.0.0.1", 0, 0);
    assert_int_equal(answer.err, 0);
    assert_string_equal(answer.address, "127.0.0.1");
}

static void name_gives_a_numeric_address_whatever_the_choice(void **state)
{
    (void)state;
    const unsigned choices[] = {0, 1, 2, 7, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        struct answer answer = look_up("localhost", choices[i], ENOUGH_MS);
        assert_int_equal(answer.err, 0);
        if (strcmp(answer.address, "127.0.0.1") != 0)
            assert_string_equal(answer.address, "::1");
    }
}

static void impossible_names_are_a_network_failure(void **state)
{
    (void)state;
    AUTO(free) char *huge = xcalloc(5001, 1);
    memset(huge, 'a', 5000);
    const char *names[] = {"", huge, "a..b"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct answer answer = look_up(names[i], 0, ENOUGH_MS);
        assert_int_equal(answer.err, ERR_NETWORK);
        assert_string_equal(answer.address, "(null)");
    }
}

static void one_of_several_addresses_is_chosen_in_turn(void **state)
{
    (void)state;
    const char *expected[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.2"};
    for (unsigned i = 0; i < ARRAY_LEN(expected); i++) {
        struct answer answer = look_up(THREE, i, ENOUGH_MS);
        assert_int_equal(answer.err, 0);
        assert_string_equal(answer.address, expected[i]);
    }
}

static void unanswered_look_ups_time_out(void **state)
{
    (void)state;
    stuck = true;
    struct answer answer = look_up(THREE, 0, 1);
    assert_int_equal(answer.err, ERR_TIMEOUT);
    assert_string_equal(answer.address, "(null)");
    answer = look_up(THREE, 0, 0);
    assert_int_equal(answer.err, ERR_TIMEOUT);
    stuck = false;
    assert_int_equal(look_up(THREE, 0, ENOUGH_MS).err, 0);
}

static void cancelled_while_glibc_is_at_it_is_freed_later(void **state)
{
    (void)state;
    struct answer cancelled = {0};
    stuck = true;
    resolve_cancel(resolve_start(loop, THREE, 0, ENOUGH_MS, on_done, &cancelled));
    resolve_cancel(resolve_start(loop, THREE, 0, ENOUGH_MS, on_done, &cancelled));
    stuck = false;
    int before = freed_lists;
    assert_int_equal(look_up("127.0.0.1", 0, ENOUGH_MS).err, 0);
    assert_int_equal(freed_lists, before + 2);
    assert_false(cancelled.done);
}

static void host_is_not_needed_after_the_start(void **state)
{
    (void)state;
    struct answer answer = {0};
    char *host = xstrdup("127.0.0.1");
    resolve_start(loop, host, 0, ENOUGH_MS, on_done, &answer);
    memset(host, 'x', strlen(host));
    free(host);
    assert_true(loop_run_until(loop, &answer.done, loop_now_ms(loop) + ENOUGH_MS));
    assert_string_equal(answer.address, "127.0.0.1");
}

static void cancelled_look_ups_stay_silent(void **state)
{
    (void)state;
    const char *hosts[] = {"127.0.0.1", "localhost", "no-such-host.invalid"};
    struct answer cancelled = {0};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        resolve_cancel(resolve_start(loop, hosts[i], 0, ENOUGH_MS, on_done, &cancelled));
    resolve_cancel(NULL);
    assert_int_equal(look_up("localhost", 0, ENOUGH_MS).err, 0); /* and sweeps up after them */
    assert_false(cancelled.done);
}

static void look_ups_run_side_by_side(void **state)
{
    (void)state;
    struct answer answers[20] = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        resolve_start(loop, i % 2 ? "localhost" : "127.0.0.1", (unsigned)i, ENOUGH_MS, on_done,
                      &answers[i]);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_true(loop_run_until(loop, &answers[i].done, loop_now_ms(loop) + ENOUGH_MS));
        assert_int_equal(answers[i].err, 0);
        assert_int_equal(answers[i].calls, 1);
    }
}

struct chain {
    struct answer second;
};

static void start_another(void *arg, int err, const char *address)
{
    struct chain *chain = arg;
    assert_int_equal(err, 0);
    assert_string_equal(address, "127.0.0.1");
    resolve_start(loop, "localhost", 0, ENOUGH_MS, on_done, &chain->second);
}

static void callback_may_start_another(void **state)
{
    (void)state;
    struct chain chain = {{0}};
    resolve_start(loop, "127.0.0.1", 0, ENOUGH_MS, start_another, &chain);
    assert_true(loop_run_until(loop, &chain.second.done, loop_now_ms(loop) + ENOUGH_MS));
    assert_true(address_text_is_private(chain.second.address));
    assert_int_equal(chain.second.err, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_are_answered_as_they_are, start, stop),
        cmocka_unit_test_setup_teardown(address_needs_no_time, start, stop),
        cmocka_unit_test_setup_teardown(name_gives_a_numeric_address_whatever_the_choice, start,
                                        stop),
        cmocka_unit_test_setup_teardown(impossible_names_are_a_network_failure, start, stop),
        cmocka_unit_test_setup_teardown(one_of_several_addresses_is_chosen_in_turn, start, stop),
        cmocka_unit_test_setup_teardown(unanswered_look_ups_time_out, start, stop),
        cmocka_unit_test_setup_teardown(cancelled_while_glibc_is_at_it_is_freed_later, start, stop),
        cmocka_unit_test_setup_teardown(host_is_not_needed_after_the_start, start, stop),
        cmocka_unit_test_setup_teardown(cancelled_look_ups_stay_silent, start, stop),
        cmocka_unit_test_setup_teardown(look_ups_run_side_by_side, start, stop),
        cmocka_unit_test_setup_teardown(callback_may_start_another, start, stop),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
