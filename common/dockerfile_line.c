#include "dockerfile_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define LONG_LINE_BYTES 80
#define MAX_DELIMITER_BYTES 64
#define MAX_HEREDOCS 16

static const char *const words[] = {
    "ADD ",    "ARG ",   "CMD ",         "COPY ",  "ENTRYPOINT ", "ENV ",
    "EXPOSE ", "FROM ",  "HEALTHCHECK ", "LABEL ", "MAINTAINER ", "ONBUILD ",
    "RUN ",    "SHELL ", "STOPSIGNAL ",  "USER ",  "VOLUME ",     "WORKDIR "};

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool dockerfile_is_instruction(const char *command)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (has_prefix(command, words[i]) && command[strlen(words[i])])
            return true;
    return false;
}

/* Escaping */

/* Characters that change how others are shown, or show nothing: marks and overrides of direction,
 * zero-width ones, line separators, C1 controls. */
static bool is_deceptive(uint32_t code)
{
    return (code >= 0x80 && code < 0xa0) || code == 0xad || code == 0x61c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code < 0xe0080);
}

/* The character of a valid UTF-8 sequence of two or more bytes. */
static uint32_t decode(const unsigned char *at, size_t len)
{
    uint32_t code = at[0] & (0x7f >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (at[i] & 0x3f);
    return code;
}

static size_t sequence_len(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

void dockerfile_escape(const char *text, size_t len, const char *keep, struct strbuf *out)
{
    size_t plain_from = 0;
    for (size_t i = 0; i < len;) {
        unsigned char lead = (unsigned char)text[i];
        size_t step = sequence_len(lead);
        step = step < len - i ? step : len - i;
        uint32_t code = step > 1 ? decode((const unsigned char *)text + i, step) : lead;
        bool is_control = (code < 0x20 || code == 0x7f) && !(code && strchr(keep, (int)code));
        if (is_control || is_deceptive(code)) {
            strbuf_add(out, text + plain_from, i - plain_from);
            plain_from = i + step;
        }
        if (is_control)
            strbuf_addf(out, "\xe2\x90%c", code == 0x7f ? 0xa1 : (int)(0x80 + code)); /* U+24xx */
        else if (is_deceptive(code))
            strbuf_addf(out, "<U+%04X>", (unsigned)code);
        i += step;
    }
    strbuf_add(out, text + plain_from, len - plain_from);
}

/* Here-documents */

struct heredoc {
    char delimiter[MAX_DELIMITER_BYTES];
    bool strips_tabs;
};

/* Length of the word at text, which ends at a blank outside quotes. */
static size_t word_len(const char *text, size_t len)
{
    char quote = '\0';
    size_t i = 0;
    for (; i < len && (quote || (text[i] != ' ' && text[i] != '\t')); i++) {
        if (text[i] == '\\' && quote != '\'' && i + 1 < len)
            i++;
        else if (quote ? text[i] == quote : (text[i] == '"' || text[i] == '\''))
            quote = quote ? '\0' : text[i];
    }
    return i;
}

/* "3<<-'NAME'" as BuildKit reads it. */
static bool parse_heredoc(const char *word, size_t len, struct heredoc *ret)
{
    size_t at = 0;
    while (at < len && word[at] >= '0' && word[at] <= '9')
        at++;
    if (len - at < 3 || word[at] != '<' || word[at + 1] != '<')
        return false;
    at += 2;
    ret->strips_tabs = word[at] == '-';
    at += ret->strips_tabs;
    size_t kept = 0;
    for (; at < len; at++) {
        if (word[at] == '<' || kept == MAX_DELIMITER_BYTES - 1)
            return false;
        if (word[at] != '"' && word[at] != '\'')
            ret->delimiter[kept++] = word[at];
    }
    ret->delimiter[kept] = '\0';
    return kept > 0;
}

/* The here-documents that a line opens; only these instructions may have them. */
static size_t heredocs(const char *line, size_t len, struct heredoc ret[MAX_HEREDOCS])
{
    size_t count = 0;
    if (!has_prefix(line, "RUN ") && !has_prefix(line, "COPY ") && !has_prefix(line, "ADD ") &&
        !has_prefix(line, "ONBUILD "))
        return 0;
    for (size_t i = 0; i < len && count < MAX_HEREDOCS;) {
        size_t word = word_len(line + i, len - i);
        if (word && parse_heredoc(line + i, word, &ret[count]))
            count++;
        i += word ? word : 1;
    }
    return count;
}

static bool ends_heredoc(const char *line, size_t len, const struct heredoc *heredoc)
{
    while (heredoc->strips_tabs && len && *line == '\t') {
        line++;
        len--;
    }
    return strlen(heredoc->delimiter) == len && memcmp(line, heredoc->delimiter, len) == 0;
}

/* True if the lines behind the first are one here-document's, and its end is the last of them. */
static bool is_one_heredoc(const char *command)
{
    struct heredoc found[MAX_HEREDOCS];
    const char *line = strchr(command, '\n');
    if (!line || heredocs(command, (size_t)(line - command), found) != 1)
        return false;
    while (line) {
        line++;
        const char *next = strchr(line, '\n');
        if (ends_heredoc(line, next ? (size_t)(next - line) : strlen(line), &found[0]))
            return !next;
        line = next;
    }
    return false;
}

/* Lines */

/* A lone escape character at the end would make the next line part of this one. */
static void end_line(size_t start, char escape, struct strbuf *out)
{
    const char *text = strbuf_str(out);
    size_t len = out->len;
    while (len > start && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len > start && text[len - 1] == escape && (len < start + 2 || text[len - 2] != escape))
        strbuf_addc(out, escape);
    strbuf_addc(out, '\n');
}

/* Where a long command may go on in the next line: before "&& " or behind "; ". The next line's
 * text; NULL for no break. A line that is empty or begins with '#' would be none. */
static const char *next_line(const char *at)
{
    if (has_prefix(at, "&& "))
        return at;
    if (!has_prefix(at, "; "))
        return NULL;
    const char *next = at + 1 + strspn(at + 1, " \t");
    return *next && *next != '#' && (unsigned char)*next > ' ' ? next : NULL;
}

static void broken_run(const char *command, char escape, struct strbuf *out)
{
    char quote = '\0';
    const char *start = command;
    const char *next;
    for (const char *at = command; *at; at++) {
        if (*at == '\\' && quote != '\'' && at[1]) {
            at++;
        } else if (quote ? *at == quote : (*at == '"' || *at == '\'')) {
            quote = quote ? '\0' : *at;
        } else if (!quote && (next = next_line(at))) {
            const char *end = *at == ';' ? at + 1 : at;
            while (end > start && end[-1] == ' ')
                end--;
            dockerfile_escape(start, (size_t)(end - start), "\t", out);
            strbuf_addf(out, " %c\n    ", escape);
            start = next;
            at = *at == ';' ? next - 1 : at + 1;
        }
    }
    size_t line = out->len;
    dockerfile_escape(start, strlen(start), "\t", out);
    end_line(line, escape, out);
}

/* A line that opens here-documents without their content: each is ended at once. */
static void unfilled(const struct heredoc *found, size_t count, struct strbuf *out)
{
    for (size_t i = 0; i < count; i++) {
        strbuf_adds(out, found[i].delimiter);
        strbuf_addc(out, '\n');
    }
}

void dockerfile_instruction(const char *command, char escape, struct strbuf *out)
{
    struct heredoc found[MAX_HEREDOCS];
    size_t len = strlen(command);
    if (is_one_heredoc(command)) {
        dockerfile_escape(command, len, "\n\t", out);
        strbuf_addc(out, '\n');
        return;
    }
    size_t count = heredocs(command, len, found);
    if (has_prefix(command, "RUN ") && len > LONG_LINE_BYTES && !count && command[4] != '[') {
        broken_run(command, escape, out);
        return;
    }
    size_t start = out->len;
    dockerfile_escape(command, len, "\t", out);
    end_line(start, escape, out);
    unfilled(found, count, out);
}
