/* The texts of badges: from what is known of an image to a picture (badge_svg.h). Pure. */
#ifndef MB_BADGE_H
#define MB_BADGE_H

#include <stdbool.h>
#include <stdint.h>

#include "badge_facts.h"

enum badge_type {
    /* MicroBadger's own, drawn in its fixed widths */
    BADGE_IMAGE,   /* download size and number of layers */
    BADGE_COMMIT,  /* of the source, 7 characters */
    BADGE_VERSION, /* the tag that was asked for, else the longest one of that version */
    BADGE_LICENSE,
    /* as wide as their texts */
    BADGE_LAYERS,
    BADGE_SIZE, /* to download */
    BADGE_PULLS,
    BADGE_STARS,
    BADGE_PLATFORMS, /* the name of the only one, else how many */
    BADGE_UPDATED,   /* the repository's last push; with a tag or digest, when that was built */
    BADGE_BASE,
    BADGE_TYPES
};

/* False for a name that is none of them. */
bool badge_type_parse(const char *name, enum badge_type *ret_type);
const char *badge_type_str(enum badge_type type);

struct badge {
    enum badge_type type;
    const char *tag;       /* asked for, NULL if none */
    bool is_pinned;        /* a tag or a digest was asked for */
    bool is_complete;      /* what facts do not tell is not there; else it may be told later */
    const char *platforms; /* lines "platform digest", "" where not known */
    struct badge_facts facts;
};

/* Texts of these are freed by the caller. */
/* What there is to show; "pending" with ret_is_pending where that is not known yet. */
char *badge_draw(const struct badge *badge, bool *ret_is_pending);
/* "Image | not found", or with what was not found in it, a tag for one: "1.28 | not found". */
char *badge_not_found(const char *what);
/* For the moment there is nothing to tell from. */
char *badge_try_later(enum badge_type type);

#define BADGE_NUMBER_BYTES 32
/* 1024-based with one decimal, ".0" dropped: "0B", "999B", "1KB", "18.6MB". */
void badge_size_text(int64_t size_bytes, char ret_text[BADGE_NUMBER_BYTES]);
/* 1000-based, one decimal below 10, ".0" dropped: "999", "1.2M", "13M", "5B". */
void badge_count_text(int64_t count, char ret_text[BADGE_NUMBER_BYTES]);

#endif
