#include "log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define LOG_LINE_MAX_BYTES 8192

static struct {
    const char *component;
    enum log_level level;
    bool json;
} log_state = {"microbadger", LOG_INFO, true};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(const char *component, enum log_level level, enum log_format format)
{
    log_state.component = component;
    log_state.level = level;
    log_state.json =
        format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
}

/* JSON string escapes, which also keep control characters off a terminal (those of two bytes,
 * U+0080 to U+009F, too); other UTF-8 passes, and what is none becomes U+FFFD. */
static void add_escaped(struct strbuf *line, const char *foreign)
{
    AUTO(free) char *valid = jsonx_repair_utf8(foreign, strlen(foreign));
    for (const char *text = valid; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            strbuf_addf(line, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            strbuf_addf(line, "\\u%04x", c);
        else if (c == 0xc2 && (unsigned char)text[1] < 0xa0)
            strbuf_addf(line, "\\u%04x", (unsigned char)*++text);
        else
            strbuf_addc(line, (char)c);
    }
}

static void add_json_field(struct strbuf *line, const struct log_field *field)
{
    strbuf_addf(line, ",\"%s\":", field->key);
    if (!field->text) {
        strbuf_addf(line, "%lld", (long long)field->number);
        return;
    }
    strbuf_addc(line, '"');
    add_escaped(line, field->text);
    strbuf_addc(line, '"');
}

static void add_text_field(struct strbuf *line, const struct log_field *field)
{
    strbuf_addf(line, " %s=", field->key);
    if (!field->text) {
        strbuf_addf(line, "%lld", (long long)field->number);
        return;
    }
    bool quote = strpbrk(field->text, " \"=") || !*field->text;
    strbuf_adds(line, quote ? "\"" : "");
    add_escaped(line, field->text);
    strbuf_adds(line, quote ? "\"" : "");
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    if (level < log_state.level)
        return;
    char now[CLOCK_TEXT_BYTES];
    clock_format(clock_ms(), now);
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(LOG_LINE_MAX_BYTES);
    if (log_state.json)
        strbuf_addf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"component\":\"%s\",\"msg\":\"%s\"",
                    now, level_names[level], log_state.component, message);
    else
        strbuf_addf(&line, "%s %-5s %s: %s", now, level_names[level], log_state.component, message);
    for (; fields->key; fields++) {
        if (log_state.json)
            add_json_field(&line, fields);
        else
            add_text_field(&line, fields);
    }
    strbuf_adds(&line, log_state.json ? "}\n" : "\n");
    if (strbuf_err(&line)) {
        strbuf_reset(&line);
        strbuf_addf(&line,
                    log_state.json ? "{\"level\":\"%s\",\"msg\":\"%s (fields too long)\"}\n"
                                   : "%s %s (fields too long)\n",
                    level_names[level], message);
    }
    (void)!write(STDERR_FILENO, strbuf_str(&line), line.len);
}
