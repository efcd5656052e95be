#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"

#define MAX_BYTES 20000

static FILE *captured;
static int stderr_copy;

/* From here on, what goes to stderr lands in a file. */
static void capture(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    (void)fflush(stderr);
    stderr_copy = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

/* What was written since. Caller frees. */
static char *captured_text(void)
{
    char *text = xcalloc(1, MAX_BYTES + 1);
    dup2(stderr_copy, STDERR_FILENO);
    close(stderr_copy);
    rewind(captured);
    size_t len = fread(text, 1, MAX_BYTES, captured);
    text[len] = '\0';
    (void)fclose(captured);
    return text;
}

static void a_line_is_a_json_object(void **state)
{
    (void)state;
    capture();
    log_init("microbadger-test", LOG_INFO, LOG_FORMAT_JSON);
    log_info("listening", LOG_STR("address", "127.0.0.1:8080"), LOG_INT("took_ms", -12),
             LOG_STR("none", NULL));
    AUTO(free) char *text = captured_text();
    assert_int_equal(text[strlen(text) - 1], '\n');
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "component")), "microbadger-test");
    assert_string_equal(json_string_value(json_object_get(line, "msg")), "listening");
    assert_string_equal(json_string_value(json_object_get(line, "address")), "127.0.0.1:8080");
    assert_int_equal(json_integer_value(json_object_get(line, "took_ms")), -12);
    assert_string_equal(json_string_value(json_object_get(line, "none")), "");
    assert_int_equal(strlen(json_string_value(json_object_get(line, "ts"))) >= 20, 1);
    json_decref(line);
}

static void values_cannot_forge_lines(void **state)
{
    (void)state;
    static const char attack[] = "x\n{\"level\":\"error\"}\r\x1b[2J\x7f\"\\%s\xc3\xa9";
    capture();
    log_init("test", LOG_INFO, LOG_FORMAT_JSON);
    log_warn("odd", LOG_STR("image", attack));
    AUTO(free) char *text = captured_text();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strpbrk(text, "\r\x1b\x7f"));
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "image")), attack);
    json_decref(line);

    capture();
    log_init("test", LOG_INFO, LOG_FORMAT_TEXT);
    log_warn("odd", LOG_STR("image", attack));
    AUTO(free) char *plain = captured_text();
    assert_ptr_equal(strchr(plain, '\n'), plain + strlen(plain) - 1);
    assert_null(strpbrk(plain, "\r\x1b\x7f"));
}

static void plain_text_quotes_where_needed(void **state)
{
    (void)state;
    capture();
    log_init("test", LOG_INFO, LOG_FORMAT_TEXT);
    log_error("failed", LOG_STR("a", "plain"), LOG_STR("b", "two words"), LOG_STR("c", ""),
              LOG_INT("n", 5));
    AUTO(free) char *text = captured_text();
    assert_non_null(strstr(text, "Z error test: failed a=plain b=\"two words\" c=\"\" n=5\n"));
}

static void levels_below_are_silent(void **state)
{
    (void)state;
    capture();
    log_init("test", LOG_WARN, LOG_FORMAT_TEXT);
    log_debug("one");
    log_info("two");
    log_warn("three");
    log_error("four");
    AUTO(free) char *text = captured_text();
    assert_null(strstr(text, "one"));
    assert_null(strstr(text, "two"));
    assert_non_null(strstr(text, "three"));
    assert_non_null(strstr(text, "four"));
}

static void no_terminal_means_json(void **state)
{
    (void)state;
    capture();
    log_init("test", LOG_INFO, LOG_FORMAT_AUTO);
    log_info("hello");
    AUTO(free) char *text = captured_text();
    assert_int_equal(text[0], '{');
}

static void endless_fields_leave_a_short_line(void **state)
{
    (void)state;
    AUTO(free) char *value = xcalloc(1, 10001);
    memset(value, 'v', 10000);
    capture();
    log_init("test", LOG_INFO, LOG_FORMAT_JSON);
    log_info("big", LOG_STR("value", value));
    AUTO(free) char *text = captured_text();
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "msg")), "big (fields too long)");
    json_decref(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_json_object),
        cmocka_unit_test(values_cannot_forge_lines),
        cmocka_unit_test(plain_text_quotes_where_needed),
        cmocka_unit_test(levels_below_are_silent),
        cmocka_unit_test(no_terminal_means_json),
        cmocka_unit_test(endless_fields_leave_a_short_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
