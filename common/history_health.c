#include "history_health.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gostring.h"
#include "history_value.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_TIMES 4

static const char *const flags[MAX_TIMES] = {"interval", "timeout", "start-period",
                                             "start-interval"};
static const char *const members[MAX_TIMES] = {"Interval", "Timeout", "StartPeriod",
                                               "StartInterval"};

struct health {
    json_t *test;
    char *times[MAX_TIMES]; /* Go's durations; NULL where not noted */
    uint32_t retries;
    bool is_lossy; /* the test's words may be others */
};

static void health_cleanup(struct health *health)
{
    json_decref(health->test);
    for (size_t i = 0; i < MAX_TIMES; i++)
        free(health->times[i]);
}

/* ` "5m0s" "3s" '\x03'}` behind the list. */
static bool parse_quoted(const char *text, struct health *health)
{
    const char *at = gostring_read_list(text, &health->test);
    for (size_t i = 0; at && i < MAX_TIMES && at[0] == ' ' && at[1] == '"'; i++)
        at = gostring_read(at + 1, &health->times[i]);
    if (at && *at == ' ')
        at = gostring_read_character(at + 1, &health->retries);
    return at && strcmp(at, "}") == 0;
}

/* The words of a test whose quotes are lost. */
static void split_test(char *words, const json_t *config_test, struct health *health)
{
    if (value_is_joined(config_test, words)) {
        health->test = json_incref((json_t *)config_test);
        return;
    }
    health->test = json_array();
    static const char shell[] = "CMD-SHELL ";
    if (strncmp(words, shell, sizeof(shell) - 1) == 0) {
        json_array_append_new(health->test, json_string("CMD-SHELL"));
        json_array_append_new(health->test, json_string(words + sizeof(shell) - 1));
        return;
    }
    char *save = NULL;
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
        json_array_append_new(health->test, json_string(word));
    health->is_lossy = json_array_size(health->test) > 2;
}

/* ` Interval:30s Timeout:5s Retries:4}` behind the list. */
static bool parse_times(char *text, struct health *health)
{
    size_t len = strlen(text);
    if (!len || text[len - 1] != '}')
        return false;
    text[len - 1] = '\0';
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, ':');
        if (!value)
            return false;
        *value++ = '\0';
        for (size_t i = 0; i < MAX_TIMES; i++)
            if (strcmp(word, members[i]) == 0 && !health->times[i])
                health->times[i] = xstrdup(value);
        if (strcmp(word, "Retries") == 0)
            health->retries = (uint32_t)strtoul(value, NULL, 10);
    }
    return true;
}

static bool parse_named(const char *text, const json_t *config_test, struct health *health)
{
    static const char start[] = "Test:[";
    if (strncmp(text, start, sizeof(start) - 1) != 0)
        return false;
    AUTO(free) char *words = xstrdup(text + sizeof(start) - 1);
    char *end = NULL; /* the last one: a test may hold any text */
    for (char *next = words; (next = strchr(next, ']')); next++)
        if (strncmp(next, "] Interval:", 11) == 0)
            end = next;
    if (!end)
        return false;
    *end = '\0';
    split_test(words, config_test, health);
    return parse_times(end + 2, health);
}

/* "5m0s" as people write it: "5m". False for what is no duration, or none at all. */
static bool write_time(const char *time, const char *flag, struct strbuf *out)
{
    size_t len = strlen(time);
    if (len == 0 || len > 32 || strspn(time, "0123456789.hmsnu\xc2\xb5") != len)
        return false;
    if (len > 3 && strcmp(time + len - 3, "m0s") == 0)
        len -= 2;
    if (len > 3 && strncmp(time + len - 3, "h0m", 3) == 0)
        len -= 2;
    if (len == 2 && strncmp(time, "0s", 2) == 0)
        return true;
    strbuf_addf(out, "--%s=%.*s ", flag, (int)len, time);
    return true;
}

static bool write_check(const struct health *health, struct strbuf *out)
{
    const char *kind = json_string_value(json_array_get(health->test, 0));
    const char *line = json_string_value(json_array_get(health->test, 1));
    if (kind && strcmp(kind, "NONE") == 0) {
        strbuf_adds(out, "NONE");
        return true;
    }
    for (size_t i = 0; i < MAX_TIMES; i++)
        if (health->times[i] && !write_time(health->times[i], flags[i], out))
            return false;
    if (health->retries)
        strbuf_addf(out, "--retries=%u ", health->retries);
    if (!kind || !line)
        return false;
    if (strcmp(kind, "CMD-SHELL") == 0) {
        strbuf_addf(out, "CMD %s", line);
        return true;
    }
    JSON_AUTO
    json_t *command = json_deep_copy(health->test);
    json_array_remove(command, 0);
    strbuf_adds(out, "CMD ");
    value_write_array(command, out);
    return strcmp(kind, "CMD") == 0;
}

enum certainty history_health(const char *text, const json_t *config_test, struct strbuf *out)
{
    const char *inside = text + (*text == '&');
    __attribute__((cleanup(health_cleanup))) struct health health = {0};
    AUTO(strbuf) struct strbuf check = STRBUF_INIT(strlen(text) * 7 + 256);
    if (*inside != '{') {
        strbuf_adds(out, text);
        return CERTAINTY_EXACT; /* as the Dockerfile has it */
    }
    bool is_read = inside[1] == '[' ? parse_quoted(inside + 1, &health)
                                    : parse_named(inside + 1, config_test, &health);
    if (!is_read || !write_check(&health, &check)) {
        strbuf_adds(out, text);
        return CERTAINTY_LOSSY;
    }
    strbuf_adds(out, strbuf_str(&check));
    return health.is_lossy ? CERTAINTY_LOSSY : CERTAINTY_EXACT;
}
