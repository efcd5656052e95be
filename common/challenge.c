#include "challenge.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "err.h"
#include "mem.h"

#define DAY_MS (24LL * 3600 * 1000)
#define EPOCH_FROM 1000000000LL /* more digits than any sensible number of seconds */

static const char *skip(const char *at, const char *chars)
{
    return at + strspn(at, chars);
}

/* token68 and tokens of RFC 9110 5.6.2, generously. */
static size_t token_len(const char *at)
{
    return strcspn(at, " \t,=\"<>;");
}

/* The value behind '=': a token or a quoted string; NULL at a broken one. Caller frees. */
static char *take_value(const char **at)
{
    if (**at != '"') {
        size_t len = strcspn(*at, " \t,;");
        char *value = xstrndup(*at, len);
        *at += len;
        return value;
    }
    const char *from = *at + 1;
    char *value = xcalloc(strlen(from) + 1, 1);
    size_t len = 0;
    for (; *from && *from != '"'; from++) {
        if (*from == '\\' && from[1])
            from++;
        value[len++] = *from;
    }
    if (*from != '"') {
        free(value);
        return NULL;
    }
    *at = from + 1;
    return value;
}

static void set_parameter(struct challenge *challenge, const char *name, size_t len, char *value)
{
    struct {
        const char *name;
        char **member;
    } members[] = {{"realm", &challenge->realm},
                   {"service", &challenge->service},
                   {"scope", &challenge->scope},
                   {"error", &challenge->error}};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strlen(members[i].name) == len && strncasecmp(name, members[i].name, len) == 0) {
            free(*members[i].member);
            *members[i].member = value;
            return;
        }
    }
    free(value);
}

/* The parameters behind a scheme, up to the next scheme: a token that no '=' follows. */
static const char *take_parameters(const char *at, struct challenge *challenge)
{
    for (;;) {
        at = skip(at, " \t,");
        size_t len = token_len(at);
        const char *equals = skip(at + len, " \t");
        if (len == 0 || *equals != '=')
            return at;
        const char *value_at = skip(equals + 1, " \t");
        char *value = take_value(&value_at);
        if (!value)
            return value_at + strlen(value_at);
        set_parameter(challenge, at, len, value);
        at = value_at;
    }
}

static void challenge_init(struct challenge *challenge, bool is_basic)
{
    *challenge = (struct challenge){is_basic, xstrdup(""), xstrdup(""), xstrdup(""), xstrdup("")};
}

int challenge_parse(const char *header, struct challenge *ret_challenge)
{
    bool found = false;
    const char *at = header;
    while (*(at = skip(at, " \t,"))) {
        size_t len = token_len(at);
        bool is_bearer = len == 6 && strncasecmp(at, "Bearer", 6) == 0;
        bool is_basic = len == 5 && strncasecmp(at, "Basic", 5) == 0;
        struct challenge challenge;
        challenge_init(&challenge, is_basic);
        at = take_parameters(at + (len ? len : 1), &challenge);
        bool better = is_bearer ? !found || ret_challenge->is_basic : is_basic && !found;
        if (better && found)
            challenge_release(ret_challenge);
        if (better) {
            *ret_challenge = challenge;
            found = true;
        } else {
            challenge_release(&challenge);
        }
    }
    return found ? 0 : ERR_NOTFOUND;
}

void challenge_release(struct challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    free(challenge->error);
    memset(challenge, 0, sizeof(*challenge));
}

static bool has_word(char *list, const char *wanted)
{
    char *save = NULL;
    for (char *word = strtok_r(list, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (strcasecmp(word, wanted) == 0)
            return true;
    return false;
}

/* True if the parameters behind a link's target say rel="next" (or a list with next in it); the
 * first rel counts (RFC 8288 3.3). */
static bool has_rel_next(const char *text, size_t text_len)
{
    AUTO(free) char *parameters = xstrndup(text, text_len);
    const char *at = parameters;
    while (*(at = skip(at, " \t,;"))) {
        const char *name = at;
        size_t len = token_len(name);
        at = skip(name + len, " \t");
        if (*at != '=') {
            at += len == 0;
            continue;
        }
        at = skip(at + 1, " \t");
        AUTO(free) char *value = take_value(&at);
        if (!value)
            return false;
        if (len == 3 && strncasecmp(name, "rel", 3) == 0)
            return has_word(value, "next");
    }
    return false;
}

char *link_next(const char *header)
{
    const char *at = header;
    while ((at = strchr(at, '<'))) {
        const char *end = strchr(at, '>');
        if (!end)
            return NULL;
        const char *after = strchr(end, '<');
        size_t len = after ? (size_t)(after - end) : strlen(end);
        if (end > at + 1 && has_rel_next(end + 1, len - 1))
            return xstrndup(at + 1, (size_t)(end - at - 1));
        at = end;
    }
    return NULL;
}

long long retry_after_ms(const char *header, long long now_ms)
{
    header = skip(header, " \t");
    long long at_ms;
    if (isdigit((unsigned char)*header)) {
        char *end;
        long long number = strtoll(header, &end, 10);
        if (*skip(end, ".0123456789 \t")) /* a fraction is cut; "2024-01-01" is no number */
            return 0;
        if (number >= EPOCH_FROM)
            at_ms = number > now_ms / 1000 + 10 * DAY_MS ? now_ms + DAY_MS : number * 1000;
        else
            at_ms = now_ms + number * 1000;
    } else {
        struct tm tm = {0}; /* IMF-fixdate, RFC 9110 5.6.7 */
        if (!strptime(header, "%a, %d %b %Y %H:%M:%S GMT", &tm))
            return 0;
        at_ms = (long long)timegm(&tm) * 1000;
    }
    if (at_ms < now_ms)
        return now_ms;
    return at_ms > now_ms + DAY_MS ? now_ms + DAY_MS : at_ms;
}
