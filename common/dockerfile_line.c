#include "dockerfile_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "mem.h"

#define LONG_LINE_BYTES 80
#define MAX_BYTES (64u << 20) /* far above any line: the command itself is the limit */

/* FROM is in no history: it would begin another stage. */
static const char *const words[] = {
    "ADD ",    "ARG ",         "CMD ",   "COPY ",       "ENTRYPOINT ", "ENV ",
    "EXPOSE ", "HEALTHCHECK ", "LABEL ", "MAINTAINER ", "ONBUILD ",    "RUN ",
    "SHELL ",  "STOPSIGNAL ",  "USER ",  "VOLUME ",     "WORKDIR "};

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

/* The delimiter of `3<<-'NAME'` as BuildKit reads it, without quotes; NULL if word is no such.
 * Caller frees. */
static char *delimiter_of(const char *word, size_t len, bool *ret_strips_tabs)
{
    size_t at = 0;
    while (at < len && word[at] >= '0' && word[at] <= '9')
        at++;
    if (len - at < 3 || word[at] != '<' || word[at + 1] != '<')
        return NULL;
    at += 2;
    *ret_strips_tabs = word[at] == '-';
    at += *ret_strips_tabs;
    if (at == len || memchr(word + at, '<', len - at))
        return NULL;
    char *delimiter = xstrndup(word + at, len - at);
    size_t kept = 0;
    for (const char *c = delimiter; *c; c++)
        if (!strchr("\"'\\", *c))
            delimiter[kept++] = *c;
    delimiter[kept] = '\0';
    return delimiter;
}

/* Ends each here-document that the line opens, in their order; returns how many there are. The
 * delimiters are appended to out, a line each. Only these instructions may have them. */
static size_t add_delimiters(const char *line, size_t len, bool *ret_strips_tabs,
                             struct strbuf *out)
{
    size_t count = 0;
    if (!has_prefix(line, "RUN ") && !has_prefix(line, "COPY ") && !has_prefix(line, "ADD ") &&
        !has_prefix(line, "ONBUILD "))
        return 0;
    for (size_t i = 0; i < len;) {
        size_t word = word_len(line + i, len - i);
        AUTO(free) char *delimiter = delimiter_of(line + i, word, ret_strips_tabs);
        if (delimiter) {
            strbuf_addf(out, "%s\n", delimiter);
            count++;
        }
        i += word ? word : 1;
    }
    return count;
}

/* True if the lines behind the first are one here-document's, and its end is the last of them. */
static bool is_one_heredoc(const char *command)
{
    AUTO(strbuf) struct strbuf delimiter = STRBUF_INIT(MAX_BYTES);
    bool strips_tabs;
    const char *line = strchr(command, '\n');
    if (!line || add_delimiters(command, (size_t)(line - command), &strips_tabs, &delimiter) != 1)
        return false;
    size_t delimiter_len = delimiter.len - 1;
    while (line) {
        const char *start = line + 1 + (strips_tabs ? strspn(line + 1, "\t") : 0);
        line = strchr(line + 1, '\n');
        size_t len = line ? (size_t)(line - start) : strlen(start);
        if (len == delimiter_len && memcmp(start, strbuf_str(&delimiter), len) == 0)
            return !line;
    }
    return false;
}

/* Lines */

static size_t trimmed_len(const char *text)
{
    size_t len = strlen(text);
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return len;
}

/* The last line of an instruction. A lone escape character at its end would make the next one part
 * of it. */
static void last_line(const char *text, char escape, struct strbuf *out)
{
    size_t len = trimmed_len(text);
    dockerfile_escape(text, len, "\t", out);
    if (len && text[len - 1] == escape && (len < 2 || text[len - 2] != escape))
        strbuf_addc(out, escape);
    strbuf_addc(out, '\n');
}

/* The command's rest where it may go on in the next line: behind "; " or "&& ". NULL for no break;
 * a line that is empty or begins with '#' would be none. */
static const char *next_line(const char *at)
{
    size_t len = has_prefix(at, "&& ") ? 2 : has_prefix(at, "; ") ? 1 : 0;
    const char *next = at + len + strspn(at + len, " \t");
    bool is_word = (unsigned char)*next > ' ' && *next != '#';
    return len && is_word ? next : NULL;
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
            strbuf_addf(out, " %c\n    %s", escape, *at == ';' ? "" : "&& ");
            start = next;
            at = next - 1;
        }
    }
    last_line(start, escape, out);
}

void dockerfile_instruction(const char *command, char escape, struct strbuf *out)
{
    size_t len = strlen(command);
    if (is_one_heredoc(command)) {
        dockerfile_escape(command, len, "\n\t", out);
        strbuf_addc(out, '\n');
        return;
    }
    /* What opens here-documents has no content for them: each is ended at once. */
    AUTO(strbuf) struct strbuf line = STRBUF_INIT(MAX_BYTES);
    AUTO(strbuf) struct strbuf ends = STRBUF_INIT(MAX_BYTES);
    bool strips_tabs;
    last_line(command, escape, &line);
    bool opens = add_delimiters(strbuf_str(&line), line.len - 1, &strips_tabs, &ends) > 0;
    if (has_prefix(command, "RUN ") && len > LONG_LINE_BYTES && !opens && command[4] != '[')
        broken_run(command, escape, out);
    else
        strbuf_add(out, strbuf_str(&line), line.len);
    strbuf_adds(out, strbuf_str(&ends));
}
