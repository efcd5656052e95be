#include "badge.h"

#include <stdio.h>
#include <string.h>

#include "badge_svg.h"
#include "clock.h"
#include "mem.h"

#define COMMIT_CHARACTERS 7
#define LABEL_CHARACTERS 7 /* what was not found */
#define WORD_CHARACTERS 10 /* version, license */
#define TEXT_CHARACTERS 30 /* the types that are as wide as their text */
#define DATE_BYTES 10      /* of RFC 3339 */

static const char *const type_names[BADGE_TYPES] = {
    [BADGE_IMAGE] = "image",     [BADGE_COMMIT] = "commit", [BADGE_VERSION] = "version",
    [BADGE_LICENSE] = "license", [BADGE_LAYERS] = "layers", [BADGE_SIZE] = "size",
    [BADGE_PULLS] = "pulls",     [BADGE_STARS] = "stars",   [BADGE_PLATFORMS] = "platforms",
    [BADGE_UPDATED] = "updated", [BADGE_BASE] = "base",
};

bool badge_type_parse(const char *name, enum badge_type *ret_type)
{
    for (int i = 0; i < BADGE_TYPES; i++) {
        if (strcmp(type_names[i], name) == 0) {
            *ret_type = (enum badge_type)i;
            return true;
        }
    }
    return false;
}

const char *badge_type_str(enum badge_type type)
{
    return (unsigned)type < BADGE_TYPES ? type_names[type] : "";
}

/* Numbers */

/* tenths of a unit, ".0" dropped. */
static void tenths_text(int64_t tenths, const char *unit, char ret_text[BADGE_NUMBER_BYTES])
{
    if (tenths % 10)
        (void)snprintf(ret_text, BADGE_NUMBER_BYTES, "%lld.%lld%s", (long long)(tenths / 10),
                       (long long)(tenths % 10), unit);
    else
        (void)snprintf(ret_text, BADGE_NUMBER_BYTES, "%lld%s", (long long)(tenths / 10), unit);
}

/* amount / unit, rounded half up, without the overflow of amount * 10. */
static int64_t rounded_tenths(int64_t amount, int64_t unit)
{
    return amount / unit * 10 + (amount % unit * 10 + unit / 2) / unit;
}

void badge_size_text(int64_t size_bytes, char ret_text[BADGE_NUMBER_BYTES])
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    if (size_bytes < 1024) {
        (void)snprintf(ret_text, BADGE_NUMBER_BYTES, "%lldB", (long long)size_bytes);
        return;
    }
    int64_t unit = 1024;
    size_t i = 0;
    /* What would round to 1024 is one of the next unit. */
    while (i + 1 < ARRAY_LEN(units) && rounded_tenths(size_bytes, unit) >= 10240) {
        unit *= 1024;
        i++;
    }
    tenths_text(rounded_tenths(size_bytes, unit), units[i], ret_text);
}

void badge_count_text(int64_t count, char ret_text[BADGE_NUMBER_BYTES])
{
    static const char *const units[] = {"k", "M", "B"};
    if (count < 1000) {
        (void)snprintf(ret_text, BADGE_NUMBER_BYTES, "%lld", (long long)count);
        return;
    }
    int64_t unit = 1000;
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(units) && count >= unit * 1000 - unit / 2) {
        unit *= 1000;
        i++;
    }
    int64_t tenths = rounded_tenths(count, unit);
    if (tenths >= 100)
        tenths = (count / unit + (count % unit + unit / 2) / unit) * 10;
    tenths_text(tenths, units[i], ret_text);
}

/* Values; NULL where not known. Caller frees. */

static char *number_value(int64_t number, void format(int64_t, char[BADGE_NUMBER_BYTES]))
{
    char text[BADGE_NUMBER_BYTES];
    if (number < 0)
        return NULL;
    format(number, text);
    return xstrdup(text);
}

static char *text_value(const char *text, size_t max_characters)
{
    char *cleaned = badge_clean(text, max_characters);
    if (*cleaned)
        return cleaned;
    free(cleaned);
    return NULL;
}

static char *platforms_value(const char *platforms)
{
    int count = 0;
    for (const char *c = platforms; *c; c++)
        count += *c == '\n';
    if (count > 1)
        return xasprintf("%d", count);
    AUTO(free) char *name = xstrndup(platforms, strcspn(platforms, " \n"));
    return text_value(name, TEXT_CHARACTERS);
}

/* A date and no age, which a picture that is kept for long would tell wrong. */
static char *updated_value(const struct badge *badge)
{
    const struct badge_facts *facts = &badge->facts;
    bool is_repository = !badge->is_pinned && facts->updated_ms;
    int64_t time_ms = is_repository ? facts->updated_ms : facts->created_ms;
    char text[CLOCK_TEXT_BYTES];
    if (!time_ms)
        return NULL;
    clock_format(time_ms, text);
    return xstrndup(text, DATE_BYTES);
}

static char *value_of(const struct badge *badge)
{
    const struct badge_facts *facts = &badge->facts;
    switch (badge->type) {
    case BADGE_COMMIT:
        return text_value(facts->commit, COMMIT_CHARACTERS);
    case BADGE_VERSION:
        return text_value(badge->tag ? badge->tag : facts->version, WORD_CHARACTERS);
    case BADGE_LICENSE:
        return text_value(facts->license, WORD_CHARACTERS);
    case BADGE_LAYERS:
        return number_value(facts->layer_count, badge_count_text);
    case BADGE_SIZE:
        return number_value(facts->size_bytes, badge_size_text);
    case BADGE_PULLS:
        return number_value(facts->pull_count, badge_count_text);
    case BADGE_STARS:
        return number_value(facts->star_count, badge_count_text);
    case BADGE_PLATFORMS:
        return platforms_value(badge->platforms);
    case BADGE_UPDATED:
        return updated_value(badge);
    case BADGE_BASE:
        return text_value(facts->base, TEXT_CHARACTERS);
    case BADGE_IMAGE: /* two values: draw_image */
    case BADGE_TYPES:
        break;
    }
    return NULL;
}

/* Pictures */

static char *draw_word(enum badge_type type, const char *value)
{
    enum badge_layout layout = type <= BADGE_LICENSE ? BADGE_LAYOUT_WORD : BADGE_LAYOUT_FITTED;
    return badge_svg(layout, badge_type_str(type), value);
}

static char *draw_image(const struct badge_facts *facts)
{
    char size[BADGE_NUMBER_BYTES];
    if (facts->size_bytes < 0 || facts->layer_count < 0)
        return NULL;
    badge_size_text(facts->size_bytes, size);
    AUTO(free)
    char *layers = xasprintf("%lld layer%s", (long long)facts->layer_count,
                             facts->layer_count == 1 ? "" : "s");
    return badge_svg(BADGE_LAYOUT_IMAGE, size, layers);
}

static char *draw_known(const struct badge *badge)
{
    if (badge->type == BADGE_IMAGE)
        return draw_image(&badge->facts);
    AUTO(free) char *value = value_of(badge);
    return value ? draw_word(badge->type, value) : NULL;
}

char *badge_draw(const struct badge *badge, bool *ret_is_pending)
{
    char *svg = draw_known(badge);
    *ret_is_pending = !svg && !badge->is_complete;
    if (svg)
        return svg;
    if (!badge->is_complete)
        return draw_word(badge->type, "pending");
    bool is_unknown = badge->type == BADGE_BASE || badge->type == BADGE_UPDATED;
    return draw_word(badge->type, is_unknown ? "unknown" : "not given");
}

char *badge_not_found(const char *what)
{
    AUTO(free) char *label = badge_clean(what ? what : "Image", LABEL_CHARACTERS);
    return badge_svg(BADGE_LAYOUT_WORD, label, "not found");
}

char *badge_try_later(enum badge_type type)
{
    return draw_word(type, "try later");
}
