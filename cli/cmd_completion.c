/* completion: scripts for shells, made of the tables of commands and options. */
#include <string.h>

#include "badge_types.h"
#include "command.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_SCRIPT_BYTES 65536

static const char shells[] = "bash zsh fish";

static void add_command_names(struct strbuf *out)
{
    for (int i = 0; i < command_count; i++)
        strbuf_addf(out, "%s%s", i ? " " : "", commands[i]->name);
}

/* The inside of a text in single quotes, for each of the shells. */
static void add_quoted(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_adds(out, "'\\''");
        else
            strbuf_addc(out, *text);
    }
}

/* The words that an argument of a command is one of; "" where they are not known. */
static const char *word_choices(const struct command *command)
{
    if (command == &cmd_badge)
        return badge_types;
    return command == &cmd_completion ? shells : "";
}

static void add_bash_flags(struct strbuf *out, unsigned flags)
{
    for (int i = 0; i < flag_row_count; i++)
        if (flag_rows[i].flag & flags)
            strbuf_addf(out, " --%s", flag_rows[i].name);
}

static void bash_values(struct strbuf *out)
{
    for (int i = 0; i < flag_row_count; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!row->argument)
            continue;
        strbuf_addf(out, "    --%s", row->name);
        if (row->letter)
            strbuf_addf(out, "|-%c", row->letter);
        if (row->choices)
            strbuf_addf(out, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n",
                        row->choices);
        else if (row->flag == FLAG_CONFIG)
            strbuf_adds(out, ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
        else
            strbuf_adds(out, ") return ;;\n");
    }
}

static void bash_commands(struct strbuf *out)
{
    for (int i = 0; i < command_count; i++) {
        strbuf_addf(out, "    %s) flags='", commands[i]->name);
        add_bash_flags(out, commands[i]->flags | FLAGS_EVERYWHERE);
        strbuf_addf(out, "'; words='%s' ;;\n", word_choices(commands[i]));
    }
    strbuf_adds(out, "    *) flags='");
    add_bash_flags(out, cmd_inspect.flags | FLAGS_EVERYWHERE);
    strbuf_adds(out, "' ;;\n");
}

static void add_bash(struct strbuf *out)
{
    strbuf_adds(out, "# bash completion for microbadger\n"
                     "_microbadger() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local commands='");
    add_command_names(out);
    strbuf_adds(out, "' command= flags= words= i\n"
                     "    COMPREPLY=()\n"
                     "    case $before in\n");
    bash_values(out);
    strbuf_adds(out, "    esac\n"
                     "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                     "        [[ \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]] || continue\n"
                     "        command=${COMP_WORDS[i]}\n"
                     "        break\n"
                     "    done\n"
                     "    case $command in\n");
    bash_commands(out);
    strbuf_adds(out, "    esac\n"
                     "    [[ $command == help ]] && words=$commands\n"
                     "    [[ $command ]] || words=$commands\n"
                     "    [[ $word == -* ]] && words=$flags\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                     "}\n"
                     "complete -F _microbadger microbadger\n");
}

static void zsh_flags(struct strbuf *out, const struct command *command)
{
    strbuf_adds(out, "            flags=(\n");
    for (int i = 0; i < flag_row_count; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!(row->flag & (command->flags | FLAGS_EVERYWHERE)))
            continue;
        strbuf_addf(out, "                '--%s%s[", row->name, row->argument ? "=" : "");
        add_quoted(out, row->help);
        strbuf_adds(out, "]");
        if (row->argument)
            strbuf_addf(out, ":%s:", row->argument);
        if (row->choices)
            strbuf_addf(out, "(%s)", row->choices);
        else if (row->flag == FLAG_CONFIG)
            strbuf_adds(out, "_files");
        strbuf_adds(out, "'\n");
    }
    strbuf_adds(out, "            )\n");
}

static void add_zsh(struct strbuf *out)
{
    strbuf_adds(out, "#compdef microbadger\n"
                     "_microbadger() {\n"
                     "    local -a commands flags\n"
                     "    local choices= command=inspect\n"
                     "    commands=(\n");
    for (int i = 0; i < command_count; i++) {
        strbuf_addf(out, "        '%s:", commands[i]->name);
        add_quoted(out, commands[i]->summary);
        strbuf_adds(out, "'\n");
    }
    strbuf_adds(out, "    )\n"
                     "    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
                     "        _describe command commands\n"
                     "        return\n"
                     "    fi\n"
                     "    ((CURRENT > 2)) && command=$words[2]\n"
                     "    case $command in\n");
    for (int i = 0; i < command_count; i++) {
        strbuf_addf(out, "        %s)\n", commands[i]->name);
        zsh_flags(out, commands[i]);
        strbuf_addf(out, "            choices='%s'\n            ;;\n", word_choices(commands[i]));
    }
    strbuf_adds(out, "    esac\n"
                     "    [[ $command == help ]] && choices=${(j: :)${commands%%:*}}\n"
                     "    _arguments -s \"${flags[@]}\" \"*:argument:(${choices})\"\n"
                     "}\n"
                     "if [[ $funcstack[1] == _microbadger ]]; then\n"
                     "    _microbadger \"$@\"\n"
                     "else\n"
                     "    compdef _microbadger microbadger\n"
                     "fi\n");
}

static void fish_flags(struct strbuf *out, const struct command *command)
{
    for (int i = 0; i < flag_row_count; i++) {
        const struct flag_row *row = &flag_rows[i];
        if (!(row->flag & (command ? command->flags : FLAGS_EVERYWHERE)))
            continue;
        strbuf_adds(out, "complete -c microbadger");
        if (command)
            strbuf_addf(out, " -n '__fish_seen_subcommand_from %s'", command->name);
        strbuf_addf(out, " -l %s -d '", row->name);
        add_quoted(out, row->help);
        strbuf_adds(out, "'");
        if (row->letter)
            strbuf_addf(out, " -s %c", row->letter);
        if (row->choices)
            strbuf_addf(out, " -x -a '%s'", row->choices);
        else if (row->argument)
            strbuf_adds(out, row->flag == FLAG_CONFIG ? " -rF" : " -x");
        strbuf_adds(out, "\n");
    }
}

static void add_fish(struct strbuf *out)
{
    strbuf_adds(out, "# fish completion for microbadger\n"
                     "complete -c microbadger -f\n");
    for (int i = 0; i < command_count; i++) {
        strbuf_addf(out, "complete -c microbadger -n __fish_use_subcommand -a %s -d '",
                    commands[i]->name);
        add_quoted(out, commands[i]->summary);
        strbuf_adds(out, "'\n");
    }
    fish_flags(out, NULL);
    for (int i = 0; i < command_count; i++) {
        const char *choices = word_choices(commands[i]);
        fish_flags(out, commands[i]);
        if (*choices)
            strbuf_addf(out,
                        "complete -c microbadger -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                        commands[i]->name, choices);
    }
    strbuf_adds(out, "complete -c microbadger -n '__fish_seen_subcommand_from help' -a '");
    add_command_names(out);
    strbuf_adds(out, "'\n");
}

static int run(struct session *session, int count, char **words)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(MAX_SCRIPT_BYTES);
    (void)count;
    if (strcmp(words[0], "bash") == 0) {
        add_bash(&out);
    } else if (strcmp(words[0], "zsh") == 0) {
        add_zsh(&out);
    } else if (strcmp(words[0], "fish") == 0) {
        add_fish(&out);
    } else {
        session_complain(session, "there is no such shell; there are: %s", shells);
        return EXIT_USAGE;
    }
    return session_print_buffer(session, &out);
}

const struct command cmd_completion = {
    .name = "completion",
    .arguments = "bash|zsh|fish",
    .summary = "a script for the shell that completes command lines",
    .details = "bash: source <(microbadger completion bash)\n"
               "zsh: source <(microbadger completion zsh), after compinit\n"
               "fish: microbadger completion fish | source\n",
    .flags = 0,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
