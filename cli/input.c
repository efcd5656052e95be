#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "strbuf.h"

static int read_all(FILE *file, size_t max_bytes, char **ret_text, size_t *ret_len)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(max_bytes);
    char chunk[65536];
    size_t len;
    while (!strbuf_err(&text) && (len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        strbuf_add(&text, chunk, len);
    if (ferror(file))
        return ERR_NOTFOUND;
    if (strbuf_err(&text))
        return ERR_TOOBIG;
    *ret_len = text.len;
    *ret_text = strbuf_detach(&text);
    return 0;
}

int input_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len)
{
    if (strcmp(path, "-") == 0)
        return read_all(stdin, max_bytes, ret_text, ret_len);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return ERR_NOTFOUND;
    int err = read_all(file, max_bytes, ret_text, ret_len);
    int error = errno;
    (void)fclose(file);
    errno = error;
    return err;
}
