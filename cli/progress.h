/* How far the work on an image is, on standard error: a bar on a terminal, erased at the end; on a
 * pipe one line for each stage. */
#ifndef MB_PROGRESS_H
#define MB_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>

#include "strbuf.h"
#include "terminal.h"

struct loop;
struct progress;

/* terminal is standard error's; is_quiet: nothing is shown. */
struct progress *progress_new(struct loop *loop, const struct terminal *terminal, bool is_quiet);
void progress_free(struct progress *progress);

/* Around the wait for one image. */
void progress_begin(struct progress *progress, const char *shown);
void progress_end(struct progress *progress);
/* A source_status: arg is the progress. */
void progress_status(void *arg, const json_t *status, const char *text);

/* The parts, pure. "nginx  layers  [bar]  12/60", cut to the terminal's width, without colours. */
void progress_bar_line(struct strbuf *out, const struct terminal *terminal, const char *shown,
                       const json_t *status);
/* "layers", "layers 12 of 60", "waiting for the registry's rate limit until ..." Caller frees. */
char *progress_stage_text(const json_t *status);

#endif
