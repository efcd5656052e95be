/* What a badge can say of an image, as plain lines "key=value" that workers write beside the
 * fragments (document.h), so that the api draws a badge without reading an answer's JSON. Values
 * are foreign text: one line, cut to BADGE_TEXT_BYTES - 1 bytes between characters. */
#ifndef MB_BADGE_FACTS_H
#define MB_BADGE_FACTS_H

#include <jansson.h>
#include <stdint.h>

#include "strbuf.h"

#define BADGE_TEXT_BYTES 256
#define BADGE_LINES_MAX_BYTES 4096 /* of all lines in one field */

struct badge_facts {
    int64_t size_bytes; /* -1 where not known, as the counts */
    int64_t layer_count;
    int64_t pull_count;
    int64_t star_count;
    int64_t created_ms; /* 0 where not known */
    int64_t updated_ms; /* the repository's last push by Docker Hub, 0 where not known */
    char license[BADGE_TEXT_BYTES]; /* texts: "" where there is none */
    char commit[BADGE_TEXT_BYTES];
    char version[BADGE_TEXT_BYTES]; /* the longest tag */
    char base[BADGE_TEXT_BYTES];    /* the base image, "scratch" where it is known to have none */
};

#define BADGE_FACTS_NONE                                                                           \
    {                                                                                              \
        .size_bytes = -1, .layer_count = -1, .pull_count = -1, .star_count = -1,                   \
    }

/* Lines, appended: of an image's facts (image.h): size, layers, license, commit, created; */
void badge_facts_image(const json_t *facts, struct strbuf *out);
/* of a repository's Hub facts (store.h; may be NULL or empty): pulls, stars, updated; */
void badge_facts_repository(const json_t *hub, struct strbuf *out);
/* of a version in its repository: version; */
void badge_facts_version(const char *longest_tag, struct strbuf *out);
/* of what relates an image to others: base, a name or "scratch". */
void badge_facts_base(const char *base, struct strbuf *out);

/* Adds what the lines say to facts. Unknown keys and values that make no sense are left out. */
void badge_facts_read(const char *lines, struct badge_facts *facts);

#endif
