/* What stands in front of a command in an image's history: the shell's words, and "|N" with the
 * build arguments. */
#ifndef MB_HISTORY_SHELL_H
#define MB_HISTORY_SHELL_H

#include <jansson.h>
#include <stdbool.h>

/* The text behind a shell's words: behind those of `current` ("/bin/sh -c ") or of any shell that
 * is known; NULL if there are none. */
const char *shell_skip(const char *text, const char *current);

/* "|2 A=1 VER=2.0 cmd" to "cmd"; text itself where it does not begin so. known: values of earlier
 * ARG entries by name, which settle where a value with blanks ends. ret_sure is false where the
 * arguments could end elsewhere too. They are appended to the array as "A=1", "VER=2.0". */
const char *build_arguments_skip(const char *text, const json_t *known, const char *shell,
                                 bool *ret_sure, json_t *arguments);

/* Notes what "NAME=value" of an ARG entry says; without a value there is nothing to note. */
void build_arguments_note(json_t *known, const char *text);

#endif
