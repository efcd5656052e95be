/* microbadger: what is inside a container image, on a terminal. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd_dockerfile.h"
#include "command.h"
#include "mem.h"
#include "version.h"

static const struct command *const commands[] = {
    &cmd_dockerfile,
};

static void print_usage(FILE *out)
{
    (void)fputs("Usage: microbadger COMMAND [OPTION]...\n\nCommands:\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        (void)fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    (void)fputs("\n`microbadger COMMAND --help` tells a command's options.\n"
                "Exit status: 0 done, 1 the input cannot be read, 2 a wrong command line.\n",
                out);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(word, commands[i]->name) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        (void)printf("microbadger %s (%s)\n", version_number, version_revision);
        return EXIT_OK;
    }
    if (*word)
        (void)fprintf(stderr, "microbadger: unknown command '%s'\n", word);
    print_usage(stderr);
    return EXIT_USAGE;
}
