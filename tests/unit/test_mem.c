#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

static void nothing_is_still_an_allocation(void **state)
{
    (void)state;
    void *empty[] = {xmalloc(0), xcalloc(0, 8), xcalloc(8, 0), xrealloc(NULL, 0)};
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        assert_non_null(empty[i]);
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(empty[i], empty[j]);
    }
    empty[3] = xrealloc(empty[3], 0); /* must not free */
    assert_non_null(empty[3]);
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        free(empty[i]);
}

static void calloc_gives_zeros_and_realloc_keeps_content(void **state)
{
    (void)state;
    static const char zeros[1024];
    char *data = xcalloc(32, 32);
    assert_memory_equal(data, zeros, 1024);
    memset(data, 'x', 1024);
    data = xrealloc(data, 65536);
    for (size_t i = 0; i < 1024; i++)
        assert_int_equal(data[i], 'x');
    free(data);
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    AUTO(free) char *whole = xstrdup("text");
    AUTO(free) char *start = xstrndup("text", 2);
    AUTO(free) char *beyond = xstrndup("text", 100);
    AUTO(free) char *data = xmemdup("a\0b", 3);
    AUTO(free) char *none = xmemdup(NULL, 0);
    assert_string_equal(whole, "text");
    assert_string_equal(start, "te");
    assert_string_equal(beyond, "text");
    assert_memory_equal(data, "a\0b\0", 4);
    assert_string_equal(none, "");
}

static void formatted_text_has_any_length(void **state)
{
    (void)state;
    AUTO(free) char *text = xasprintf("%s-%05d", "a", 42);
    AUTO(free) char *empty = xasprintf("%s", "");
    AUTO(free) char *wide = xasprintf("%*d", 100000, 7);
    assert_string_equal(text, "a-00042");
    assert_string_equal(empty, "");
    assert_int_equal(strlen(wide), 100000);
    assert_int_equal(wide[99999], '7');
}

static int cleaned;

static void counted_cleanup(int *value)
{
    cleaned += *value;
}

static void locals_are_cleaned_up_at_the_end_of_their_scope(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        AUTO(counted) int value = i;
        assert_int_equal(value, i);
        if (i == 2)
            continue;
    }
    assert_int_equal(cleaned, 6);
}

static void taking_moves_the_pointer_out(void **state)
{
    (void)state;
    AUTO(free) char *from = xstrdup("a");
    const char *address = from;
    AUTO(free) char *taken = TAKE(from);
    assert_ptr_equal(taken, address);
    assert_string_equal(taken, "a");
    assert_null(from);
}

/* The address sanitizer's allocator shall fail as the real one does, not end the process. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* What a child that does work() died of; it says nothing, so as not to trouble the test's output.
 */
static int signal_of(void (*work)(void), char *ret_stderr, size_t size)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(pipes[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        work();
        _exit(0);
    }
    close(pipes[1]);
    ssize_t len = 0;
    ssize_t got;
    while ((got = read(pipes[0], ret_stderr + len, size - 1 - (size_t)len)) > 0)
        len += got;
    ret_stderr[len] = '\0';
    close(pipes[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void take_too_much(void)
{
    volatile size_t huge = SIZE_MAX / 2;
    free(xcalloc(huge, 4));
}

static void running_out_of_memory_ends_the_process(void **state)
{
    (void)state;
    char text[8192];
    assert_int_equal(signal_of(take_too_much, text, sizeof(text)), SIGABRT);
    assert_non_null(strstr(text, "out of memory\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_still_an_allocation),
        cmocka_unit_test(calloc_gives_zeros_and_realloc_keeps_content),
        cmocka_unit_test(copies_end_with_a_nul),
        cmocka_unit_test(formatted_text_has_any_length),
        cmocka_unit_test(locals_are_cleaned_up_at_the_end_of_their_scope),
        cmocka_unit_test(taking_moves_the_pointer_out),
        cmocka_unit_test(running_out_of_memory_ends_the_process),
    };
    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
