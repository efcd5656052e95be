/* Writing mb:1:rel (document.h). */
#ifndef MB_RELATIONS_WRITE_H
#define MB_RELATIONS_WRITE_H

#include <jansson.h>
#include <stddef.h>

#include "relations_index.h"
#include "strbuf.h"

struct store;

/* `top`, `version`, `layers`, `dockerfile`, `badge`, `base`, `identical`; once more for a place. */
#define RELATIONS_MAX_FIELDS ((size_t)7 * (1 + INDEX_MAX_PLACES))

/* Zero it; relations_write releases it. */
struct relations_fields {
    char *names[RELATIONS_MAX_FIELDS];
    struct strbuf values[RELATIONS_MAX_FIELDS];
    size_t count;
};

/* Takes name; packs text as a fragment. What is over a cap is left out. */
void relations_fields_add(struct relations_fields *fields, char *name, const struct strbuf *text);
/* The same for what is packed already. */
void relations_fields_add_packed(struct relations_fields *fields, char *name,
                                 const struct strbuf *packed);
/* The same for plain text, "" too. */
void relations_fields_add_text(struct relations_fields *fields, char *name, const char *text);

/* Replaces the relations of an image by the fields. Where they differ from what stood, the names of
 * its own places are told by notices. A waiting call: 0 or what redis_call says. */
int relations_write(struct store *store, const char *digest, struct relations_fields *fields,
                    const json_t *places);

#endif
