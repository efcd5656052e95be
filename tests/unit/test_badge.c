/* Badges as MicroBadger drew them, byte by byte, and the texts of the others. */
#include "unit.h"

#include <string.h>

#include "badge.h"
#include "badge_svg.h"
#include "mem.h"

#define FACTS                                                                                      \
    {                                                                                              \
        .size_bytes = 19503514, .layer_count = 12, .pull_count = 5000000000, .star_count = 1234,   \
        .created_ms = 1771063530123, .updated_ms = 1782018888231, .license = "Apache-2.0",         \
        .commit = "9f2c1ab", .version = "1.2.3", .base = "debian:12"                               \
    }

/* A badge of the old look: its numbers are written out by each test. */
static char *old_look(const char *width, const char *left, const char *right,
                      const char *centres[2], const char *label, const char *value)
{
    return xasprintf(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"20\" role=\"img\" "
        "aria-label=\"%s: %s\"><title>%s: %s</title>"
        "<linearGradient id=\"b\" x2=\"0\" y2=\"100%%\">"
        "<stop offset=\"0\" stop-color=\"#bbb\" stop-opacity=\".1\"/>"
        "<stop offset=\"1\" stop-opacity=\".1\"/></linearGradient>"
        "<mask id=\"a\"><rect width=\"%s\" height=\"20\" rx=\"3\" fill=\"#fff\"/></mask>"
        "<g mask=\"url(#a)\"><path fill=\"#555\" d=\"M0 0h%sv20H0z\"/>"
        "<path fill=\"#007ec6\" d=\"M%s 0h%sv20H%sz\"/>"
        "<path fill=\"url(#b)\" d=\"M0 0h%sv20H0z\"/></g>"
        "<g fill=\"#fff\" text-anchor=\"middle\" "
        "font-family=\"DejaVu Sans,Verdana,Geneva,sans-serif\" font-size=\"11\">"
        "<text x=\"%s\" y=\"15\" fill=\"#010101\" fill-opacity=\".3\">%s</text>"
        "<text x=\"%s\" y=\"14\">%s</text>"
        "<text x=\"%s\" y=\"15\" fill=\"#010101\" fill-opacity=\".3\">%s</text>"
        "<text x=\"%s\" y=\"14\">%s</text></g></svg>",
        width, label, value, label, value, width, left, left, right, left, width, centres[0], label,
        centres[0], label, centres[1], value, centres[1], value);
}

static char *wide(const char *label, const char *value)
{
    const char *centres[] = {"23.5", "83.5"};
    return old_look("122", "47", "75", centres, label, value);
}

static char *narrow(const char *label, const char *value)
{
    const char *centres[] = {"25.5", "82.5"};
    return old_look("116", "51", "65", centres, label, value);
}

/* Takes both. */
static void same(char *got, char *wanted)
{
    assert_string_equal(got, wanted);
    free(got);
    free(wanted);
}

static char *draw(const struct badge *badge)
{
    bool is_pending = true;
    char *svg = badge_draw(badge, &is_pending);
    assert_false(is_pending);
    return svg;
}

/* The value that a badge shows. Caller frees. */
static char *value_in(const char *svg)
{
    const char *at = strstr(svg, "<title>");
    assert_non_null(at);
    at = strstr(at, ": ");
    assert_non_null(at);
    return xstrndup(at + 2, (size_t)(strstr(at, "</title>") - at - 2));
}

static void shows(const struct badge *badge, const char *value)
{
    AUTO(free) char *svg = draw(badge);
    AUTO(free) char *got = value_in(svg);
    assert_string_equal(got, value);
}

/* The old types */

static void image_shows_size_and_layers(void **state)
{
    (void)state;
    const char *centres[] = {"30.5", "94.5"};
    struct badge badge = {
        .type = BADGE_IMAGE, .is_complete = true, .platforms = "", .facts = FACTS};
    same(draw(&badge), old_look("130", "61", "69", centres, "18.6MB", "12 layers"));
    badge.facts.size_bytes = 0;
    badge.facts.layer_count = 1;
    same(draw(&badge), old_look("130", "61", "69", centres, "0B", "1 layer"));
}

static void commit_is_cut_to_seven(void **state)
{
    (void)state;
    struct badge badge = {
        .type = BADGE_COMMIT, .is_complete = true, .platforms = "", .facts = FACTS};
    same(draw(&badge), narrow("commit", "9f2c1ab"));
    strcpy(badge.facts.commit, "9f2c1ab77d03aa5e2f8c7b1d3e4f5a6b7c8d9e0f");
    same(draw(&badge), wide("commit", "9f2c1a…"));
    strcpy(badge.facts.commit, "");
    same(draw(&badge), wide("commit", "not given"));
}

static void version_is_the_tag_or_the_longest_one(void **state)
{
    (void)state;
    struct badge badge = {
        .type = BADGE_VERSION, .is_complete = true, .platforms = "", .facts = FACTS};
    same(draw(&badge), narrow("version", "1.2.3"));
    badge.tag = "1.2.3-alpine3.22";
    same(draw(&badge), wide("version", "1.2.3-alp…"));
    badge.tag = "1234567890";
    same(draw(&badge), wide("version", "1234567890"));
    badge.tag = "1234567";
    same(draw(&badge), narrow("version", "1234567"));
    badge.tag = "12345678";
    same(draw(&badge), wide("version", "12345678"));
}

static void license_is_cut_to_ten(void **state)
{
    (void)state;
    struct badge badge = {
        .type = BADGE_LICENSE, .is_complete = true, .platforms = "", .facts = FACTS};
    same(draw(&badge), wide("license", "Apache-2.0"));
    strcpy(badge.facts.license, "MIT");
    same(draw(&badge), narrow("license", "MIT"));
    strcpy(badge.facts.license, "BSD-3-Clause");
    same(draw(&badge), wide("license", "BSD-3-Cla…"));
    strcpy(badge.facts.license, "");
    same(draw(&badge), wide("license", "not given"));
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    same(badge_not_found(NULL), wide("Image", "not found"));
    same(badge_not_found("3.22"), wide("3.22", "not found"));
    same(badge_not_found("1.2.3-rc1"), wide("1.2.3-…", "not found"));
    same(badge_try_later(BADGE_COMMIT), wide("commit", "try later"));
}

static void what_may_come_is_pending(void **state)
{
    (void)state;
    struct badge badge = {.platforms = "", .facts = BADGE_FACTS_NONE};
    for (int type = 0; type < BADGE_TYPES; type++) {
        bool is_pending = false;
        badge.type = (enum badge_type)type;
        AUTO(free) char *svg = badge_draw(&badge, &is_pending);
        AUTO(free) char *value = value_in(svg);
        assert_true(is_pending);
        assert_string_equal(value, "pending");
    }
    badge.type = BADGE_IMAGE;
    bool is_pending;
    same(badge_draw(&badge, &is_pending), narrow("image", "pending"));
    badge.type = BADGE_VERSION;
    badge.tag = "1.2"; /* known by name */
    same(draw(&badge), narrow("version", "1.2"));
}

/* Foreign text */

static void characters_are_cut_not_bytes(void **state)
{
    (void)state;
    struct badge badge = {
        .type = BADGE_LICENSE, .is_complete = true, .platforms = "", .facts = FACTS};
    strcpy(badge.facts.license, "ééé"); /* 3 characters, 6 bytes */
    same(draw(&badge), narrow("license", "ééé"));
    strcpy(badge.facts.license, "éééééééééé");
    same(draw(&badge), wide("license", "éééééééééé")); /* 10 characters stay */
    strcpy(badge.facts.license, "éBSD-3-Clause");
    same(draw(&badge), wide("license", "éBSD-3-Cl…"));
}

static void markup_is_escaped(void **state)
{
    (void)state;
    struct badge badge = {.type = BADGE_BASE, .is_complete = true, .platforms = "", .facts = FACTS};
    strcpy(badge.facts.base, "<script>alert(1)</script>");
    shows(&badge, "&lt;script&gt;alert(1)&lt;/script&gt;");
    AUTO(free) char *svg = draw(&badge);
    assert_null(strstr(svg, "<script"));
    strcpy(badge.facts.base, "a&b\" onload='x'");
    shows(&badge, "a&amp;b&quot; onload=&#39;x&#39;");
    strcpy(badge.facts.base, "]]>&amp;");
    shows(&badge, "]]&gt;&amp;amp;");
}

static void cleaned(const char *text, size_t max_characters, const char *wanted)
{
    AUTO(free) char *got = badge_clean(text, max_characters);
    assert_string_equal(got, wanted);
}

static void hidden_characters_are_dropped(void **state)
{
    (void)state;
    cleaned("a\001\033[31m\177\n\tb", 30, "a[31mb");
    cleaned("a\302\205\302\255b", 30, "ab");                          /* C1, soft hyphen */
    cleaned("MIT\342\200\256TIM\342\200\254", 30, "MITTIM");          /* RLO, PDF */
    cleaned("\342\201\246x\342\201\251\330\234\357\273\277", 9, "x"); /* LRI, PDI, ALM, BOM */
    cleaned("a\363\240\201\201b\357\277\277", 30, "ab");              /* a tag, U+FFFF */
    cleaned("\360\237\220\263", 30, "\360\237\220\263");              /* what is seen stays */
    cleaned("a\377b", 30, "a\357\277\275b");                          /* not UTF-8 */
    cleaned("", 30, "");
    cleaned("1234567", 7, "1234567");
    cleaned("1234567\342\200\256", 7, "1234567");
    cleaned("1234567\342\200\2568", 7, "123456\342\200\246");
    cleaned("\342\200\25612345678", 7, "123456\342\200\246");
}

static void long_texts_make_small_badges(void **state)
{
    (void)state;
    AUTO(free) char *text = xmalloc(10001);
    memset(text, '<', 10000);
    text[10000] = '\0';
    AUTO(free) char *svg = badge_not_found(text);
    assert_non_null(strstr(svg, ">&lt;&lt;&lt;&lt;&lt;&lt;…<"));
    assert_true(strlen(svg) < 2000);
}

/* "bookwo…" takes 53.5 px of 47, ten Chinese characters 110 px of 75; 2 px on each side. */
static void old_widths_give_way_to_wide_texts(void **state)
{
    (void)state;
    const char *label_centres[] = {"29", "94.5"};
    same(badge_not_found("bookworm"),
         old_look("133", "58", "75", label_centres, "bookwo…", "not found"));
    struct badge badge = {
        .type = BADGE_LICENSE, .is_complete = true, .platforms = "", .facts = FACTS};
    strcpy(badge.facts.license, "宽松许可证宽松许可证");
    const char *value_centres[] = {"23.5", "103"};
    same(draw(&badge),
         old_look("161", "47", "114", value_centres, "license", "宽松许可证宽松许可证"));
}

/* Numbers */

static void sizes_are_rounded(void **state)
{
    (void)state;
    static const struct {
        int64_t size_bytes;
        const char *text;
    } cases[] = {
        {0, "0B"},
        {12, "12B"},
        {1023, "1023B"},
        {1024, "1KB"},
        {1075, "1KB"},
        {1076, "1.1KB"},
        {1536, "1.5KB"},
        {1048524, "1023.9KB"},
        {1048525, "1MB"},
        {1048576, "1MB"},
        {19503514, "18.6MB"},
        {104857600, "100MB"},
        {1073741824, "1GB"},
        {1610612736, "1.5GB"},
        {INT64_C(2199023255552), "2TB"},
        {INT64_MAX, "8388608TB"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[BADGE_NUMBER_BYTES];
        badge_size_text(cases[i].size_bytes, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void counts_are_rounded(void **state)
{
    (void)state;
    static const struct {
        int64_t count;
        const char *text;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1k"},
        {1049, "1k"},
        {1050, "1.1k"},
        {1234, "1.2k"},
        {9949, "9.9k"},
        {9950, "10k"},
        {12345, "12k"},
        {12500, "13k"},
        {999499, "999k"},
        {999500, "1M"},
        {1234567, "1.2M"},
        {999500000, "1B"},
        {5000000000, "5B"},
        {INT64_C(1234000000000), "1234B"},
        {INT64_MAX, "9223372037B"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[BADGE_NUMBER_BYTES];
        badge_count_text(cases[i].count, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* The new types */

static void new_types_show_their_facts(void **state)
{
    (void)state;
    struct badge badge = {.is_complete = true,
                          .platforms = "linux/amd64 sha256:a\nlinux/arm64 sha256:b\n",
                          .facts = FACTS};
    static const struct {
        enum badge_type type;
        const char *value, *value_of_nothing;
    } cases[] = {
        {BADGE_LAYERS, "12", "not given"},    {BADGE_SIZE, "18.6MB", "not given"},
        {BADGE_PULLS, "5B", "not given"},     {BADGE_STARS, "1.2k", "not given"},
        {BADGE_PLATFORMS, "2", "not given"},  {BADGE_UPDATED, "2026-06-21", "unknown"},
        {BADGE_BASE, "debian:12", "unknown"},
    };
    const struct badge nothing = {.is_complete = true, .platforms = "", .facts = BADGE_FACTS_NONE};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        badge.type = cases[i].type;
        shows(&badge, cases[i].value);
        struct badge empty = nothing;
        empty.type = cases[i].type;
        shows(&empty, cases[i].value_of_nothing);
    }
    badge.type = BADGE_PLATFORMS;
    badge.platforms = "linux/arm/v7 sha256:a\n";
    shows(&badge, "linux/arm/v7");
    badge.type = BADGE_UPDATED;
    badge.is_pinned = true; /* that version's own date */
    shows(&badge, "2026-02-14");
}

static void new_types_are_as_wide_as_their_texts(void **state)
{
    (void)state;
    /* "size" is 5.7 + 3.1 + 5.8 + 6.8 px, "18.6MB" 7 + 7 + 3.5 + 7 + 9.5 + 7.5; 5 px on each side.
     */
    AUTO(free) char *svg = badge_svg(BADGE_LAYOUT_FITTED, "size", "18.6MB");
    assert_non_null(strstr(svg, "width=\"84\" height=\"20\""));
    assert_non_null(strstr(svg, "<path fill=\"#555\" d=\"M0 0h32v20H0z\"/>"));
    assert_non_null(strstr(svg, "<path fill=\"#007ec6\" d=\"M32 0h52v20H32z\"/>"));
    assert_non_null(strstr(svg, "<text x=\"16\" y=\"14\">size</text>"));
    assert_non_null(strstr(svg, "<text x=\"57\" y=\"14\">18.6MB</text>"));
}

static void types_have_names(void **state)
{
    (void)state;
    enum badge_type type;
    for (int i = 0; i < BADGE_TYPES; i++) {
        assert_true(badge_type_parse(badge_type_str((enum badge_type)i), &type));
        assert_int_equal(type, i);
    }
    assert_false(badge_type_parse("", &type));
    assert_false(badge_type_parse("Image", &type));
    assert_false(badge_type_parse("images", &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_shows_size_and_layers),
        cmocka_unit_test(commit_is_cut_to_seven),
        cmocka_unit_test(version_is_the_tag_or_the_longest_one),
        cmocka_unit_test(license_is_cut_to_ten),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(what_may_come_is_pending),
        cmocka_unit_test(characters_are_cut_not_bytes),
        cmocka_unit_test(old_widths_give_way_to_wide_texts),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(hidden_characters_are_dropped),
        cmocka_unit_test(long_texts_make_small_badges),
        cmocka_unit_test(sizes_are_rounded),
        cmocka_unit_test(counts_are_rounded),
        cmocka_unit_test(new_types_show_their_facts),
        cmocka_unit_test(new_types_are_as_wide_as_their_texts),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
