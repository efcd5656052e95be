#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "bar.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "text.h"

#define REDRAW_MS 100
#define BAR_COLUMNS 20
#define MAX_LINE_BYTES 4096

struct progress {
    struct loop *loop;
    const struct terminal *terminal;
    struct loop_timer *timer;
    bool is_quiet;
    bool is_bar;
    bool is_drawn;
    char *shown; /* NULL outside begin and end */
    char *stage; /* that was told last */
    json_t *status;
    int64_t drawn_ms;
};

char *progress_stage_text(const json_t *status)
{
    const char *stage = jsonx_str(status, "Stage");
    long long done = jsonx_int(status, "Done");
    long long total = jsonx_int(status, "Total");
    char time[AMOUNT_BYTES];
    if (strcmp(stage, "waiting-rate-limit") == 0) {
        amount_time_text(jsonx_str(status, "RetryAt"), time);
        return xasprintf("waiting for the registry's rate limit%s%s", *time ? " until " : "", time);
    }
    AUTO(free) char *escaped = text_escape(*stage ? stage : "not asked for", "", false);
    return total > 0 ? xasprintf("%s %lld of %lld", escaped, done, total) : TAKE(escaped);
}

void progress_bar_line(struct strbuf *out, const struct terminal *terminal, const char *shown,
                       const json_t *status)
{
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(MAX_LINE_BYTES);
    AUTO(free) char *stage = progress_stage_text(status);
    int64_t done = jsonx_int(status, "Done");
    int64_t total = jsonx_int(status, "Total");
    strbuf_addf(&line, "%s  ", shown);
    if (total > 0) {
        bar_add(&line, done, total, BAR_COLUMNS, terminal->is_utf8);
        strbuf_adds(&line, "  ");
    }
    strbuf_adds(&line, stage);
    /* Of a line as wide as the terminal the cursor would be in the next one. */
    text_add_cut(out, strbuf_str(&line), (size_t)terminal->columns - 1, terminal->is_utf8);
}

static void erase(struct progress *progress)
{
    if (progress->is_drawn)
        (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
    progress->is_drawn = false;
}

static void draw(void *arg)
{
    struct progress *progress = arg;
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(MAX_LINE_BYTES);
    progress_bar_line(&line, progress->terminal, progress->shown, progress->status);
    (void)fprintf(stderr, "\r\033[K%s", strbuf_str(&line));
    (void)fflush(stderr);
    progress->is_drawn = true;
    progress->drawn_ms = loop_now_ms(progress->loop);
}

struct progress *progress_new(struct loop *loop, const struct terminal *terminal, bool is_quiet)
{
    struct progress *progress = xcalloc(1, sizeof(*progress));
    progress->loop = loop;
    progress->terminal = terminal;
    progress->is_quiet = is_quiet;
    progress->is_bar = terminal->is_tty && !terminal->is_dumb;
    progress->timer = loop_timer_new(loop, draw, progress);
    return progress;
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    progress_end(progress);
    loop_timer_free(progress->timer);
    free(progress);
}

void progress_begin(struct progress *progress, const char *shown)
{
    progress_end(progress);
    progress->shown = xstrdup(shown);
}

void progress_end(struct progress *progress)
{
    loop_timer_stop(progress->timer);
    erase(progress);
    free(TAKE(progress->shown));
    free(TAKE(progress->stage));
    json_decref(TAKE(progress->status));
}

static void tell_stage(struct progress *progress)
{
    const char *stage = jsonx_str(progress->status, "Stage");
    if (progress->stage && strcmp(progress->stage, stage) == 0)
        return;
    free(progress->stage);
    progress->stage = xstrdup(stage);
    AUTO(free) char *text = progress_stage_text(progress->status);
    (void)fprintf(stderr, "%s: %s\n", progress->shown, text);
}

void progress_status(void *arg, const json_t *status, const char *text)
{
    struct progress *progress = arg;
    (void)text;
    if (progress->is_quiet || !progress->shown || !*jsonx_str(status, "Stage"))
        return;
    json_decref(progress->status);
    progress->status = json_deep_copy(status);
    int64_t due_ms = progress->drawn_ms + REDRAW_MS - loop_now_ms(progress->loop);
    if (!progress->is_bar)
        tell_stage(progress);
    else if (due_ms <= 0)
        draw(progress);
    else if (!loop_timer_is_active(progress->timer))
        loop_timer_start(progress->timer, due_ms);
}
