#include "registry_error.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "utf8.h"

#define CODE_MAX_BYTES 40
#define MESSAGE_MAX_BYTES 100

char *registry_error_words(const char *body, size_t len)
{
    JSON_AUTO
    json_t *json = NULL;
    if (jsonx_parse(body, len, &json) != 0)
        return xstrdup("");
    const json_t *error = json_array_get(json_object_get(json, "errors"), 0);
    const char *code = jsonx_str(error, "code");
    const char *message = jsonx_str(error, "message");
    if (!*code && !*message)
        return xstrdup("");
    return xasprintf(" (%.*s%s%.*s)", (int)utf8_cut(code, CODE_MAX_BYTES), code,
                     *code && *message ? ": " : "", (int)utf8_cut(message, MESSAGE_MAX_BYTES),
                     message);
}

void registry_error_set(char ret_text[REGISTRY_ERROR_BYTES], const char *text)
{
    AUTO(free) char *repaired = jsonx_repair_utf8(text, strlen(text));
    size_t len = utf8_cut(repaired, REGISTRY_ERROR_BYTES - 1);
    for (size_t i = 0; i < len; i++) {
        bool is_control = (unsigned char)repaired[i] < 0x20 || repaired[i] == 0x7f;
        ret_text[i] = is_control ? ' ' : repaired[i];
    }
    ret_text[len] = '\0';
}
