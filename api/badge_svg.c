#include "badge_svg.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define SVG_MAX_BYTES (256u << 10)
#define ELLIPSIS "\xe2\x80\xa6"
#define WORD_BYTES 7 /* a longer value takes the wide layout */
/* On each side of a text, pixels */
#define PADDING 5
#define TIGHT_PADDING 2

/* Text */

/* One character of valid UTF-8; its length goes to ret_len. */
static uint32_t character_at(const char *text, size_t *ret_len)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t len = *byte < 0x80 ? 1 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
    uint32_t character = len == 1 ? *byte : *byte & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        character = character << 6 | (byte[i] & 0x3fu);
    *ret_len = len;
    return character;
}

/* Controls, which XML forbids or nobody sees, and what changes the direction of the text around
 * it (Unicode Bidi_Control) or joins invisibly. */
static bool is_hidden(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

char *badge_clean(const char *text, size_t max_characters)
{
    AUTO(free) char *repaired = jsonx_repair_utf8(text, strlen(text));
    struct strbuf out = STRBUF_INIT(SVG_MAX_BYTES);
    size_t count = 0;
    size_t len;
    size_t end_of_last_but_one = 0;
    for (const char *at = repaired; *at && count <= max_characters; at += len) {
        if (is_hidden(character_at(at, &len)))
            continue;
        if (++count == max_characters)
            end_of_last_but_one = out.len;
        strbuf_add(&out, at, len);
    }
    char *cleaned = out.len ? strbuf_detach(&out) : xstrdup("");
    if (count <= max_characters)
        return cleaned;
    char *cut = xasprintf("%.*s" ELLIPSIS, (int)end_of_last_but_one, cleaned);
    free(cleaned);
    return cut;
}

static void add_escaped(struct strbuf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            strbuf_adds(out, "&amp;");
        else if (*text == '<')
            strbuf_adds(out, "&lt;");
        else if (*text == '>')
            strbuf_adds(out, "&gt;");
        else if (*text == '"')
            strbuf_adds(out, "&quot;");
        else if (*text == '\'')
            strbuf_adds(out, "&#39;");
        else
            strbuf_addc(out, *text);
    }
}

/* Width in whole pixels. The advances of DejaVu Sans at 11 px in tenths of a pixel, from the space
 * on; other Latin letters are about as wide as these, everything else counts as a full em. */
static unsigned text_width(const char *text)
{
    static const unsigned char tenths[] = {
        35, 44,  51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40,  35, 37, 70, 70,  70,
        70, 70,  70, 70, 70, 70,  70, 37, 37, 92, 92, 92, 58, 110, 75, 75, 77, 85,  70,
        63, 85,  83, 32, 32, 72,  61, 95, 82, 87, 66, 87, 76, 70,  67, 81, 75, 109, 75,
        67, 75,  43, 37, 43, 92,  55, 55, 67, 70, 60, 70, 68, 39,  70, 70, 31, 31,  64,
        31, 107, 70, 67, 70, 70,  45, 57, 43, 70, 65, 90, 65, 65,  58, 70, 37, 70,  92,
    };
    unsigned width = 0;
    size_t len;
    for (; *text; text += len) {
        uint32_t character = character_at(text, &len);
        if (character >= ' ' && character < 0x7f)
            width += tenths[character - ' '];
        else
            width += character < 0x250 ? 70 : 110;
    }
    return (width + 9) / 10;
}

/* Drawing */

struct halves {
    unsigned left, right; /* widths */
};

/* The old widths hold but for a text that would run out of them. */
static unsigned at_least(unsigned width, const char *text)
{
    unsigned needed = text_width(text) + 2 * TIGHT_PADDING;
    return needed > width ? needed : width;
}

static struct halves halves_of(enum badge_layout layout, const char *label, const char *value)
{
    if (layout == BADGE_LAYOUT_IMAGE)
        return (struct halves){at_least(61, label), at_least(69, value)};
    if (layout == BADGE_LAYOUT_WORD && strlen(value) > WORD_BYTES)
        return (struct halves){at_least(47, label), at_least(75, value)};
    if (layout == BADGE_LAYOUT_WORD)
        return (struct halves){at_least(51, label), at_least(65, value)};
    return (struct halves){text_width(label) + 2 * PADDING, text_width(value) + 2 * PADDING};
}

/* Once as a shadow, once in white. */
static void add_text(struct strbuf *out, double centre, const char *text)
{
    strbuf_addf(out, "<text x=\"%g\" y=\"15\" fill=\"#010101\" fill-opacity=\".3\">", centre);
    add_escaped(out, text);
    strbuf_addf(out, "</text><text x=\"%g\" y=\"14\">", centre);
    add_escaped(out, text);
    strbuf_adds(out, "</text>");
}

static void add_name(struct strbuf *out, const char *label, const char *value)
{
    add_escaped(out, label);
    strbuf_adds(out, ": ");
    add_escaped(out, value);
}

static void add_background(struct strbuf *out, const struct halves *halves)
{
    unsigned width = halves->left + halves->right;
    strbuf_addf(out,
                "<linearGradient id=\"b\" x2=\"0\" y2=\"100%%\">"
                "<stop offset=\"0\" stop-color=\"#bbb\" stop-opacity=\".1\"/>"
                "<stop offset=\"1\" stop-opacity=\".1\"/></linearGradient>"
                "<mask id=\"a\"><rect width=\"%u\" height=\"20\" rx=\"3\" fill=\"#fff\"/></mask>",
                width);
    strbuf_addf(out,
                "<g mask=\"url(#a)\"><path fill=\"#555\" d=\"M0 0h%uv20H0z\"/>"
                "<path fill=\"#007ec6\" d=\"M%u 0h%uv20H%uz\"/>"
                "<path fill=\"url(#b)\" d=\"M0 0h%uv20H0z\"/></g>",
                halves->left, halves->left, halves->right, halves->left, width);
}

char *badge_svg(enum badge_layout layout, const char *label, const char *value)
{
    struct halves halves = halves_of(layout, label, value);
    struct strbuf out = STRBUF_INIT(SVG_MAX_BYTES);
    strbuf_addf(&out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"20\" "
                "role=\"img\" aria-label=\"",
                halves.left + halves.right);
    add_name(&out, label, value);
    strbuf_adds(&out, "\"><title>");
    add_name(&out, label, value);
    strbuf_adds(&out, "</title>");
    add_background(&out, &halves);
    strbuf_adds(&out, "<g fill=\"#fff\" text-anchor=\"middle\" "
                      "font-family=\"DejaVu Sans,Verdana,Geneva,sans-serif\" font-size=\"11\">");
    add_text(&out, halves.left / 2.0, label);
    add_text(&out, halves.left + halves.right / 2.0 - 1, value);
    strbuf_adds(&out, "</g></svg>");
    return strbuf_detach(&out);
}
