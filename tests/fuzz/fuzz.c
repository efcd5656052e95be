#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void fuzz_check(int holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

void fuzz_check_utf8(const char *text)
{
    /* jansson makes no string of anything else. */
    json_t *json = json_string(text);
    FUZZ_CHECK(json != NULL);
    json_decref(json);
}

void fuzz_check_json(const json_t *json)
{
    AUTO(free) char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    FUZZ_CHECK(text != NULL);
    json_t *again = json_loads(text, JSON_DECODE_ANY, NULL);
    FUZZ_CHECK(again && json_equal(json, again));
    json_decref(again);
}

static const uint8_t *newline_of(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    return newline ? newline : data + size;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = xcalloc(size + 1, 1);
    if (size)
        memcpy(text, data, size);
    return text;
}

char *fuzz_first_line(const uint8_t *data, size_t size)
{
    return fuzz_text(data, (size_t)(newline_of(data, size) - data));
}

char *fuzz_other_lines(const uint8_t *data, size_t size)
{
    const uint8_t *newline = newline_of(data, size);
    return newline == data + size ? xstrdup("")
                                  : fuzz_text(newline + 1, size - (size_t)(newline - data) - 1);
}
