/* Text that must stay UTF-8 when it is made shorter. */
#ifndef MB_UTF8_H
#define MB_UTF8_H

#include <stddef.h>

/* How many bytes of text to keep so that no more than max_bytes are left and no character is cut in
 * two. */
size_t utf8_cut(const char *text, size_t max_bytes);

#endif
