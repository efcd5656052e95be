#include "badge_facts.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"
#include "utf8.h"

/* Writing */

static void add_text(struct strbuf *out, const char *key, const char *value)
{
    if (!*value)
        return;
    strbuf_addf(out, "%s=", key);
    size_t len = utf8_cut(value, BADGE_TEXT_BYTES - 1);
    for (size_t i = 0; i < len; i++)
        strbuf_addc(out, (unsigned char)value[i] < 0x20 ? ' ' : value[i]);
    strbuf_addc(out, '\n');
}

static void add_number(struct strbuf *out, const char *key, const json_t *object,
                       const char *member)
{
    if (json_object_get(object, member))
        strbuf_addf(out, "%s=%lld\n", key, (long long)jsonx_int(object, member));
}

void badge_facts_image(const json_t *facts, struct strbuf *out)
{
    add_number(out, "size", facts, "DownloadSize");
    add_number(out, "layers", facts, "LayerCount");
    add_text(out, "license", jsonx_str(jsonx_object(facts, "License"), "Code"));
    add_text(out, "commit", jsonx_str(jsonx_object(facts, "VersionControl"), "Commit"));
    add_text(out, "created", jsonx_str(facts, "Created"));
}

void badge_facts_repository(const json_t *hub, struct strbuf *out)
{
    add_number(out, "pulls", hub, "PullCount");
    add_number(out, "stars", hub, "StarCount");
    add_text(out, "updated", jsonx_str(hub, "LastUpdated"));
}

void badge_facts_version(const char *longest_tag, struct strbuf *out)
{
    add_text(out, "version", longest_tag);
}

void badge_facts_base(const char *base, struct strbuf *out)
{
    add_text(out, "base", base);
}

/* Reading */

static void set_number(const char *value, int64_t *number)
{
    char *end;
    long long read = strtoll(value, &end, 10);
    if (end != value && !*end && read >= 0)
        *number = read;
}

static void set_text(const char *value, char text[BADGE_TEXT_BYTES])
{
    size_t len = utf8_cut(value, BADGE_TEXT_BYTES - 1);
    memcpy(text, value, len);
    text[len] = '\0';
}

static void set_value(struct badge_facts *facts, const char *key, const char *value)
{
    const struct {
        const char *key;
        int64_t *number, *time_ms;
        char *text;
    } members[] = {
        {"size", .number = &facts->size_bytes},     {"layers", .number = &facts->layer_count},
        {"pulls", .number = &facts->pull_count},    {"stars", .number = &facts->star_count},
        {"created", .time_ms = &facts->created_ms}, {"updated", .time_ms = &facts->updated_ms},
        {"license", .text = facts->license},        {"commit", .text = facts->commit},
        {"version", .text = facts->version},        {"base", .text = facts->base},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (strcmp(members[i].key, key) != 0)
            continue;
        if (members[i].number)
            set_number(value, members[i].number);
        else if (members[i].time_ms)
            (void)clock_parse(value, members[i].time_ms);
        else if (members[i].text)
            set_text(value, members[i].text);
    }
}

void badge_facts_read(const char *lines, struct badge_facts *facts)
{
    AUTO(free) char *copy = xstrndup(lines, strnlen(lines, BADGE_LINES_MAX_BYTES));
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        set_value(facts, line, equals + 1);
    }
}
