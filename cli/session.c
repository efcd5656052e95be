#include "session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "failure.h"
#include "loop.h"
#include "mem.h"
#include "progress.h"
#include "source_local.h"
#include "source_server.h"
#include "strbuf.h"

static void on_interrupt(void *arg)
{
    struct session *session = arg;
    session->is_interrupted = true;
    source_interrupt(session->source);
}

static struct source *local_source(const struct session *session)
{
    const struct options *options = &session->options;
    char *argv[OPTIONS_MAX_SETTINGS + 1] = {xstrdup(program_name(PROGRAM_CLIENT))};
    int argc = 1;
    for (int i = 0; i < options->setting_count; i++)
        argv[argc++] = xasprintf("--%s=%s", options->settings[i].name, options->settings[i].value);
    struct source *source = source_local_new(session->loop, argc, argv);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return source;
}

void session_start(struct session *session)
{
    if (session->loop)
        return;
    session->loop = loop_new();
    session->source = options_have(&session->options, FLAG_LOCAL)
                          ? local_source(session)
                          : source_server_new(session->loop, session->options.server);
    session->progress =
        progress_new(session->loop, &session->err, options_have(&session->options, FLAG_QUIET));
    session->source->on_status = progress_status;
    session->source->arg = session->progress;
    loop_on_signal(session->loop, SIGINT, on_interrupt, session);
}

void session_release(struct session *session)
{
    progress_free(TAKE(session->progress));
    source_free(TAKE(session->source));
    if (session->loop)
        loop_free(TAKE(session->loop));
}

int64_t session_deadline(const struct session *session)
{
    return loop_now_ms(session->loop) + session->options.timeout_ms;
}

void session_complain(const struct session *session, const char *format, ...)
{
    va_list args;
    AUTO(free) char *text = NULL;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    const char *space = *session->command ? " " : "";
    if (len >= 0)
        (void)fprintf(stderr, "%smicrobadger%s%s:%s %s\n", terminal_style(&session->err, STYLE_RED),
                      space, session->command, terminal_plain(&session->err), text);
}

int session_get(struct session *session, const struct source_request *request, const char *shown,
                struct source_answer *ret_answer)
{
    struct failure failure;
    session_start(session);
    progress_begin(session->progress, shown);
    source_get(session->source, request, ret_answer);
    progress_end(session->progress);
    if (ret_answer->err == 0 && ret_answer->status == 200)
        return EXIT_OK;
    session->is_unreachable = ret_answer->err != 0;
    failure_of(ret_answer, shown, session->options.server, &failure);
    AUTO(free) char *text = failure.text;
    if (*text)
        session_complain(session, "%s", text);
    source_answer_release(ret_answer);
    return failure.exit_status;
}

int session_print(const struct session *session, const void *data, size_t len)
{
    if (fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0)
        return EXIT_OK;
    if (errno == EPIPE) {
        (void)signal(SIGPIPE, SIG_DFL);
        (void)raise(SIGPIPE);
    }
    session_complain(session, "cannot write: %s", strerror(errno));
    return EXIT_TROUBLE;
}

int session_print_buffer(const struct session *session, const struct strbuf *text)
{
    return session_print(session, strbuf_str(text), text->len);
}
