/* microbadger: what is inside a container image, on a terminal. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "mem.h"
#include "usage.h"
#include "version.h"

#define MAX_WORD_BYTES 16 /* longer than any command */
#define MAX_DISTANCE 2

static int wrong_command_line(const struct session *session, const struct command *command)
{
    (void)fputs("\n", stderr);
    if (*session->command)
        usage_command(stderr, command);
    else
        usage_program(stderr);
    return EXIT_USAGE;
}

/* Why the command cannot be run so, NULL if it can. Caller frees. */
static char *misfit(const struct session *session, const struct command *command, int count)
{
    const char *flag = options_unfit(&session->options, command->flags | FLAGS_EVERYWHERE);
    if (flag)
        return xasprintf("--%s does not go with '%s'", flag, command->name);
    if (count < command->min_words)
        return xasprintf("something is missing: %s", command->arguments);
    if (command->max_words >= 0 && count > command->max_words)
        return xasprintf("too many words; wanted: %s", command->arguments);
    return NULL;
}

static int run_command(struct session *session, const struct command *command, int count,
                       char **words)
{
    if (options_have(&session->options, FLAG_HELP)) {
        usage_command(stdout, command);
        return session_print(session, "", 0);
    }
    AUTO(free) char *why = misfit(session, command, count);
    if (why) {
        session_complain(session, "%s", why);
        return wrong_command_line(session, command);
    }
    return command->run(session, count, words);
}

/* How many letters must be changed, added or taken away (Levenshtein), for short words. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_WORD_BYTES + 1];
    size_t b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (*a != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[b_len];
}

/* A word that was taken for an image's name may have been meant for a command. */
static void suggest_command(const struct session *session, const char *word)
{
    for (int i = 0; i < command_count && strlen(word) <= MAX_WORD_BYTES; i++) {
        if (distance(word, commands[i]->name) <= MAX_DISTANCE) {
            session_complain(session, "'%s' is no command; did you mean 'microbadger %s'?", word,
                             commands[i]->name);
            return;
        }
    }
}

static int run(struct session *session, int argc, char **argv)
{
    int first = 0;
    if (!options_parse(argc, argv, &session->options, &first))
        return wrong_command_line(session, &cmd_help);
    session->out = terminal_of(stdout, session->options.color);
    session->err = terminal_of(stderr, session->options.color);
    const char *word = first < argc ? argv[first] : NULL;
    const struct command *command = word ? command_find(word) : NULL;
    if (options_have(&session->options, FLAG_VERSION)) {
        (void)printf("microbadger %s (%s)\n", version_number, version_revision);
        return session_print(session, "", 0);
    }
    if (!word && options_have(&session->options, FLAG_HELP)) {
        usage_program(stdout);
        return session_print(session, "", 0);
    }
    if (!word)
        return wrong_command_line(session, &cmd_help);
    session->command = command ? command->name : cmd_inspect.name;
    first += command != NULL;
    int status = run_command(session, command ? command : &cmd_inspect, argc - first, argv + first);
    if (!command && status != EXIT_OK && status != EXIT_INTERRUPTED)
        suggest_command(session, word);
    return status;
}

int main(int argc, char **argv)
{
    AUTO(session) struct session session = {.command = ""};
    (void)signal(SIGPIPE, SIG_IGN); /* libcurl's connections; session_print has the reader's end */
    terminal_init();
    return run(&session, argc, argv);
}
