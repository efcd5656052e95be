/* help, and the list of commands. */
#include <string.h>

#include "command.h"
#include "mem.h"
#include "text.h"
#include "usage.h"

const struct command *const commands[] = {
    &cmd_inspect, &cmd_layers, &cmd_labels, &cmd_tags,   &cmd_dockerfile, &cmd_compare,
    &cmd_search,  &cmd_badge,  &cmd_watch,  &cmd_status, &cmd_completion, &cmd_help,
};
const int command_count = (int)ARRAY_LEN(commands);

const struct command *command_find(const char *name)
{
    for (int i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int run(struct session *session, int count, char **words)
{
    const struct command *command = count ? command_find(words[0]) : NULL;
    if (count && !command) {
        AUTO(free) char *word = text_escape(words[0], "", session->err.is_utf8);
        session_complain(session, "there is no command '%s'; 'microbadger help' lists them", word);
        return EXIT_USAGE;
    }
    if (command)
        usage_command(stdout, command);
    else
        usage_program(stdout);
    return session_print(session, "", 0);
}

const struct command cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "this, or a command's options",
    .details = "",
    .flags = 0,
    .min_words = 0,
    .max_words = 1,
    .run = run,
};
