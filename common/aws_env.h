/* AWS's environment variables, and the files that they name. AWS_* is read in aws*.c only. */
#ifndef MB_AWS_ENV_H
#define MB_AWS_ENV_H

#include <stdbool.h>

/* NULL where it is not set, or empty, which is the same to AWS's own tools. Borrowed. */
const char *aws_env(const char *name);
bool aws_env_is_true(const char *name);

/* The whole of a text file of at most 256 KiB. ERR_INVALID with a reason in ret_why, which names
 * the path (caller frees). Caller wipes and frees the text. */
int aws_file_read(const char *path, char **ret_text, char **ret_why);
void aws_text_free(char *text);

static inline void aws_text_cleanup(char **text)
{
    aws_text_free(*text);
}

#endif
