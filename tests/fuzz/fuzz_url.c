/* URLs: the first line is a base, the rest what is seen from there. */
#include "fuzz.h"

#include <string.h>
#include <strings.h>

#include "mem.h"
#include "url.h"

static void check_parse(const char *text)
{
    AUTO(url) struct url url = {0};
    if (url_parse(text, &url) != 0)
        return;
    FUZZ_CHECK(url.scheme && url.user && url.password && url.host && url.path && url.query);
    FUZZ_CHECK(*url.scheme && url.port >= 0 && url.port <= 65535);
    AUTO(free) char *member = url_query_get(&url, "stream");
    FUZZ_CHECK(!member || strstr(url.query, "stream="));
}

/* What a text becomes in a query is read back from there. */
static void check_encode(const char *text)
{
    AUTO(free) char *encoded = url_encode(text);
    FUZZ_CHECK(!strpbrk(encoded, "&?#/ \"<>") && strlen(encoded) <= 3 * strlen(text));
    AUTO(free) char *full = xasprintf("http://host/?a=b&x=%s", encoded);
    AUTO(url) struct url url = {0};
    FUZZ_CHECK(url_parse(full, &url) == 0);
    AUTO(free) char *back = url_query_get(&url, "x");
    FUZZ_CHECK(back && strcmp(back, text) == 0);
}

static void check_resolve(const char *base, const char *target)
{
    AUTO(free) char *resolved = url_resolve(base, target);
    if (!resolved)
        return;
    FUZZ_CHECK(*resolved);
    FUZZ_CHECK(url_same_origin(resolved, resolved));
    FUZZ_CHECK(url_same_origin(base, resolved) == url_same_origin(resolved, base));
    FUZZ_CHECK(strncasecmp(base, "https:", 6) != 0 || !url_may_lead_to(base, resolved) ||
               strncmp(resolved, "https://", 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *base = fuzz_first_line(data, size);
    AUTO(free) char *target = fuzz_other_lines(data, size);
    check_parse(base);
    check_resolve(base, target);
    if (strlen(target) < 4096)
        check_encode(target);
    return 0;
}
