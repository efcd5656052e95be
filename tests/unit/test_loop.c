#include "unit.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "mem.h"
#include "strbuf.h"

#define FOREVER_MS (60 * 1000)

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

/* Timers */

struct mark {
    struct strbuf *order;
    char name;
    bool *done; /* NULL: not the last */
};

static void on_expired(void *arg)
{
    struct mark *mark = arg;
    strbuf_addc(mark->order, mark->name);
    if (mark->done)
        *mark->done = true;
}

static void timers_expire_in_order(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf order = STRBUF_INIT(100);
    bool done = false;
    struct mark marks[] = {{&order, 'c', &done}, {&order, 'a', NULL}, {&order, 'b', NULL}};
    static const int64_t delays_ms[] = {60, -5, 20};
    struct loop_timer *timers[3];
    for (size_t i = 0; i < 3; i++) {
        timers[i] = loop_timer_new(loop, on_expired, &marks[i]);
        assert_false(loop_timer_is_active(timers[i]));
        loop_timer_start(timers[i], delays_ms[i]);
        assert_true(loop_timer_is_active(timers[i]));
    }
    assert_string_equal(strbuf_str(&order), ""); /* never from inside a call */
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_string_equal(strbuf_str(&order), "abc");
    for (size_t i = 0; i < 3; i++) {
        assert_false(loop_timer_is_active(timers[i]));
        loop_timer_free(timers[i]);
    }
}

static void timers_can_be_moved_and_stopped(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf order = STRBUF_INIT(100);
    bool done = false;
    struct mark moved = {&order, 'm', NULL};
    struct mark stopped = {&order, 's', NULL};
    struct mark last = {&order, 'l', &done};
    struct loop_timer *timers[] = {loop_timer_new(loop, on_expired, &moved),
                                   loop_timer_new(loop, on_expired, &stopped),
                                   loop_timer_new(loop, on_expired, &last)};
    loop_timer_start(timers[0], FOREVER_MS);
    loop_timer_start(timers[0], 0);
    loop_timer_start(timers[1], 0);
    loop_timer_stop(timers[1]);
    loop_timer_stop(timers[1]);
    loop_timer_start(timers[2], 20);
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_string_equal(strbuf_str(&order), "ml");
    done = false;
    loop_timer_start(timers[2], 0); /* one shot, but to be used again */
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_string_equal(strbuf_str(&order), "mll");
    for (size_t i = 0; i < ARRAY_LEN(timers); i++)
        loop_timer_free(timers[i]);
    loop_timer_free(NULL);
}

static void on_expired_free_timer(void *arg)
{
    struct loop_timer **timer = arg;
    loop_timer_free(TAKE(*timer));
    loop_stop(loop);
}

static void callbacks_may_free_their_timer(void **state)
{
    (void)state;
    struct loop_timer *timer = loop_timer_new(loop, on_expired_free_timer, (void *)&timer);
    loop_timer_start(timer, 0);
    loop_run(loop);
    assert_null(timer);
}

/* loop_run_until */

static void waiting_ends_at_the_deadline(void **state)
{
    (void)state;
    bool done = false;
    int64_t deadline_ms = loop_now_ms(loop) + 30;
    assert_false(loop_run_until(loop, &done, deadline_ms));
    /* libev may round a timer down by less than a millisecond */
    assert_true(loop_now_ms(loop) >= deadline_ms - 1);
    assert_false(loop_run_until(loop, &done, loop_now_ms(loop) - 1000));
}

static void what_is_done_needs_no_turn(void **state)
{
    (void)state;
    bool done = true;
    AUTO(strbuf) struct strbuf order = STRBUF_INIT(100);
    struct mark mark = {&order, 'x', NULL};
    struct loop_timer *timer = loop_timer_new(loop, on_expired, &mark);
    loop_timer_start(timer, 0);
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_true(loop_run_until(loop, &done, 0));
    assert_string_equal(strbuf_str(&order), "");
    loop_timer_free(timer);
}

/* Descriptors */

struct reader {
    int fd;
    struct strbuf text;
    bool done;
    int events;
};

static void on_readable(void *arg, int events)
{
    struct reader *reader = arg;
    char buf[16];
    reader->events |= events;
    ssize_t len = read(reader->fd, buf, sizeof(buf));
    if (len > 0)
        strbuf_add(&reader->text, buf, (size_t)len);
    if (len == 0 || memchr(buf, '!', (size_t)len))
        reader->done = true;
}

static void a_pipe_is_read(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct reader reader = {.fd = fds[0], .text = STRBUF_INIT(1000)};
    struct loop_io *io = loop_io_new(loop, fds[0], LOOP_READ, on_readable, &reader);
    assert_int_equal(loop_io_events(io), LOOP_READ);
    assert_int_equal(write(fds[1], "a text longer than one read!", 28), 28);
    assert_true(loop_run_until(loop, &reader.done, loop_now_ms(loop) + FOREVER_MS));
    assert_string_equal(strbuf_str(&reader.text), "a text longer than one read!");
    assert_int_equal(reader.events, LOOP_READ);

    loop_io_set(io, 0); /* not interested: nothing is called though there is something */
    reader.done = false;
    assert_int_equal(write(fds[1], "more!", 5), 5);
    assert_false(loop_run_until(loop, &reader.done, loop_now_ms(loop) + 10));
    loop_io_set(io, LOOP_READ);
    assert_true(loop_run_until(loop, &reader.done, loop_now_ms(loop) + FOREVER_MS));

    reader.done = false; /* the end of the stream counts as readable */
    close(fds[1]);
    assert_true(loop_run_until(loop, &reader.done, loop_now_ms(loop) + FOREVER_MS));
    loop_io_free(io);
    loop_io_free(NULL);
    close(fds[0]);
    strbuf_release(&reader.text);
}

static void on_writable(void *arg, int events)
{
    int *seen = arg;
    *seen |= events;
    loop_stop(loop);
}

static void a_pipe_is_writable(void **state)
{
    (void)state;
    int fds[2];
    int seen = 0;
    assert_int_equal(pipe(fds), 0);
    struct loop_io *io = loop_io_new(loop, fds[1], 0, on_writable, &seen);
    loop_io_set(io, LOOP_WRITE);
    loop_run(loop);
    assert_int_equal(seen, LOOP_WRITE);
    loop_io_free(io);
    close(fds[0]);
    close(fds[1]);
}

/* Hooks and signals */

static void on_before_sleep(void *arg)
{
    struct mark *mark = arg;
    strbuf_addc(mark->order, mark->name);
}

static void hooks_run_before_each_sleep(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf order = STRBUF_INIT(100);
    bool done = false;
    struct mark hook_mark = {&order, 'h', NULL};
    struct mark timer_mark = {&order, 't', &done};
    struct loop_hook *hook = loop_hook_new(loop, on_before_sleep, &hook_mark);
    struct loop_timer *timer = loop_timer_new(loop, on_expired, &timer_mark);
    loop_timer_start(timer, 10);
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_int_equal(strbuf_str(&order)[0], 'h');
    assert_int_equal(strbuf_str(&order)[order.len - 1], 't');
    loop_hook_free(hook);
    strbuf_reset(&order);
    done = false;
    loop_timer_start(timer, 0);
    assert_true(loop_run_until(loop, &done, loop_now_ms(loop) + FOREVER_MS));
    assert_string_equal(strbuf_str(&order), "t");
    loop_timer_free(timer);
    loop_hook_free(NULL);
}

static void on_raised(void *arg)
{
    *(bool *)arg = true;
}

static void signals_come_through_the_loop(void **state)
{
    (void)state;
    bool raised = false;
    loop_on_signal(loop, SIGUSR1, on_raised, &raised);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_false(raised); /* not in signal context */
    assert_true(loop_run_until(loop, &raised, loop_now_ms(loop) + FOREVER_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_expire_in_order, start, stop),
        cmocka_unit_test_setup_teardown(timers_can_be_moved_and_stopped, start, stop),
        cmocka_unit_test_setup_teardown(callbacks_may_free_their_timer, start, stop),
        cmocka_unit_test_setup_teardown(waiting_ends_at_the_deadline, start, stop),
        cmocka_unit_test_setup_teardown(what_is_done_needs_no_turn, start, stop),
        cmocka_unit_test_setup_teardown(a_pipe_is_read, start, stop),
        cmocka_unit_test_setup_teardown(a_pipe_is_writable, start, stop),
        cmocka_unit_test_setup_teardown(hooks_run_before_each_sleep, start, stop),
        cmocka_unit_test_setup_teardown(signals_come_through_the_loop, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
