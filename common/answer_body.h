/* The bodies of the public API's answers, from what is known: made by the api, and by a client that
 * does without a server. Pure. */
#ifndef MB_ANSWER_BODY_H
#define MB_ANSWER_BODY_H

#include <jansson.h>

#include "document.h"
#include "fragment.h"
#include "status.h"

/* The answer of a view that is DOCUMENT_FOUND; the join is finished. */
void answer_body_join(const struct document_view *view, enum document_answer kind,
                      struct fragment_join *join);

/* What /v1/status/{ref} answers, and a 202. name is as shown. Caller owns. */
json_t *answer_body_status(const char *name, const struct status *status);

/* RFC 9457. Caller owns. */
json_t *answer_body_problem(int status, const char *code, const char *detail);

#endif
