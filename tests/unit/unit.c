#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define FILE_MAX_BYTES (1024 * 1024)

char *unit_read_file(const char *name, size_t *ret_len)
{
    AUTO(free) char *path = xasprintf("%s/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    char *text = xcalloc(1, FILE_MAX_BYTES + 1);
    *ret_len = fread(text, 1, FILE_MAX_BYTES, file);
    (void)fclose(file);
    return text;
}

json_t *unit_read_json(const char *name)
{
    size_t len;
    AUTO(free) char *text = unit_read_file(name, &len);
    json_error_t error;
    json_t *json = json_loadb(text, len, 0, &error);
    if (!json)
        fail_msg("%s: %s", name, error.text);
    return json;
}

json_t *unit_json(const char *text)
{
    AUTO(free) char *copy = xstrdup(text);
    for (char *c = copy; (c = strchr(c, '\'')); c++)
        *c = '"';
    json_error_t error;
    json_t *json = json_loads(copy, JSON_DECODE_ANY, &error);
    if (!json)
        fail_msg("%s: %s", copy, error.text);
    return json;
}

int unit_clear_aws(void **state)
{
    (void)state;
    for (char **variable = environ; *variable;) {
        AUTO(free) char *name = xstrndup(*variable, strcspn(*variable, "="));
        if (strncmp(name, "AWS_", 4) == 0)
            unsetenv(name);
        else
            variable++;
    }
    setenv("HOME", "/nonexistent", 1);
    return 0;
}
