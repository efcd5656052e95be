#include "license.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jsonx.h"
#include "labels.h"
#include "mem.h"
#include "spdx_ids.h"
#include "strbuf.h"
#include "utf8.h"

#define ID_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define WORD_MAX_BYTES 128

static int compare_ids(const void *key, const void *element)
{
    return strcasecmp(key, *(const char *const *)element);
}

static const char *find_id(const char *word, const char *const *ids, size_t count)
{
    const char *const *found = bsearch(word, ids, count, sizeof(*ids), compare_ids);
    return found ? *found : NULL;
}

/* "LicenseRef-x" or "DocumentRef-y:LicenseRef-x": somebody's own licenses. */
static bool is_reference(const char *word)
{
    if (strncmp(word, "DocumentRef-", 12) == 0) {
        size_t len = strspn(word + 12, ID_CHARS);
        if (len == 0 || word[12 + len] != ':')
            return false;
        word += 12 + len + 1;
    }
    size_t len = strlen(word);
    return strncmp(word, "LicenseRef-", 11) == 0 && len > 11 && strspn(word, ID_CHARS) == len;
}

/* Appends one license in its own spelling; false if it is none. */
static bool add_license(char *word, struct strbuf *out)
{
    if (is_reference(word)) {
        strbuf_adds(out, word);
        return true;
    }
    size_t len = strlen(word);
    bool or_later = len > 1 && word[len - 1] == '+';
    if (or_later)
        word[len - 1] = '\0';
    const char *id = find_id(word, spdx_licenses, ARRAY_LEN(spdx_licenses));
    if (!id)
        return false;
    strbuf_adds(out, id);
    if (or_later)
        strbuf_addc(out, '+');
    return true;
}

static bool add_exception(const char *word, struct strbuf *out)
{
    const char *id = find_id(word, spdx_exceptions, ARRAY_LEN(spdx_exceptions));
    if (id)
        strbuf_adds(out, id);
    return id != NULL;
}

/* What may come next. No tree is needed to check an expression: all operators bind operands the
 * same way as far as its form goes, and WITH stands behind a plain license only. */
struct parser {
    enum { WANT_LICENSE, WANT_EXCEPTION, AFTER_LICENSE, AFTER_OPERAND } state;
    int depth;
    struct strbuf *out;
};

static bool take_parenthesis(struct parser *parser, char c)
{
    bool opens = c == '(';
    if (opens ? parser->state != WANT_LICENSE : parser->state < AFTER_LICENSE || parser->depth == 0)
        return false;
    parser->depth += opens ? 1 : -1;
    parser->state = opens ? WANT_LICENSE : AFTER_OPERAND;
    strbuf_addc(parser->out, c);
    return true;
}

static bool take_operator(struct parser *parser, const char *word)
{
    static const char *const operators[] = {"AND", "OR", "WITH"};
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (strcasecmp(word, operators[i]) != 0)
            continue;
        bool is_with = i == 2;
        if (is_with && parser->state != AFTER_LICENSE)
            return false;
        parser->state = is_with ? WANT_EXCEPTION : WANT_LICENSE;
        strbuf_addf(parser->out, " %s ", operators[i]);
        return true;
    }
    return false;
}

static bool take_word(struct parser *parser, char *word)
{
    switch (parser->state) {
    case WANT_LICENSE:
        parser->state = AFTER_LICENSE;
        return add_license(word, parser->out);
    case WANT_EXCEPTION:
        parser->state = AFTER_OPERAND;
        return add_exception(word, parser->out);
    case AFTER_LICENSE:
    case AFTER_OPERAND:
        return take_operator(parser, word);
    }
    return false;
}

char *license_expression(const char *text)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT((size_t)4 * LICENSE_CODE_MAX_BYTES);
    struct parser parser = {.out = &out};
    if (strnlen(text, LICENSE_CODE_MAX_BYTES + 1) > LICENSE_CODE_MAX_BYTES)
        return NULL;
    for (text += strspn(text, " \t\r\n"); *text; text += strspn(text, " \t\r\n")) {
        size_t len = strcspn(text, " \t\r\n()");
        char word[WORD_MAX_BYTES];
        if (len >= sizeof(word))
            return NULL;
        memcpy(word, text, len);
        word[len] = '\0';
        if (len ? !take_word(&parser, word) : !take_parenthesis(&parser, *text))
            return NULL;
        text += len ? len : 1;
    }
    bool is_whole = parser.state >= AFTER_LICENSE && parser.depth == 0 && !strbuf_err(&out);
    return is_whole ? strbuf_detach(&out) : NULL;
}

/* The page of a single identifier; a version's "or later" is told on the same page. v1 took two
 * names of everyday speech for licenses, so they keep a link. Caller frees; NULL if there is none.
 */
static char *license_page(const char *code)
{
    char id[WORD_MAX_BYTES];
    size_t len = strspn(code, ID_CHARS);
    if (len >= sizeof(id) || (code[len] && strcmp(code + len, "+") != 0))
        return NULL;
    memcpy(id, code, len);
    id[len] = '\0';
    if (strcasecmp(id, "GPLv2") == 0 || strcasecmp(id, "GPLv3") == 0)
        return xasprintf("https://spdx.org/licenses/GPL-%c.0.html", id[4]);
    const char *found = find_id(id, spdx_licenses, ARRAY_LEN(spdx_licenses));
    return found ? xasprintf("https://spdx.org/licenses/%s.html", found) : NULL;
}

json_t *license_of(const json_t *labels)
{
    const char *text = jsonx_str(labels, "org.label-schema.license");
    if (!*text)
        text = jsonx_str(labels, "org.opencontainers.image.licenses");
    if (!*text)
        text = labels_value_containing(labels, "license");
    if (!*text)
        return NULL;
    AUTO(free) char *code = license_expression(text);
    if (!code)
        code = xstrndup(text, utf8_cut(text, LICENSE_CODE_MAX_BYTES));
    AUTO(free) char *url = license_page(code);
    json_t *license = json_object();
    json_object_set_new(license, "Code", json_string(code));
    if (url)
        json_object_set_new(license, "URL", json_string(url));
    return license;
}
