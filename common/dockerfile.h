/* A Dockerfile as text: put together from an image's history, or the one that the builder recorded.
 * Both begin with a comment that says which it is. What comes from the image is attacker text: no
 * value can begin a new line, control and direction characters are shown as symbols. */
#ifndef MB_DOCKERFILE_H
#define MB_DOCKERFILE_H

#include <jansson.h>

#define DOCKERFILE_MAX_BYTES (64u << 20)

/* layers as in image.h, with "Base": true where a step is the base image's; platform
 * ("linux/amd64") tells the escape character. Lines that are not exact have their certainty, note
 * and build arguments in comments above them; what is no instruction is a comment itself.
 * Syntactically a Dockerfile. Caller frees. */
char *dockerfile_text(const json_t *layers, const char *platform);

/* The Dockerfile that came with the image; source says from where ("SLSA provenance"). Its text is
 * kept but for control characters. Caller frees. */
char *dockerfile_recorded(const char *text, const char *source);

#endif
