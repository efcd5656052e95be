/* Help texts, made of the tables of commands and options. */
#ifndef MB_USAGE_H
#define MB_USAGE_H

#include <stdio.h>

#include "command.h"

void usage_program(FILE *out);
void usage_command(FILE *out, const struct command *command);

#endif
