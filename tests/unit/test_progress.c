#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "progress.h"
#include "terminal.h"
#include "text.h"

static void assert_line(const char *status_text, int columns, bool is_utf8, const char *expected)
{
    const struct terminal terminal = {.is_tty = true, .is_utf8 = is_utf8, .columns = columns};
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(4096);
    JSON_AUTO
    json_t *status = unit_json(status_text);
    progress_bar_line(&out, &terminal, "nginx", status);
    assert_string_equal(strbuf_str(&out), expected);
    assert_true(text_width(strbuf_str(&out)) < (size_t)columns);
}

static void lines_fit_the_terminal(void **state)
{
    (void)state;
    assert_line("{'Stage':'queued','Done':0,'Total':0}", 80, true, "nginx  queued");
    assert_line("{'Stage':'layers','Done':30,'Total':60}", 80, true,
                "nginx  ██████████░░░░░░░░░░  layers 30 of 60");
    assert_line("{'Stage':'layers','Done':60,'Total':60}", 80, false,
                "nginx  ####################  layers 60 of 60");
    assert_line("{'Stage':'layers','Done':30,'Total':60}", 34, true,
                "nginx  ██████████░░░░░░░░░░  lay…");
    assert_line("{'Stage':'\\u001b[2J','Done':0,'Total':0}", 80, true, "nginx  <U+001B>[2J");
}

static void a_rate_limit_says_until_when(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *status = unit_json("{'Stage':'waiting-rate-limit','Done':1,'Total':9,"
                               "'RetryAt':'2026-01-20T10:30:00Z'}");
    AUTO(free) char *text = progress_stage_text(status);
    assert_string_equal(text, "waiting for the registry's rate limit until 2026-01-20 10:30 UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fit_the_terminal),
        cmocka_unit_test(a_rate_limit_says_until_when),
    };
    terminal_init();
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
