/* Requests' targets and the Prefer header: what is understood is complete and within bounds. */
#include "fuzz.h"

#include <string.h>

#include "mem.h"
#include "route.h"

static void check_post(const char *target)
{
    AUTO(route) struct route route = {0};
    route_parse_post(target, &route);
    FUZZ_CHECK(route.kind != ROUTE_WEBHOOK || (route.image.path && route.token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *target = fuzz_text(data, size);
    AUTO(route) struct route route = {0};
    route_parse(target, &route);
    FUZZ_CHECK((route.kind == ROUTE_BAD) == (route.why != NULL));
    FUZZ_CHECK(route.wait_seconds >= -1 && route.wait_seconds <= ROUTE_MAX_WAIT_SECONDS);
    bool has_image = route.kind == ROUTE_IMAGE || route.kind == ROUTE_VERSION ||
                     route.kind == ROUTE_STATUS || route.kind == ROUTE_PAGE ||
                     route.kind == ROUTE_PAGE_DOCKERFILE;
    FUZZ_CHECK(!has_image || (route.image.registry && route.image.path));
    FUZZ_CHECK(route.kind != ROUTE_VERSION || digest_is_valid(route.digest));
    FUZZ_CHECK(!route.platform || (strchr(route.platform, '/') && strlen(route.platform) <= 128));
    for (size_t i = 0; i < ARRAY_LEN(route.sides); i++) {
        bool is_compared = route.kind == ROUTE_COMPARE || route.kind == ROUTE_COMPARE_PAGE;
        FUZZ_CHECK(!is_compared || (route.sides[i].image.registry && route.sides[i].image.path));
    }
    check_post(target);
    int wait_seconds = route_prefer_wait(target);
    FUZZ_CHECK(wait_seconds >= 0 && wait_seconds <= ROUTE_MAX_WAIT_SECONDS);
    return 0;
}
