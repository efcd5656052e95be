/* The input of a driver: commands as JSON, a line each, that come while its loop turns. */
#ifndef MB_TEST_COMMANDS_H
#define MB_TEST_COMMANDS_H

#include <stddef.h>

struct loop;

/* Calls run for each line of the standard input, from here, until the input ends. line is borrowed
 * and ends with a NUL. */
void commands_run(struct loop *loop, void (*run)(const char *line, size_t len));

#endif
