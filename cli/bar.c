#include "bar.h"

static void add_times(struct strbuf *out, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        strbuf_adds(out, text);
}

static int units_of(int64_t part, int64_t whole, int units)
{
    if (part <= 0 || whole <= 0)
        return 0;
    if (part >= whole)
        return units;
    int filled = (int)((double)part / (double)whole * units);
    if (filled < 1)
        return 1;
    return filled < units ? filled : units - 1;
}

void bar_add(struct strbuf *out, int64_t part, int64_t whole, int columns, bool is_utf8)
{
    static const char *const eighths[] = {"",
                                          "\xe2\x96\x8f", /* U+258F, and so on to U+2589 */
                                          "\xe2\x96\x8e",
                                          "\xe2\x96\x8d",
                                          "\xe2\x96\x8c",
                                          "\xe2\x96\x8b",
                                          "\xe2\x96\x8a",
                                          "\xe2\x96\x89"};
    int filled = units_of(part, whole, is_utf8 ? columns * 8 : columns);
    if (!is_utf8) {
        add_times(out, "#", filled);
        add_times(out, "-", columns - filled);
        return;
    }
    add_times(out, "\xe2\x96\x88", filled / 8); /* U+2588 */
    strbuf_adds(out, eighths[filled % 8]);
    add_times(out, "\xe2\x96\x91", columns - (filled + 7) / 8); /* U+2591 */
}
