/* Answers from a MicroBadger API over HTTP. */
#ifndef MB_SOURCE_SERVER_H
#define MB_SOURCE_SERVER_H

#include "source.h"

struct loop;

/* url as source_server_url_problem accepts it; the loop stays the caller's. */
struct source *source_server_new(struct loop *loop, const char *url);
/* Why url is none of a server, NULL if it is one. Static. */
const char *source_server_url_problem(const char *url);

#endif
