/* Reading what Go's fmt writes with %q: strings, lists of strings, characters. */
#ifndef MB_GOSTRING_H
#define MB_GOSTRING_H

#include <jansson.h>
#include <stdint.h>

/* Each reads at `at` and returns the text behind what it read, NULL (and nothing returned) where
 * that is broken. Strings are made valid UTF-8; the caller owns them. */

/* `"a\tb"` */
const char *gostring_read(const char *at, char **ret_text);
/* `["a" "b"]` to an array of strings. */
const char *gostring_read_list(const char *at, json_t **ret_list);
/* `'\x04'`, `'0'`: how an integer's %q looks. */
const char *gostring_read_character(const char *at, uint32_t *ret_code);

#endif
