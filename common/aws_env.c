#include "aws_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"

#define FILE_MAX_BYTES ((size_t)256 * 1024)

const char *aws_env(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

bool aws_env_is_true(const char *name)
{
    const char *value = aws_env(name);
    return value && strcasecmp(value, "true") == 0;
}

void aws_text_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* NULL, or what is wrong with what was read. */
static const char *text_problem(const char *text, size_t len, bool is_broken)
{
    if (is_broken)
        return "cannot be read";
    if (len > FILE_MAX_BYTES)
        return "is larger than 256 KiB";
    return memchr(text, '\0', len) ? "is not a text" : NULL;
}

int aws_file_read(const char *path, char **ret_text, char **ret_why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        *ret_why = xasprintf("%s cannot be read: %s", path, strerror(errno));
        return ERR_INVALID;
    }
    char *text = xmalloc(FILE_MAX_BYTES + 2);
    size_t len = fread(text, 1, FILE_MAX_BYTES + 1, file);
    text[len] = '\0';
    const char *problem = text_problem(text, len, ferror(file));
    (void)fclose(file);
    if (problem) {
        *ret_why = xasprintf("%s %s", path, problem);
        aws_text_free(text);
        return ERR_INVALID;
    }
    *ret_text = text;
    return 0;
}
