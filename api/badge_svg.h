/* The drawing of a badge: flat, 20 high, a label on grey and a value on blue, as MicroBadger's
 * looked. Scripts, styles and references to other files have no place in it. */
#ifndef MB_BADGE_SVG_H
#define MB_BADGE_SVG_H

#include <stddef.h>

enum badge_layout {
    BADGE_LAYOUT_IMAGE,  /* 130 wide, as the next one only wider for a text that does not fit */
    BADGE_LAYOUT_WORD,   /* 122 or 116 wide, by the value's bytes */
    BADGE_LAYOUT_FITTED, /* as wide as its texts */
};

/* label and value are UTF-8 without control characters; they are escaped here. Caller frees. */
char *badge_svg(enum badge_layout layout, const char *label, const char *value);

/* The text in one line as a badge can show it: repaired UTF-8 without what is invisible or turns
 * the direction of writing, no longer than max_characters: of more, the first max_characters - 1
 * and an ellipsis. Caller frees. */
char *badge_clean(const char *text, size_t max_characters);

#endif
