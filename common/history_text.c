#include "history_text.h"

#include <stdlib.h>
#include <string.h>

#include "history_shell.h"
#include "history_value.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

static const char *const instructions[] = {
    "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
    "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};

/* How entries of builders without Dockerfiles begin. */
static const char *const foreign_starts[] = {"#",
                                             "apko",
                                             "bazel build ",
                                             "Buildpacks ",
                                             "buildpacksio",
                                             "crane ",
                                             "Layer: '",
                                             "jib-",
                                             "ko build ",
                                             "umoci ",
                                             "kaniko ",
                                             "Apply image ",
                                             "Install update ",
                                             "Application Layer",
                                             "Process Types"};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ");
}

/* Tabs that line continuations leave behind a blank go, and so does white space at the end. */
static char *tidy(const char *text)
{
    char *out = xmalloc(strlen(text) + 1);
    size_t len = 0;
    for (const char *at = text; *at; at++)
        if (*at != '\t' || !len || out[len - 1] != ' ')
            out[len++] = *at;
    while (len && strchr(" \t\n", out[len - 1]))
        len--;
    out[len] = '\0';
    return out;
}

void history_state_init(struct history_state *state, const json_t *image_config)
{
    bool is_windows = strcmp(jsonx_str(image_config, "os"), "windows") == 0;
    *state = (struct history_state){
        .config = jsonx_object(image_config, "config"),
        .arguments = json_object(),
        .shell = xstrdup(is_windows ? "cmd /S /C " : "/bin/sh -c "),
        .is_first = true,
    };
}

void history_state_release(struct history_state *state)
{
    json_decref(state->arguments);
    free(state->shell);
    memset(state, 0, sizeof(*state));
}

/* "[/bin/bash -c]": the words that RUN entries begin with from here on. A JSON array is Buildah's,
 * which goes on writing /bin/sh. */
static void note_shell(struct history_state *state, const char *arguments)
{
    size_t len = strlen(arguments);
    if (len <= 2 || arguments[0] != '[' || arguments[1] == '"' || arguments[len - 1] != ']')
        return;
    free(state->shell);
    state->shell = xasprintf("%.*s ", (int)(len - 2), arguments + 1);
}

/* The instruction word that text begins with; NULL if none. */
static const char *instruction_of(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
        size_t len = strlen(instructions[i]);
        if (has_prefix(text, instructions[i]) && (text[len] == ' ' || text[len] == '\0'))
            return instructions[i];
    }
    return NULL;
}

static enum certainty write_arguments(const struct history_state *state, const char *word,
                                      const char *arguments, struct strbuf *out)
{
    if (strcmp(word, "ADD") == 0 || strcmp(word, "COPY") == 0)
        return value_copy(arguments, state->is_first && *word == 'A', out);
    if (strcmp(word, "CMD") == 0 || strcmp(word, "ENTRYPOINT") == 0)
        return value_array(arguments, out);
    if (strcmp(word, "EXPOSE") == 0)
        return value_ports(arguments, out);
    if (strcmp(word, "VOLUME") == 0)
        return value_volumes(arguments, out);
    if (strcmp(word, "SHELL") == 0)
        return value_shell(arguments, jsonx_array(state->config, "Shell"), out);
    if (strcmp(word, "ENV") == 0 || strcmp(word, "LABEL") == 0)
        return value_pairs(arguments, out);
    strbuf_adds(out, arguments);
    bool is_go_struct = *arguments == '{' || has_prefix(arguments, "&{");
    return is_go_struct ? CERTAINTY_LOSSY : CERTAINTY_EXACT;
}

/* An instruction as the builder noted it, with its arguments as a Dockerfile has them. */
static char *instruction(struct history_state *state, const char *text,
                         enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(text);
    const char *word = instruction_of(tidied);
    *ret_certainty = word ? CERTAINTY_EXACT : CERTAINTY_GUESS;
    if (!word || !tidied[strlen(word)])
        return TAKE(tidied);
    const char *arguments = skip_blanks(tidied + strlen(word));
    if (strcmp(word, "ARG") == 0)
        build_arguments_note(state->arguments, arguments);
    if (strcmp(word, "SHELL") == 0)
        note_shell(state, arguments);
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(strlen(tidied) * 7 + 32);
    strbuf_addf(&out, "%s ", word);
    *ret_certainty = write_arguments(state, word, arguments, &out);
    return strbuf_detach(&out);
}

static char *run(const char *text, enum certainty certainty, enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(text);
    *ret_certainty = certainty;
    return xasprintf("RUN %s", tidied);
}

/* The text behind "#(nop)", which marks an instruction right behind the shell; NULL without. */
static const char *skip_nop(const char *text)
{
    const char *nop = has_prefix(text, "#(nop)")      ? text + 6
                      : has_prefix(text, "REM (nop)") ? text + 9
                                                      : NULL;
    if (!nop)
        return NULL;
    nop = skip_blanks(nop);
    /* Some Docker of 2016 left the format in. */
    return has_prefix(nop, "%s %s in %s") ? skip_blanks(nop + 11) : nop;
}

/* "SH #(nop)  SHELL [SH]": the classic builder puts a new shell in front of its own entry. */
static const char *skip_own_shell(const char *text)
{
    static const char mark[] = " #(nop)  SHELL [";
    const char *nop = strstr(text, mark);
    size_t len = nop ? (size_t)(nop - text) : 0;
    const char *inside = nop ? nop + sizeof(mark) - 1 : NULL;
    if (!nop || strncmp(inside, text, len) != 0 || strcmp(inside + len, "]") != 0)
        return NULL;
    return nop + 1;
}

/* The command of a RUN behind its build arguments and its shell. */
static char *run_command(const struct history_state *state, const char *text,
                         enum certainty *ret_certainty)
{
    bool is_sure;
    const char *behind = build_arguments_skip(text, state->arguments, state->shell, &is_sure);
    const char *command = shell_skip(behind, state->shell);
    /* Another shell than the current one, or none: exec form, whose quotes are lost. */
    bool is_shell_form = command && has_prefix(behind, state->shell);
    return run(command ? command : behind,
               !is_sure        ? CERTAINTY_GUESS
               : is_shell_form ? CERTAINTY_EXACT
                               : CERTAINTY_LOSSY,
               ret_certainty);
}

static char *without_buildkit_mark(const char *text)
{
    static const char mark[] = " # buildkit";
    size_t len = strlen(text);
    size_t mark_len = sizeof(mark) - 1;
    bool may_have =
        has_prefix(text, "RUN ") || has_prefix(text, "COPY ") || has_prefix(text, "ADD ");
    if (may_have && len >= mark_len && strcmp(text + len - mark_len, mark) == 0)
        len -= mark_len;
    return xstrndup(text, len);
}

static char *no_command(const char *comment, enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(comment);
    *ret_certainty = *tidied ? CERTAINTY_FOREIGN : CERTAINTY_MISSING;
    return *tidied ? xasprintf("# %s", tidied) : xstrdup("");
}

static char *other(const char *text, enum certainty *ret_certainty)
{
    *ret_certainty = CERTAINTY_GUESS; /* exec form, or a container's command by docker commit */
    for (size_t i = 0; i < ARRAY_LEN(foreign_starts); i++)
        if (has_prefix(text, foreign_starts[i]))
            *ret_certainty = CERTAINTY_FOREIGN;
    return tidy(text);
}

static char *command_of(struct history_state *state, const json_t *entry,
                        enum certainty *ret_certainty)
{
    AUTO(free) char *text = without_buildkit_mark(skip_blanks(jsonx_str(entry, "created_by")));
    if (!*text)
        return no_command(jsonx_str(entry, "comment"), ret_certainty);
    if (has_prefix(text, "RUN "))
        return run_command(state, text + 4, ret_certainty);
    const char *behind_shell = shell_skip(text, state->shell);
    if (!behind_shell)
        behind_shell = skip_own_shell(text);
    const char *nop = behind_shell ? skip_nop(behind_shell) : NULL;
    if (nop)
        return instruction(state, nop, ret_certainty);
    if (behind_shell || *text == '|')
        return run_command(state, text, ret_certainty);
    if (instruction_of(text))
        return instruction(state, text, ret_certainty);
    return other(text, ret_certainty);
}

char *history_command(struct history_state *state, const json_t *entry,
                      enum certainty *ret_certainty)
{
    char *command = command_of(state, entry, ret_certainty);
    state->is_first = false;
    return command;
}
