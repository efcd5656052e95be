/* help: the commands, or the options of one. */
#include "command.h"
#include "mem.h"
#include "text.h"
#include "usage.h"

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
