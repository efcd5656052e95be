#include "place.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "reference.h"

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
