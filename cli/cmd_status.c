/* status and watch: how far the work on an image is. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "err.h"
#include "failure.h"
#include "image_answers.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "progress.h"
#include "view.h"

static int exit_status_of(const json_t *status)
{
    const char *word = jsonx_str(status, "Status");
    if (strcmp(word, "INSPECTED") == 0)
        return EXIT_OK;
    if (strcmp(word, "MISSING") == 0 || strcmp(word, "UNKNOWN") == 0)
        return EXIT_NOT_FOUND;
    return strcmp(word, "FAILED_INSPECTION") == 0 ? EXIT_FAILED : EXIT_PENDING;
}

static enum style style_of(const json_t *status)
{
    switch (exit_status_of(status)) {
    case EXIT_OK:
        return STYLE_GREEN;
    case EXIT_PENDING:
        return STYLE_YELLOW;
    default:
        return STYLE_RED;
    }
}

/* "nginx  SIZE  layers 12 of 60", and why where it failed. */
static void add_status(const struct view *view, const char *shown, const json_t *status)
{
    AUTO(free) char *word = view_text(view, status, "Status");
    AUTO(free) char *error = view_text(view, status, "Error");
    AUTO(free) char *stage = progress_stage_text(status);
    view_addf(view, "%s  ", shown);
    view_styled(view, style_of(status), word);
    view_addf(view, "  %s%s%s\n", stage, *error ? ": " : "", error);
}

static int status_of(struct session *session, const struct target *target)
{
    AUTO(source_answer) struct source_answer answer = {0};
    AUTO(free) char *path = xasprintf("/v1/status/%s", target->ref);
    session_start(session);
    const struct source_request request = {.path = path, .deadline_ms = session_deadline(session)};
    int exit_status = session_get(session, &request, target->ref, &answer);
    if (exit_status != EXIT_OK)
        return exit_status;
    JSON_AUTO
    json_t *status = source_answer_json(&answer);
    if (options_have(&session->options, FLAG_JSON)) {
        exit_status = image_print_json(session, target, &answer);
    } else {
        AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
        const struct view view = {&session->out, &out};
        add_status(&view, target->ref, status);
        exit_status = session_print_buffer(session, &out);
    }
    return exit_status == EXIT_OK ? exit_status_of(status) : exit_status;
}

static int run_status(struct session *session, int count, char **words)
{
    return target_each(session, words, count, status_of);
}

struct watch {
    struct session *session;
    const char *shown;
    char *last; /* the text of the last one: told once */
    int exit_status;
    int print_status;
};

static void on_status(void *arg, const json_t *status, const char *text)
{
    struct watch *watch = arg;
    const struct session *session = watch->session;
    char now[CLOCK_TEXT_BYTES];
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    if (watch->last && strcmp(watch->last, text) == 0)
        return;
    free(watch->last);
    watch->last = xstrdup(text);
    watch->exit_status = exit_status_of(status);
    if (options_have(&session->options, FLAG_JSON)) {
        view_addf(&view, "%s\n", text);
    } else {
        const char *at = jsonx_str(status, "UpdatedAt");
        clock_format(clock_ms(), now);
        AUTO(free) char *time = view_escape(&view, *at ? at : now);
        view_styled(&view, STYLE_DIM, time);
        view_add(&view, "  ");
        add_status(&view, watch->shown, status);
    }
    int print_status = session_print_buffer(session, &out);
    if (print_status)
        source_interrupt(session->source); /* nobody reads what would come */
    watch->print_status = print_status;
}

static int watch_result(const struct watch *watch, int err, struct source_answer *answer)
{
    struct session *session = watch->session;
    struct failure failure;
    if (watch->print_status)
        return watch->print_status;
    if (err == 0)
        return watch->exit_status;
    if (err == ERR_CANCELLED)
        return EXIT_INTERRUPTED;
    if (err == ERR_TIMEOUT && !answer->err) {
        session_complain(session, "%s is not through at the end of --timeout", watch->shown);
        return EXIT_PENDING;
    }
    failure_of(answer, watch->shown, session->options.server, &failure);
    AUTO(free) char *text = failure.text;
    session_complain(session, "%s", text);
    return failure.exit_status;
}

static int run_watch(struct session *session, int count, char **words)
{
    (void)count;
    AUTO(target) struct target target = {0};
    AUTO(source_answer) struct source_answer answer = {0};
    int status = target_parse(session, words[0], &target);
    if (status != EXIT_OK)
        return status;
    session_start(session);
    struct watch watch = {.session = session, .shown = target.ref};
    session->source->on_status = on_status;
    session->source->arg = &watch;
    bool has_timeout = options_have(&session->options, FLAG_TIMEOUT);
    int64_t deadline_ms = has_timeout ? session_deadline(session) : INT64_MAX / 2;
    int err = source_watch(session->source, target.ref, deadline_ms, &answer);
    session->source->on_status = NULL;
    free(watch.last);
    return watch_result(&watch, err, &answer);
}

const struct command cmd_status = {
    .name = "status",
    .arguments = "REF...",
    .summary = "how far the inspection of an image is; starts none",
    .details = "Exit status: 0 inspected, 3 missing or never asked for, 4 failed, 5 under way.\n",
    .flags = FLAGS_SERVER | FLAG_JSON,
    .min_words = 1,
    .max_words = -1,
    .run = run_status,
};

const struct command cmd_watch = {
    .name = "watch",
    .arguments = "REF",
    .summary = "every change of an image's status until it is through; starts no inspection",
    .details = "There is no time limit unless --timeout sets one. With --json, each status is a\n"
               "line. Exit status as of 'microbadger status'.\n",
    .flags = FLAGS_SERVER | FLAG_JSON,
    .min_words = 1,
    .max_words = 1,
    .run = run_watch,
};
