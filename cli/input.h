/* Reading a command's input. */
#ifndef MB_INPUT_H
#define MB_INPUT_H

#include <stddef.h>

/* The whole of a file, or of standard input for "-". 0, ERR_NOTFOUND where it cannot be opened or
 * read (errno tells why), ERR_TOOBIG. Caller frees. */
int input_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len);

#endif
