#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#define ENOUGH_MS 10000 /* that something comes; not how long it may take */

static struct loop *loop;

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

static bool run_until(const bool *done)
{
    return loop_run_until(loop, done, loop_now_ms(loop) + ENOUGH_MS);
}

static void set(void *arg)
{
    *(bool *)arg = true;
}

static void now_never_runs_backwards(void **state)
{
    (void)state;
    int64_t last = loop_now_ms(loop);
    assert_true(last > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = loop_now_ms(loop);
        assert_true(now >= last);
        last = now;
    }
}

static void timer_fires_once_from_the_loop(void **state)
{
    (void)state;
    bool fired = false;
    struct loop_timer *timer = loop_timer_new(loop, set, &fired);
    assert_false(loop_timer_is_active(timer));
    loop_timer_start(timer, 0);
    assert_true(loop_timer_is_active(timer));
    assert_false(fired);
    assert_true(run_until(&fired));
    assert_false(loop_timer_is_active(timer));
    fired = false;
    assert_false(loop_run_until(loop, &fired, loop_now_ms(loop) + 5));
    assert_false(fired);
    loop_timer_free(timer);
}

static void negative_delay_counts_as_none(void **state)
{
    (void)state;
    bool fired = false;
    struct loop_timer *timer = loop_timer_new(loop, set, &fired);
    loop_timer_start(timer, INT64_MIN);
    assert_true(run_until(&fired));
    loop_timer_free(timer);
}

static void starting_a_timer_again_moves_it(void **state)
{
    (void)state;
    bool moved = false;
    bool sooner = false;
    struct loop_timer *timer = loop_timer_new(loop, set, &moved);
    struct loop_timer *other = loop_timer_new(loop, set, &sooner);
    loop_timer_start(timer, 0);
    loop_timer_start(timer, 3600000);
    loop_timer_start(other, 1);
    assert_true(run_until(&sooner));
    assert_false(moved);
    loop_timer_start(timer, 0);
    assert_true(run_until(&moved));
    loop_timer_free(timer);
    loop_timer_free(other);
}

static void stopped_and_freed_timers_stay_silent(void **state)
{
    (void)state;
    bool stopped = false;
    bool freed = false;
    bool last = false;
    struct loop_timer *one = loop_timer_new(loop, set, &stopped);
    struct loop_timer *two = loop_timer_new(loop, set, &freed);
    struct loop_timer *three = loop_timer_new(loop, set, &last);
    loop_timer_start(one, 0);
    loop_timer_start(two, 0);
    loop_timer_start(three, 1);
    loop_timer_stop(one);
    loop_timer_stop(one);
    loop_timer_free(two);
    loop_timer_free(NULL);
    assert_true(run_until(&last));
    assert_false(stopped);
    assert_false(freed);
    loop_timer_free(one);
    loop_timer_free(three);
}

static void free_itself(void *arg)
{
    struct loop_timer **timer = arg;
    loop_timer_free(*timer);
    *timer = NULL;
    loop_stop(loop);
}

static void timer_may_free_itself_and_stop_the_loop(void **state)
{
    (void)state;
    struct loop_timer *timer = NULL;
    timer = loop_timer_new(loop, free_itself, &timer);
    loop_timer_start(timer, 0);
    loop_run(loop);
    assert_null(timer);
}

static void running_until_is_over_at_once_where_it_is_done_or_late(void **state)
{
    (void)state;
    bool fired = false;
    bool yes = true;
    bool no = false;
    struct loop_timer *timer = loop_timer_new(loop, set, &fired);
    loop_timer_start(timer, 0);
    assert_true(loop_run_until(loop, &yes, loop_now_ms(loop) + ENOUGH_MS));
    assert_true(loop_run_until(loop, &yes, 0));
    assert_false(loop_run_until(loop, &no, loop_now_ms(loop)));
    assert_false(loop_run_until(loop, &no, INT64_MIN / 2));
    loop_timer_free(timer);
}

struct pipe_end {
    struct loop_io *io;
    int fd;
    int events;
    bool ready;
};

static void on_ready(void *arg, int events)
{
    struct pipe_end *end = arg;
    end->events |= events;
    end->ready = true;
    loop_io_set(end->io, 0);
}

static void descriptors_are_watched_for_what_is_asked(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct pipe_end end = {.fd = fds[0]};
    end.io = loop_io_new(loop, fds[0], LOOP_WRITE, on_ready, &end);
    assert_int_equal(loop_io_events(end.io), LOOP_WRITE);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_true(run_until(&end.ready));
    assert_int_equal(end.events, LOOP_WRITE); /* it is readable too, but nobody asked */
    assert_int_equal(loop_io_events(end.io), 0);
    end.ready = false;
    assert_false(loop_run_until(loop, &end.ready, loop_now_ms(loop) + 5));
    end.events = 0;
    loop_io_set(end.io, LOOP_READ | LOOP_WRITE);
    assert_true(run_until(&end.ready));
    assert_int_equal(end.events, LOOP_READ | LOOP_WRITE);
    loop_io_free(end.io);
    loop_io_free(NULL);
    close(fds[0]);
    close(fds[1]);
}

static void closed_peer_is_readable(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    struct pipe_end end = {.fd = fds[0]};
    end.io = loop_io_new(loop, fds[0], 0, on_ready, &end);
    close(fds[1]);
    assert_false(loop_run_until(loop, &end.ready, loop_now_ms(loop) + 5));
    loop_io_set(end.io, LOOP_READ);
    assert_true(run_until(&end.ready));
    assert_int_equal(end.events, LOOP_READ);
    loop_io_free(end.io);
    close(fds[0]);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void hook_runs_before_every_sleep(void **state)
{
    (void)state;
    int sleeps = 0;
    bool fired = false;
    struct loop_hook *hook = loop_hook_new(loop, count, &sleeps);
    struct loop_timer *timer = loop_timer_new(loop, set, &fired);
    for (int i = 1; i <= 3; i++) {
        int before = sleeps;
        fired = false;
        loop_timer_start(timer, 0);
        assert_int_equal(sleeps, before);
        assert_true(run_until(&fired));
        assert_true(sleeps > before);
    }
    loop_hook_free(hook);
    loop_hook_free(NULL);
    int last = sleeps;
    fired = false;
    loop_timer_start(timer, 0);
    assert_true(run_until(&fired));
    assert_int_equal(sleeps, last);
    loop_timer_free(timer);
}

static void signals_are_told_from_the_loop(void **state)
{
    (void)state;
    bool user = false;
    bool hangup = false;
    loop_on_signal(loop, SIGUSR1, set, &user);
    loop_on_signal(loop, SIGHUP, set, &hangup);
    raise(SIGUSR1);
    assert_false(user);
    assert_true(run_until(&user));
    assert_false(hangup);
    kill(getpid(), SIGHUP);
    assert_true(run_until(&hangup));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(now_never_runs_backwards, start, stop),
        cmocka_unit_test_setup_teardown(timer_fires_once_from_the_loop, start, stop),
        cmocka_unit_test_setup_teardown(negative_delay_counts_as_none, start, stop),
        cmocka_unit_test_setup_teardown(starting_a_timer_again_moves_it, start, stop),
        cmocka_unit_test_setup_teardown(stopped_and_freed_timers_stay_silent, start, stop),
        cmocka_unit_test_setup_teardown(timer_may_free_itself_and_stop_the_loop, start, stop),
        cmocka_unit_test_setup_teardown(running_until_is_over_at_once_where_it_is_done_or_late,
                                        start, stop),
        cmocka_unit_test_setup_teardown(descriptors_are_watched_for_what_is_asked, start, stop),
        cmocka_unit_test_setup_teardown(closed_peer_is_readable, start, stop),
        cmocka_unit_test_setup_teardown(hook_runs_before_every_sleep, start, stop),
        cmocka_unit_test_setup_teardown(signals_are_told_from_the_loop, start, stop),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
