#include "history_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "strbuf.h"

static const char *const instructions[] = {
    "ADD",    "ARG",   "CMD",         "COPY",  "ENTRYPOINT", "ENV",
    "EXPOSE", "FROM",  "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN",    "SHELL", "STOPSIGNAL",  "USER",  "VOLUME",     "WORKDIR"};

static const char *const shells[] = {"/bin/sh -c ",   "/bin/bash -o pipefail -c ",
                                     "/bin/bash -c ", "/bin/ash -eo pipefail -c ",
                                     "/bin/ash -c ",  "cmd /S /C "};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *after_instruction(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
        size_t len = strlen(instructions[i]);
        if (strncmp(text, instructions[i], len) == 0 && (text[len] == ' ' || text[len] == '\0'))
            return text + len;
    }
    return NULL;
}

static const char *skip_shell(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(shells); i++)
        if (has_prefix(text, shells[i]))
            return text + strlen(shells[i]);
    return NULL;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ");
}

/* White space runs of line continuations (tabs) become one blank; ends are trimmed. */
static char *tidy(const char *text)
{
    char *out = xmalloc(strlen(text) + 1);
    size_t len = 0;
    for (const char *at = text; *at; at++) {
        bool is_tab = *at == '\t';
        if (is_tab && len && out[len - 1] == ' ')
            continue;
        out[len++] = is_tab ? ' ' : *at;
    }
    while (len && (out[len - 1] == ' ' || out[len - 1] == '\n'))
        len--;
    out[len] = '\0';
    return out;
}

/* One "NAME=value" of a "|N" prefix: an ARG entry's text if one fits, which settles values with
 * blanks in them, else up to the next blank. */
static const char *skip_argument(const char *text, const json_t *arguments)
{
    size_t best = strcspn(text, " ");
    bool by_entry = false;
    size_t i;
    json_t *argument;
    json_array_foreach(arguments, i, argument)
    {
        const char *known = json_string_value(argument);
        size_t len = strlen(known);
        bool fits = strchr(known, '=') && strncmp(text, known, len) == 0 && text[len] == ' ';
        if (fits && (!by_entry || len > best)) {
            best = len;
            by_entry = true;
        }
    }
    return text[best] ? text + best + 1 : text + best;
}

/* "|2 A=1 VER=2.0 " in front of a RUN. */
static const char *skip_arguments(const char *text, const json_t *arguments)
{
    if (*text != '|')
        return text;
    char *end;
    long count = strtol(text + 1, &end, 10);
    if (end == text + 1 || *end != ' ' || count < 0 || count > 1000)
        return text;
    const char *at = end + 1;
    for (long i = 0; i < count && *at; i++)
        at = skip_argument(at, arguments);
    return at;
}

/* ["a" "b"] as Go's %q writes it to the JSON array that a Dockerfile has; false if it is not. */
static bool add_array(const char *text, struct strbuf *out)
{
    if (text[0] != '[' || text[1] != '"')
        return false;
    bool in_quotes = false;
    for (const char *at = text; *at; at++) {
        if (*at == '\\' && in_quotes && at[1]) {
            strbuf_add(out, at++, 2);
            continue;
        }
        if (*at == '"')
            in_quotes = !in_quotes;
        if (*at == ' ' && !in_quotes && at[-1] == '"')
            strbuf_addc(out, ',');
        strbuf_addc(out, *at);
    }
    return !in_quotes && out->len && out->buf[out->len - 1] == ']';
}

/* "map[80/tcp:{} 53/udp:{}]" and "[80/tcp]" to "80/tcp 53/udp"; false if it is neither. */
static bool add_ports(const char *text, struct strbuf *out)
{
    const char *at = has_prefix(text, "map[") ? text + 4 : *text == '[' ? text + 1 : NULL;
    if (!at)
        return false;
    while (*at && *at != ']') {
        size_t len = strcspn(at, " ]:");
        strbuf_add(out, at, len);
        at += len;
        at += has_prefix(at, ":{}") ? 3 : 0;
        if (*at == ' ')
            strbuf_addc(out, ' ');
        at += *at == ' ';
    }
    return true;
}

/* "file:9f2c in / " of ADD and COPY: the classic builder's " in " goes; a root file system is
 * called so. */
static void add_copy(const char *text, bool is_add, struct strbuf *out)
{
    const char *in = strstr(text, " in ");
    bool is_hash = strstr(text, "file:") || strstr(text, "dir:") || strstr(text, "multi:");
    if (!in || !is_hash) {
        strbuf_adds(out, text);
    } else if (is_add && has_prefix(text, "file:") && strcmp(skip_blanks(in + 4), "/") == 0) {
        strbuf_adds(out, "rootfs /");
    } else {
        strbuf_add(out, text, (size_t)(in - text));
        strbuf_addc(out, ' ');
        strbuf_adds(out, skip_blanks(in + 4));
    }
}

/* An instruction as the builder noted it, with its arguments as a Dockerfile has them. */
static char *instruction(const char *text, enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(text);
    const char *rest = after_instruction(tidied);
    size_t word = rest ? (size_t)(rest - tidied) : 0;
    *ret_certainty = CERTAINTY_EXACT;
    if (!rest || !*rest)
        return xstrdup(tidied);
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(strlen(tidied) * 2 + 16);
    const char *arguments = skip_blanks(rest);
    bool is_add = has_prefix(tidied, "ADD ");
    AUTO(strbuf) struct strbuf array = STRBUF_INIT(strlen(tidied) * 2 + 16);
    strbuf_add(&out, tidied, word);
    strbuf_addc(&out, ' ');
    if (is_add || has_prefix(tidied, "COPY ")) {
        add_copy(arguments, is_add, &out);
    } else if (has_prefix(tidied, "EXPOSE ") && add_ports(arguments, &array)) {
        strbuf_add(&out, strbuf_str(&array), array.len);
    } else if (add_array(arguments, &array)) {
        strbuf_add(&out, strbuf_str(&array), array.len);
    } else {
        if (*arguments == '[' || *arguments == '{' || *arguments == '&')
            *ret_certainty = CERTAINTY_LOSSY; /* Go's %v: where one ends is not told */
        strbuf_adds(&out, arguments);
    }
    return strbuf_detach(&out);
}

static char *run(const char *text, enum certainty certainty, enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(text);
    *ret_certainty = certainty;
    return xasprintf("RUN %s", tidied);
}

/* Behind a shell: `#(nop)` marks an instruction, anything else was run. */
static char *shell_command(const char *text, enum certainty *ret_certainty)
{
    const char *nop = has_prefix(text, "#(nop)")      ? text + 6
                      : has_prefix(text, "REM (nop)") ? text + 9
                                                      : NULL;
    if (!nop)
        return run(text, CERTAINTY_EXACT, ret_certainty);
    nop = skip_blanks(nop);
    if (has_prefix(nop, "%s %s in %s"))
        nop = skip_blanks(nop + 11);
    return instruction(nop, ret_certainty);
}

/* "RUN |1 A=b /bin/sh -c cmd": what BuildKit notes of a RUN. */
static char *buildkit_run(const char *text, const json_t *arguments, enum certainty *ret_certainty)
{
    text = skip_arguments(text, arguments);
    const char *command = skip_shell(text);
    return run(command ? command : text, command ? CERTAINTY_EXACT : CERTAINTY_LOSSY,
               ret_certainty);
}

static char *without_buildkit_mark(const char *created_by)
{
    static const char mark[] = " # buildkit";
    size_t len = strlen(created_by);
    if (len >= sizeof(mark) - 1 && strcmp(created_by + len - (sizeof(mark) - 1), mark) == 0)
        len -= sizeof(mark) - 1;
    return xstrndup(created_by, len);
}

static char *no_command(const char *comment, enum certainty *ret_certainty)
{
    AUTO(free) char *tidied = tidy(comment);
    *ret_certainty = *tidied ? CERTAINTY_FOREIGN : CERTAINTY_MISSING;
    return *tidied ? xasprintf("# %s", tidied) : xstrdup("");
}

char *history_command(const char *created_by, const char *comment, const json_t *arguments,
                      enum certainty *ret_certainty)
{
    AUTO(free) char *text = without_buildkit_mark(created_by);
    const char *start = skip_blanks(text);
    if (!*start)
        return no_command(comment, ret_certainty);
    if (has_prefix(start, "RUN "))
        return buildkit_run(start + 4, arguments, ret_certainty);
    const char *behind_arguments = skip_arguments(start, arguments);
    const char *command = skip_shell(behind_arguments);
    if (command)
        return shell_command(command, ret_certainty);
    if (after_instruction(start))
        return instruction(start, ret_certainty);
    *ret_certainty = *start == '#' ? CERTAINTY_FOREIGN : CERTAINTY_GUESS;
    return tidy(start);
}
