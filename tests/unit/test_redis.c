#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"

static struct redis_server server;

static int start(void **state)
{
    (void)state;
    redis_server_start(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static void urls_are_checked(void **state)
{
    (void)state;
    const char *why = NULL;
    assert_int_equal(redis_url_check("redis://127.0.0.1:6379/0", &why), 0);
    assert_int_equal(redis_url_check("redis://user:p%40ss@host/3?stream=x", &why), 0);
    assert_int_equal(redis_url_check("unix:/run/redis.sock?db=2", &why), 0);
    assert_int_equal(redis_url_check("http://host/", &why), ERR_INVALID);
    assert_int_equal(redis_url_check("redis://host/two", &why), ERR_INVALID);
    assert_string_equal(why, "its database is not a number");
#ifdef MB_REDIS_TLS
    assert_int_equal(redis_url_check("rediss://user:secret@host/0", &why), 0);
    assert_int_equal(redis_ca_check("/dev/null", &why), ERR_INVALID);
#else
    assert_int_equal(redis_url_check("rediss://host/0", &why), ERR_UNSUPPORTED);
    assert_int_equal(redis_ca_check("/dev/null", &why), ERR_UNSUPPORTED);
#endif
    assert_int_equal(redis_ca_check("", &why), 0);
    assert_int_equal(redis_url_db("redis://host/7"), 7);
    assert_int_equal(redis_url_db("unix:/run/redis.sock?db=2"), 2);
}

static void identities_tell_databases_apart(void **state)
{
    (void)state;
    AUTO(free) char *plain = redis_url_identity("redis://h/0");
    AUTO(free) char *full = redis_url_identity("redis://u:secret@h:6379/0?stream=a");
    AUTO(free) char *other = redis_url_identity("redis://h/1");
    assert_string_equal(plain, full);
    assert_null(strstr(full, "secret"));
    assert_string_not_equal(plain, other);
}

static void commands_give_replies(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = redis_new(loop, server.url, "test");
    struct redis_reply *reply;
    assert_int_equal(redis_call(redis, 2000, NULL, "SET k %b", "a\0b", (size_t)3), 0);
    assert_int_equal(redis_call(redis, 2000, &reply, "GET k"), 0);
    size_t len;
    assert_memory_equal(redis_str(reply, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    redis_reply_free(reply);
    assert_int_equal(redis_call(redis, 2000, &reply, "LPUSH k x"), ERR_PROTO);
    assert_true(redis_is_error(reply));
    redis_reply_free(reply);
    assert_int_equal(redis_call(redis, 2000, &reply, "GET nothing"), 0);
    assert_true(redis_is_nil(reply));
    redis_reply_free(reply);
    redis_free(redis);
    loop_free(loop);
}

static void late_command_times_out_and_the_connection_recovers(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = redis_new(loop, server.url, "test");
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    assert_int_equal(redis_call(redis, 50, NULL, "BLPOP nothing 30"), ERR_TIMEOUT);
    assert_false(redis_is_connected(redis));
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    assert_string_equal(redis_last_error(redis), "");
    redis_free(redis);
    loop_free(loop);
}

static void on_popped(void *arg, int err, struct redis_reply *reply)
{
    *(int *)arg = err;
    assert_int_equal(redis_len(reply), 2);
}

/* A process that was held up past the deadline has the answer in its socket. */
static void answer_that_is_here_is_not_late(void **state)
{
    (void)state;
    enum { TIMEOUT_MS = 1000 };
    struct loop *loop = loop_new();
    struct loop *other_loop = loop_new();
    struct redis *redis = redis_new(loop, server.url, "test");
    struct redis *other = redis_new(other_loop, server.url, "other");
    int err = 1;
    bool never = false;
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    int64_t deadline_ms = loop_now_ms(loop) + TIMEOUT_MS;
    redis_command(redis, TIMEOUT_MS, on_popped, &err, "BLPOP late 30");
    loop_run_until(loop, &never, loop_now_ms(loop) + 5);
    assert_int_equal(redis_call(other, 2000, NULL, "LPUSH late x"), 0);
    while (loop_now_ms(loop) <= deadline_ms)
        assert_int_equal(redis_call(other, 2000, NULL, "PING"), 0);
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    assert_int_equal(err, 0);
    redis_free(redis);
    redis_free(other);
    loop_free(loop);
    loop_free(other_loop);
}

static void lost_server_is_unavailable_and_comes_back(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct redis *redis = redis_new(loop, server.url, "test");
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    redis_server_kill(&server);
    assert_int_equal(redis_call(redis, 100, NULL, "PING"), ERR_UNAVAILABLE);
    redis_server_restart(&server);
    assert_int_equal(redis_call(redis, 8000, NULL, "PING"), 0);
    redis_free(redis);
    loop_free(loop);
}

struct seen {
    bool subscribed, message, cancelled;
    int err;
};

static void on_message(void *arg, const char *text, size_t len)
{
    struct seen *seen = arg;
    assert_int_equal(len, 5);
    assert_string_equal(text, "image");
    seen->message = true;
}

static void on_change(void *arg, bool subscribed)
{
    ((struct seen *)arg)->subscribed = subscribed;
}

static void subscription_hears_and_tells_its_loss(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct seen seen = {0};
    struct redis *redis = redis_new(loop, server.url, "test");
    struct redis_sub *sub =
        redis_sub_new(loop, server.url, "test-sub", "news", on_message, on_change, &seen);
    assert_true(loop_run_until(loop, &seen.subscribed, loop_now_ms(loop) + 3000));
    assert_int_equal(redis_call(redis, 2000, NULL, "PUBLISH news image"), 0);
    assert_true(loop_run_until(loop, &seen.message, loop_now_ms(loop) + 3000));
    assert_int_equal(redis_call(redis, 2000, NULL, "CLIENT KILL TYPE pubsub"), 0);
    bool never = false;
    while (seen.subscribed)
        loop_run_until(loop, &never, loop_now_ms(loop) + 5);
    assert_true(loop_run_until(loop, &seen.subscribed, loop_now_ms(loop) + 3000));
    redis_sub_free(sub);
    redis_free(redis);
    loop_free(loop);
}

static void on_done(void *arg, int err, struct redis_reply *reply)
{
    (void)reply;
    struct seen *seen = arg;
    seen->cancelled = true;
    seen->err = err;
}

static void free_cancels_and_unconnected_fails_later(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct seen seen = {0};
    struct redis *redis = redis_new(loop, "redis://127.0.0.1:1/0", "test");
    redis_command(redis, 1000, on_done, &seen, "PING");
    assert_false(seen.cancelled);
    assert_true(loop_run_until(loop, &seen.cancelled, loop_now_ms(loop) + 3000));
    assert_int_equal(seen.err, ERR_UNAVAILABLE);
    redis_free(redis);
    seen = (struct seen){0};
    redis = redis_new(loop, server.url, "test");
    assert_int_equal(redis_call(redis, 2000, NULL, "PING"), 0);
    redis_command(redis, 60000, on_done, &seen, "BLPOP nothing 30");
    redis_free(redis);
    assert_true(seen.cancelled);
    assert_int_equal(seen.err, ERR_CANCELLED);
    loop_free(loop);
}

/* A server that knows no AUTH, as its real words are. */
static pid_t repeater_start(const char *path)
{
    static const char answer[] = "-ERR unknown command 'AUTH', with args beginning with: 'user' 'a "
                                 "secret of some length' \r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            int peer = accept(listener, NULL, NULL);
            (void)!write(peer, answer, sizeof(answer) - 1);
        }
    }
    close(listener);
    return pid;
}

struct problems {
    int count;
    bool is_told;
    char last[160];
};

static void on_problem(void *arg, const char *why)
{
    struct problems *problems = arg;
    problems->count++;
    problems->is_told = true;
    (void)snprintf(problems->last, sizeof(problems->last), "%s", why);
}

static void reason_is_told_once_however_often_it_is_tried(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct problems problems = {0};
    struct redis *redis = redis_new(loop, "redis://127.0.0.1:1/0", "test");
    redis_on_problem(redis, on_problem, &problems);
    assert_true(loop_run_until(loop, &problems.is_told, loop_now_ms(loop) + 3000));
    assert_string_equal(problems.last, "Connection refused");
    redis_call(redis, 500, NULL, "PING"); /* it tries again meanwhile */
    assert_int_equal(problems.count, 1);
    redis_free(redis);
    loop_free(loop);
}

static void a_password_that_comes_back_is_not_told(void **state)
{
    (void)state;
    AUTO(free) char *path = xasprintf("%s/repeater.sock", server.directory);
    AUTO(free) char *url = xasprintf("unix:user:a%%20secret%%20of%%20some%%20length@%s", path);
    pid_t pid = repeater_start(path);
    struct loop *loop = loop_new();
    struct problems problems = {0};
    struct redis *redis = redis_new(loop, url, "test");
    redis_on_problem(redis, on_problem, &problems);
    assert_true(loop_run_until(loop, &problems.is_told, loop_now_ms(loop) + 3000));
    assert_string_equal(problems.last, "it refuses AUTH, with an answer that repeats the password");
    assert_string_equal(redis_last_error(redis), problems.last);
    redis_free(redis);
    loop_free(loop);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(identities_tell_databases_apart),
        cmocka_unit_test(commands_give_replies),
        cmocka_unit_test(late_command_times_out_and_the_connection_recovers),
        cmocka_unit_test(answer_that_is_here_is_not_late),
        cmocka_unit_test(lost_server_is_unavailable_and_comes_back),
        cmocka_unit_test(subscription_hears_and_tells_its_loss),
        cmocka_unit_test(a_password_that_comes_back_is_not_told),
        cmocka_unit_test(free_cancels_and_unconnected_fails_later),
        cmocka_unit_test(reason_is_told_once_however_often_it_is_tried),
    };
    return cmocka_run_group_tests_name("redis", tests, start, stop);
}
