#include "place.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "reference.h"

json_t *place_of_texts(const char *child, const char *place, const char *value)
{
    char *after = NULL;
    long long first_ms = strtoll(value, &after, 10);
    (void)strtoll(after, &after, 10);
    size_t name_len = strcspn(place, " ");
    return json_pack("{s:s,s:s%,s:s,s:s,s:I}", "Child", child, "Name", place, name_len, "Version",
                     place[name_len] ? place + name_len + 1 : "", "Platform",
                     *after ? after + 1 : "", "FirstMs", (json_int_t)first_ms);
}

bool place_is_official(const json_t *place)
{
    return strncmp(jsonx_str(place, "Name"), PLACE_OFFICIAL, strlen(PLACE_OFFICIAL)) == 0;
}

int place_order(const json_t *a, const json_t *b)
{
    if (place_is_official(a) != place_is_official(b))
        return place_is_official(a) ? -1 : 1;
    int64_t first_ms = jsonx_int(a, "FirstMs");
    int64_t second_ms = jsonx_int(b, "FirstMs");
    if (first_ms != second_ms)
        return first_ms < second_ms ? -1 : 1;
    int names = strcmp(jsonx_str(a, "Name"), jsonx_str(b, "Name"));
    return names ? names : strcmp(jsonx_str(a, "Version"), jsonx_str(b, "Version"));
}

char *place_shown_name(const json_t *place)
{
    struct reference reference;
    if (reference_parse(jsonx_str(place, "Name"), &reference, NULL) != 0)
        return xstrdup(jsonx_str(place, "Name"));
    char *shown = reference_shown(&reference);
    reference_release(&reference);
    return shown;
}
