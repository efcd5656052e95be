/* The ready pieces of one image manifest's facts (image.h) in answers: document.h's `top`,
 * `version` and `layers` fragments, and its share of a Versions entry. */
#ifndef MB_VERSION_FACTS_H
#define MB_VERSION_FACTS_H

#include <jansson.h>

#include "strbuf.h"

#define VERSION_FACTS_MAX_BYTES (64u << 20)

/* Packed fragments, appended. */
void version_facts_top(const json_t *facts, struct strbuf *out);
void version_facts_version(const json_t *facts, struct strbuf *out);
/* The member "Layers"; layers is the array. */
void version_facts_layers(const json_t *layers, struct strbuf *out);

/* The members of a Versions entry that come from facts; facts NULL: a pending version's. Borrowed
 * values are put into entry, in v1's order. */
void version_facts_entry(const json_t *facts, json_t *entry);

/* {"Platform","Digest","DownloadSize","LayerCount"}; a platform without facts has Pending true
 * and zeros. Caller owns. */
json_t *version_facts_platform(const char *platform, const char *digest, const json_t *facts);

/* The members of an object as text without braces, appended. */
void members_text(const json_t *object, struct strbuf *out);

#endif
