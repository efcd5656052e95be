/* What a read of Redis comes to: an answer, or the reason why there is none yet. */
#ifndef MB_VERDICT_H
#define MB_VERDICT_H

#include "answer.h"
#include "config.h"
#include "document.h"
#include "route.h"

struct verdict {
    struct answer *answer;           /* 200 in its forms, or */
    struct httpd_response *response; /* anything else; one of them is the caller's to unref.
                                      * Neither where a COMPARE's side was found */
    bool is_pending;                 /* 202: a long poll waits on */
    bool is_kept;                    /* the answer may be given again from memory */
    bool wants_submit; /* a GET starts a job: before it is answered, or beside an answer */
};

/* Which part of a document the route shows. */
enum document_answer verdict_answer(const struct route *route);
/* shown is the image's name in answers. */
struct verdict verdict_of(const struct config *config, const struct route *route, const char *shown,
                          const struct document_view *view);
/* A problem, about its side where route is one of two. */
struct verdict verdict_problem(const struct route *route, int status, const char *code,
                               const char *detail, int retry_seconds);

#endif
