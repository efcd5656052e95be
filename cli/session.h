/* One run of the program: its options, its terminal, and the source of its answers. */
#ifndef MB_SESSION_H
#define MB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "source.h"
#include "terminal.h"

struct loop;
struct progress;
struct reference;
struct strbuf;

struct session {
    struct options options;
    const char *command; /* its name, for messages */
    struct terminal out;
    struct terminal err;
    struct loop *loop; /* NULL until session_start, as the two below */
    struct source *source;
    struct progress *progress;
    bool is_interrupted;
    bool is_unreachable; /* the source; asking for more names is no use */
};

void session_release(struct session *session);

/* Makes the loop, the source and the progress; from here on SIGINT ends what is asked for. Input
 * is read before it. */
void session_start(struct session *session);

/* When an answer that is asked for now must be there. */
int64_t session_deadline(const struct session *session);
/* One answer with the progress shown meanwhile; shown is the image's name in messages. 0 with an
 * answer of 200, which the caller releases; else an exit status, and it has been said why. With an
 * is_pending answer that, too, is left to the caller. */
int session_get(struct session *session, const struct source_request *request, const char *shown,
                struct source_answer *ret_answer);

/* Prints a complaint: "microbadger COMMAND: ...". */
void session_complain(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes to standard output: 0, or an exit status after a complaint. A reader that has gone ends
 * the program quietly, as SIGPIPE does. */
int session_print(const struct session *session, const void *data, size_t len);
int session_print_buffer(const struct session *session, const struct strbuf *text);

static inline void session_cleanup(struct session *session)
{
    session_release(session);
}

#endif
