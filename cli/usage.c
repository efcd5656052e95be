#include "usage.h"

#include "mem.h"

#define NAME_COLUMNS 20

static void print_flags(FILE *out, unsigned flags)
{
    for (int i = 0; i < flag_row_count; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!(row->flag & flags))
            continue;
        AUTO(free)
        char *name = xasprintf("--%s%s%s", row->name, row->argument ? " " : "",
                               row->argument ? row->argument : "");
        if (row->letter)
            (void)fprintf(out, "  -%c, ", row->letter);
        else
            (void)fprintf(out, "      ");
        (void)fprintf(out, "%-*s %s\n", NAME_COLUMNS, name, row->help);
    }
}

void usage_program(FILE *out)
{
    (void)fputs("Usage: microbadger [COMMAND] [OPTION]... REF...\n"
                "\n"
                "What is inside a container image, without pulling it.\n"
                "\n"
                "Commands:\n",
                out);
    for (int i = 0; i < command_count; i++)
        (void)fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
    (void)fputs("\nOptions of every command:\n", out);
    print_flags(out, FLAGS_EVERYWHERE);
    (void)fputs("\n'microbadger help COMMAND' tells a command's own.\n"
                "\n"
                "Exit status: 0 done, 1 network, server, input or output, 2 a wrong command line,\n"
                "3 not found, 4 the inspection failed, 5 still pending, 6 over --max-size or\n"
                "--max-layers, 130 interrupted.\n",
                out);
}

void usage_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "Usage: microbadger %s [OPTION]... %s\n\n%c%s.\n", command->name,
                  command->arguments, command->summary[0] - 'a' + 'A', command->summary + 1);
    if (*command->details)
        (void)fprintf(out, "\n%s", command->details);
    (void)fputs("\nOptions:\n", out);
    print_flags(out, command->flags | FLAGS_EVERYWHERE);
}
