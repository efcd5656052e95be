/* What people put into the search box, understood: a name, a line of `docker pull` or of a
 * Dockerfile, a link to Docker Hub or another registry's page. Pure. */
#ifndef MB_TYPED_H
#define MB_TYPED_H

#include <stdbool.h>

/* The image's name in it, or the whole text without blanks around it where none is found; not
 * checked by the grammar of references. Caller frees. */
char *typed_name(const char *text);
/* True where the text can mean only that image: it was a line, a link, or has a path or tag. */
bool typed_is_exact(const char *text);

#endif
