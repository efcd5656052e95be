#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jsonx.h"
#include "log.h"
#include "mem.h"

static int real_stderr;
static int captured;

static int capture(void **state)
{
    (void)state;
    real_stderr = dup(STDERR_FILENO);
    captured = memfd_create("stderr", MFD_CLOEXEC);
    return captured >= 0 && dup2(captured, STDERR_FILENO) >= 0 ? 0 : -1;
}

static int uncapture(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(captured);
    return 0;
}

/* What was logged since the last call. */
static char *logged(void)
{
    off_t len = lseek(captured, 0, SEEK_END);
    char *text = xcalloc((size_t)len + 1, 1);
    assert_int_equal(pread(captured, text, (size_t)len, 0), len);
    assert_int_equal(ftruncate(captured, 0), 0);
    lseek(captured, 0, SEEK_SET);
    return text;
}

/* The one line as JSON; strict: what needs a repair fails. */
static json_t *logged_json(void)
{
    AUTO(free) char *text = logged();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("no JSON (%s): %s", error.text, text);
    return json;
}

static void event_is_one_json_object(void **state)
{
    (void)state;
    log_init("unit", LOG_DEBUG, LOG_FORMAT_JSON);
    log_warn("it happened", LOG_STR("image", "nginx"), LOG_INT("count", -7));
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "level"), "warn");
    assert_string_equal(jsonx_str(json, "component"), "unit");
    assert_string_equal(jsonx_str(json, "msg"), "it happened");
    assert_string_equal(jsonx_str(json, "image"), "nginx");
    assert_int_equal(jsonx_int(json, "count"), -7);
    assert_int_equal(jsonx_str(json, "ts")[10], 'T');
    assert_int_equal(json_object_size(json), 6);
}

static void each_level_has_its_name(void **state)
{
    (void)state;
    log_init("unit", LOG_DEBUG, LOG_FORMAT_JSON);
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (enum log_level level = LOG_DEBUG; level <= LOG_ERROR; level++) {
        LOG_EVENT(level, "m");
        JSON_AUTO
        json_t *json = logged_json();
        assert_string_equal(jsonx_str(json, "level"), names[level]);
    }
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    log_init("unit", LOG_WARN, LOG_FORMAT_JSON);
    log_debug("no");
    log_info("no");
    AUTO(free) char *nothing = logged();
    assert_string_equal(nothing, "");
    log_error("yes");
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "msg"), "yes");
}

static void hostile_text_stays_inside_its_field(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_JSON);
    const char *hostile = "x\",\"level\":\"fake\\\n{\"a\":1}\r\t\b\x1b[2J\x7f é";
    log_info("m", LOG_STR("text", hostile));
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "text"), hostile);
    assert_string_equal(jsonx_str(json, "level"), "info");
}

static void bytes_that_are_no_utf8_do_not_break_the_line(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_JSON);
    log_info("m", LOG_STR("text", "a\xff\xc3(b\xc2"));
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "text"), "a\xef\xbf\xbd\xef\xbf\xbd(b\xef\xbf\xbd");
}

static void no_control_character_reaches_a_terminal(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_TEXT);
    log_info("m", LOG_STR("text", "\x1b[2J\r\n\x7f\xc2\x9b"
                                  "31m\x9b"));
    AUTO(free) char *text = logged();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    for (const char *c = text; c[1]; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    assert_null(strstr(text, "\xc2\x9b"));
    assert_non_null(strstr(text, "text=\\u001b[2J\\u000d\\u000a\\u007f\\u009b31m\xef\xbf\xbd\n"));
}

static void text_lines_quote_where_a_reader_needs_it(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_TEXT);
    log_info("done", LOG_STR("plain", "a/b:c"), LOG_STR("spaced", "a b"), LOG_STR("empty", ""),
             LOG_STR("forged", "a\" level=error"), LOG_INT("n", INT64_MIN));
    AUTO(free) char *text = logged();
    assert_non_null(strstr(text, " info  unit: done plain=a/b:c spaced=\"a b\" empty=\"\" "
                                 "forged=\"a\\\" level=error\" n=-9223372036854775808\n"));
}

static void missing_text_is_empty_not_a_number(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_JSON);
    const char *missing = NULL;
    log_info("m", LOG_STR("text", missing));
    JSON_AUTO
    json_t *json = logged_json();
    assert_true(json_is_string(json_object_get(json, "text")));
    assert_string_equal(jsonx_str(json, "text"), "");
}

static void too_long_an_event_is_still_one_whole_line(void **state)
{
    (void)state;
    AUTO(free) char *huge = xcalloc(100001, 1);
    memset(huge, 'x', 100000);
    log_init("unit", LOG_INFO, LOG_FORMAT_JSON);
    log_error("big", LOG_STR("text", huge), LOG_STR("more", "y"));
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "msg"), "big (fields too long)");
    assert_string_equal(jsonx_str(json, "level"), "error");
    log_init("unit", LOG_INFO, LOG_FORMAT_TEXT);
    log_error("big", LOG_STR("text", huge));
    AUTO(free) char *text = logged();
    assert_string_equal(text, "error big (fields too long)\n");
}

static void automatic_format_is_json_where_no_terminal_is(void **state)
{
    (void)state;
    log_init("unit", LOG_INFO, LOG_FORMAT_AUTO);
    log_info("m");
    JSON_AUTO
    json_t *json = logged_json();
    assert_string_equal(jsonx_str(json, "msg"), "m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_is_one_json_object, capture, uncapture),
        cmocka_unit_test_setup_teardown(each_level_has_its_name, capture, uncapture),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_written, capture, uncapture),
        cmocka_unit_test_setup_teardown(hostile_text_stays_inside_its_field, capture, uncapture),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_utf8_do_not_break_the_line, capture,
                                        uncapture),
        cmocka_unit_test_setup_teardown(no_control_character_reaches_a_terminal, capture,
                                        uncapture),
        cmocka_unit_test_setup_teardown(text_lines_quote_where_a_reader_needs_it, capture,
                                        uncapture),
        cmocka_unit_test_setup_teardown(missing_text_is_empty_not_a_number, capture, uncapture),
        cmocka_unit_test_setup_teardown(too_long_an_event_is_still_one_whole_line, capture,
                                        uncapture),
        cmocka_unit_test_setup_teardown(automatic_format_is_json_where_no_terminal_is, capture,
                                        uncapture),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
