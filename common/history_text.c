#include "history_text.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "history_foreign.h"
#include "history_health.h"
#include "history_pairs.h"
#include "history_shell.h"
#include "history_value.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_SHELL_BYTES 512 /* a longer one is not followed */

static const char *const instructions[] = {
    "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
    "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};

/* One entry, and who wrote it. */
struct line {
    const char *comment;
    bool is_buildkit; /* marked as such */
    bool is_source;   /* the words of the Dockerfile itself, quotes and all: Buildah, Kaniko */
};

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ");
}

static void cut_end(char *text)
{
    size_t len = strlen(text);
    while (len && strchr(" \t\n", text[len - 1]))
        len--;
    text[len] = '\0';
}

/* Tabs that line continuations leave behind a blank go, but for those in quotes, and so does white
 * space at the end. */
static char *tidy(const char *text)
{
    char *out = xmalloc(strlen(text) + 1);
    size_t len = 0;
    char quote = '\0';
    for (const char *at = text; *at; at++) {
        if (quote ? *at == quote : (*at == '"' || *at == '\''))
            quote = quote ? '\0' : *at;
        if (*at != '\t' || quote || !len || out[len - 1] != ' ')
            out[len++] = *at;
    }
    out[len] = '\0';
    cut_end(out);
    return out;
}

static json_t *environment_of(const json_t *config)
{
    json_t *environment = json_object();
    size_t i;
    json_t *item;
    json_array_foreach(jsonx_array(config, "Env"), i, item)
    {
        const char *text = json_is_string(item) ? json_string_value(item) : "";
        size_t len = strcspn(text, "=");
        AUTO(free) char *name = xstrndup(text, len);
        if (text[len])
            json_object_set_new(environment, name, json_string(text + len + 1));
    }
    return environment;
}

void history_state_init(struct history_state *state, const json_t *image_config)
{
    bool is_windows = strcmp(jsonx_str(image_config, "os"), "windows") == 0;
    const json_t *config = jsonx_object(image_config, "config");
    *state = (struct history_state){
        .config = config,
        .environment = environment_of(config),
        .labels = jsonx_object(config, "Labels"),
        .arguments = json_object(),
        .shell = xstrdup(is_windows ? "cmd /S /C " : "/bin/sh -c "),
        .escape = is_windows ? '`' : '\\',
        .is_first = true,
    };
}

void history_state_release(struct history_state *state)
{
    json_decref(state->environment);
    json_decref(state->arguments);
    free(state->shell);
    memset(state, 0, sizeof(*state));
}

/* "[/bin/bash -c]": the words that RUN entries begin with from here on. A JSON array is Buildah's,
 * which goes on writing /bin/sh. */
static void note_shell(struct history_state *state, const char *arguments)
{
    size_t len = strlen(arguments);
    if (len <= 2 || len > MAX_SHELL_BYTES || arguments[0] != '[' || arguments[1] == '"' ||
        arguments[len - 1] != ']')
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

/* The first entry's ADD of one archive is a base's root file system; its hash goes into the note.
 * The content of COPY <<NAME is in no history. */
static enum certainty write_copy(const struct history_state *state, const char *word,
                                 const char *arguments, struct history_step *step,
                                 struct strbuf *out)
{
    size_t start = out->len;
    enum certainty certainty = value_copy(arguments, state->is_first && *word == 'A', out);
    if (strcmp(strbuf_str(out) + start, "rootfs /") == 0 && certainty == CERTAINTY_LOSSY)
        step->note = xasprintf("root file system, %.*s", (int)strcspn(arguments, " "), arguments);
    bool is_inline = has_prefix(arguments, "<<") || strstr(arguments, " <<");
    if (!is_inline)
        return certainty;
    step->note = xstrdup("inline content not recorded");
    return CERTAINTY_LOSSY;
}

static enum certainty write_arguments(const struct history_state *state, const char *word,
                                      const char *arguments, struct history_step *step,
                                      struct strbuf *out)
{
    const struct pairs_style environment = {.known = state->environment, .escape = state->escape};
    const struct pairs_style labels = {
        .known = state->labels, .is_label = true, .escape = state->escape};
    const struct pairs_style build_arguments = {.escape = state->escape};
    if (strcmp(word, "ADD") == 0 || strcmp(word, "COPY") == 0)
        return write_copy(state, word, arguments, step, out);
    if (strcmp(word, "CMD") == 0)
        return value_list(arguments, jsonx_array(state->config, "Cmd"), out);
    if (strcmp(word, "ENTRYPOINT") == 0)
        return value_list(arguments, jsonx_array(state->config, "Entrypoint"), out);
    if (strcmp(word, "SHELL") == 0)
        return value_list(arguments, jsonx_array(state->config, "Shell"), out);
    if (strcmp(word, "EXPOSE") == 0)
        return value_ports(arguments, out);
    if (strcmp(word, "VOLUME") == 0)
        return value_volumes(arguments, jsonx_object(state->config, "Volumes"), out);
    if (strcmp(word, "HEALTHCHECK") == 0) {
        const json_t *check = jsonx_object(state->config, "Healthcheck");
        return history_health(arguments, jsonx_array(check, "Test"), out);
    }
    if (strcmp(word, "ENV") == 0)
        return history_pairs(arguments, &environment, out);
    if (strcmp(word, "LABEL") == 0)
        return history_pairs(arguments, &labels, out);
    if (strcmp(word, "ARG") == 0)
        return history_pairs(arguments, &build_arguments, out);
    strbuf_adds(out, arguments);
    return CERTAINTY_EXACT;
}

/* An instruction as the builder noted it, with its arguments as a Dockerfile has them. */
static void instruction(struct history_state *state, const struct line *line, char *text,
                        struct history_step *step)
{
    cut_end(text);
    const char *word = instruction_of(text);
    bool is_copy = word && (strcmp(word, "ADD") == 0 || strcmp(word, "COPY") == 0);
    step->certainty = word ? CERTAINTY_EXACT : CERTAINTY_GUESS;
    const char *arguments = word ? skip_blanks(text + strlen(word)) : "";
    if (!*arguments) {
        step->command = xstrdup(text);
        return;
    }
    if (strcmp(word, "ARG") == 0)
        build_arguments_note(state->arguments, arguments);
    if (strcmp(word, "SHELL") == 0)
        note_shell(state, arguments);
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(strlen(text) * 7 + 256);
    strbuf_addf(&out, "%s ", word);
    if (line->is_source && !is_copy)
        strbuf_adds(&out, arguments);
    else
        step->certainty = write_arguments(state, word, arguments, step, &out);
    step->command = strbuf_detach(&out);
}

/* A here-document's delimiter that is no line of the body: "EOF", "EOF1" and so on. */
static char *pick_delimiter(const char *body)
{
    unsigned next = 0;
    for (const char *line = body; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!has_prefix(line, "EOF"))
            continue;
        size_t digits = strspn(line + 3, "0123456789");
        bool is_whole = !line[3 + digits] || line[3 + digits] == '\n';
        unsigned number = digits < 9 ? (unsigned)strtoul(line + 3, NULL, 10) : 0;
        if (is_whole && number >= next)
            next = number + 1;
    }
    return next ? xasprintf("EOF%u", next) : xstrdup("EOF");
}

/* A command in shell form; with line breaks it was a here-document. */
static char *shell_form(const char *command)
{
    AUTO(free) char *tidied = tidy(command);
    if (!strchr(tidied, '\n') || has_prefix(tidied, "<<"))
        return xasprintf("RUN %s", tidied);
    AUTO(free) char *delimiter = pick_delimiter(tidied);
    AUTO(free) char *body = xstrdup(command); /* tabs are the script's own */
    cut_end(body);
    return xasprintf("RUN <<%s\n%s\n%s", delimiter, body, delimiter);
}

/* `/bin/bash -c ` and a command, where another shell is the current one. */
static char *exec_form(const char *text, const char *command)
{
    JSON_AUTO
    json_t *words = json_array();
    while (text < command) {
        size_t len = strcspn(text, " ");
        json_array_append_new(words, json_stringn(text, len));
        text += len + 1;
    }
    AUTO(free) char *tidied = tidy(command);
    json_array_append_new(words, json_string(tidied));
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(strlen(tidied) * 7 + 4096);
    strbuf_adds(&out, "RUN ");
    value_write_array(words, &out);
    return strbuf_detach(&out);
}

static void lossy_run(const char *text, const char *command, struct history_step *step)
{
    bool is_path = *text == '/';
    step->certainty = CERTAINTY_LOSSY;
    if (command && is_path) {
        step->command = exec_form(text, command);
        step->note = xstrdup("exec form");
    } else if (command) {
        step->command = shell_form(command);
        step->note = xasprintf("shell: %.*s", (int)(command - text), text);
        cut_end(step->note);
    } else if (has_prefix(text, "/dev/pipes/")) {
        step->command = xasprintf("RUN <<%s", text + 11);
        step->note = xstrdup("script not recorded");
    } else {
        AUTO(free) char *tidied = tidy(text);
        step->command = xasprintf("RUN %s", tidied);
        step->note = xstrdup("exec form");
    }
}

/* A RUN behind its build arguments and its shell. */
static void run(const struct history_state *state, const struct line *line, const char *text,
                struct history_step *step)
{
    bool is_sure;
    JSON_AUTO
    json_t *arguments = json_array();
    const char *behind =
        build_arguments_skip(text, state->arguments, state->shell, &is_sure, arguments);
    const char *command = shell_skip(behind, state->shell);
    bool is_shell_form = command && (has_prefix(behind, state->shell) || line->is_source);
    if (is_shell_form) {
        step->command = shell_form(command);
        step->certainty = CERTAINTY_EXACT;
    } else {
        lossy_run(behind, command, step);
    }
    if (!is_sure)
        step->certainty = CERTAINTY_GUESS;
    if (json_array_size(arguments))
        step->build_args = json_incref(arguments);
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

/* Cuts " # buildkit" off; true if it was there. */
static bool cut_buildkit_mark(char *text)
{
    static const char mark[] = " # buildkit";
    size_t len = strlen(text);
    size_t mark_len = sizeof(mark) - 1;
    bool may_have =
        has_prefix(text, "RUN ") || has_prefix(text, "COPY ") || has_prefix(text, "ADD ");
    if (!may_have || len < mark_len || strcmp(text + len - mark_len, mark) != 0)
        return false;
    text[len - mark_len] = '\0';
    return true;
}

/* True for what Buildah's options put behind an instruction: "force-mtime=10" and the like. */
static bool is_buildah_tail(const char *text)
{
    static const char *const keys[] = {
        "inheritLabels=", "unsetLabel=",      "force-mtime=",       "clamp-mtime=",
        "unsetEnv=",      "unsetAnnotation=", "inheritAnnotations="};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (has_prefix(text, keys[i]))
            return !strchr(text, ' ');
    return false;
}

/* Cuts Buildah's tails, and the hash of what a RUN --mount saw. True if there was one. */
static bool cut_buildah_tails(char *text)
{
    bool is_cut = false;
    size_t len = strlen(text);
    for (char *bar; (bar = memrchr(text, '|', len)) && is_buildah_tail(bar + 1); is_cut = true) {
        *bar = '\0';
        len = (size_t)(bar - text);
    }
    cut_end(text);
    len = strlen(text);
    size_t hash = len;
    while (hash && len - hash < 64 && strchr("0123456789abcdef", text[hash - 1]))
        hash--;
    if (len - hash == 64 && hash && text[hash - 1] == ':' && strstr(text, " --mount=")) {
        text[hash - 1] = '\0';
        if (hash > 7 && strcmp(text + hash - 8, ":sha256") == 0)
            text[hash - 8] = '\0';
        is_cut = true;
    }
    return is_cut;
}

static struct line line_of(const json_t *entry)
{
    const char *comment = jsonx_str(entry, "comment");
    return (struct line){
        .comment = comment,
        .is_buildkit = has_prefix(comment, "buildkit."),
        .is_source =
            has_prefix(comment, "FROM ") || strcmp(jsonx_str(entry, "author"), "kaniko") == 0,
    };
}

static bool is_single_blank_nop(const char *behind_shell)
{
    return has_prefix(behind_shell, "#(nop) ") && behind_shell[7] != ' ';
}

/* Buildah writes one blank where Docker writes two, and leaves its name in a label. */
static bool is_buildah(const struct history_state *state, const char *behind_shell)
{
    return is_single_blank_nop(behind_shell) &&
           json_object_get(state->labels, "io.buildah.version");
}

/* An entry that begins with a shell or with build arguments: RUN, or an instruction behind #(nop).
 */
static void classic(struct history_state *state, struct line *line, char *text,
                    const char *behind_shell, struct history_step *step)
{
    const char *nop = behind_shell ? skip_nop(behind_shell) : NULL;
    bool has_tail = !line->is_buildkit && cut_buildah_tails(text);
    line->is_source = line->is_source || has_tail || (nop && is_buildah(state, behind_shell));
    if (nop)
        instruction(state, line, text + (nop - text), step);
    else
        run(state, line, text, step);
}

/* "RUN ..." without a mark and a shell is a Dockerfile's own line. */
static bool is_plain_run(const struct history_state *state, const struct line *line,
                         const char *text)
{
    return !line->is_buildkit && *text != '|' && !shell_skip(text, state->shell);
}

static void word_run(struct history_state *state, const struct line *line, const char *text,
                     struct history_step *step)
{
    if (is_plain_run(state, line, text))
        step->command = shell_form(text);
    else
        run(state, line, text, step);
}

static void read_entry(struct history_state *state, struct line *line, char *text,
                       struct history_step *step)
{
    line->is_buildkit = cut_buildkit_mark(text) || line->is_buildkit;
    const char *behind_shell = shell_skip(text, state->shell);
    if (!behind_shell)
        behind_shell = skip_own_shell(text);
    if (has_prefix(text, "RUN "))
        word_run(state, line, text + 4, step);
    else if (behind_shell || *text == '|')
        classic(state, line, text, behind_shell, step);
    else if (instruction_of(text))
        instruction(state, line, text, step);
    else if (!history_foreign(text, line->comment, step))
        history_unknown(text, line->comment, state->config, state->is_first, step);
}

/* Buildah notes what each step was built on: the base's name, else a short id of its own. */
static void note_base(const char *comment, struct history_step *step)
{
    const char *base = has_prefix(comment, "FROM ") ? comment + 5 : "";
    size_t len = strlen(base);
    if (!len || len > 512 || (len == 12 && strspn(base, "0123456789abcdef") == len))
        return;
    char *note =
        xasprintf("%s%sbase: %s", step->note ? step->note : "", step->note ? "; " : "", base);
    free(step->note);
    step->note = note;
}

void history_command(struct history_state *state, const json_t *entry, struct history_step *step)
{
    struct line line = line_of(entry);
    AUTO(free) char *text = xstrdup(skip_blanks(jsonx_str(entry, "created_by")));
    if (*text)
        read_entry(state, &line, text, step);
    else
        history_no_command(line.comment, step);
    note_base(line.comment, step);
    state->is_first = false;
}
