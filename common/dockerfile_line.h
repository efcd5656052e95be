/* One instruction as lines of a Dockerfile that cannot be taken for anything else. */
#ifndef MB_DOCKERFILE_LINE_H
#define MB_DOCKERFILE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "strbuf.h"

/* True where command begins with an instruction's word. */
bool dockerfile_is_instruction(const char *command);

/* Text without line breaks, control and direction characters: they are shown as U+2400 symbols and
 * as <U+202E>. keep: characters that stay, such as "\n\t". */
void dockerfile_escape(const char *text, size_t len, const char *keep, struct strbuf *out);

/* The instruction with a line break at its end. A long RUN is broken at && and ; outside quotes; a
 * here-document keeps its lines, one without content gets its end. escape: the Dockerfile's escape
 * character. */
void dockerfile_instruction(const char *command, char escape, struct strbuf *out);

#endif
