/* An image's page, in both views. The input is the JSON of the image. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_image.h"

static size_t count(const char *html, const char *text)
{
    size_t found = 0;
    for (const char *at = strstr(html, text); at; at = strstr(at + 1, text))
        found++;
    return found;
}

/* Nothing of the input becomes a tag: the page's own are where they always are. */
static void check(const char *html)
{
    fuzz_check_utf8(html);
    FUZZ_CHECK(count(html, "<script") == 1);
    FUZZ_CHECK(count(html, "<h1") == 1);
    FUZZ_CHECK(count(html, "<iframe") == 0);
    FUZZ_CHECK(count(html, "javascript:") == 0 || !strstr(html, "href=\"javascript:"));
    FUZZ_CHECK(strlen(html) > 8 && strcmp(html + strlen(html) - 8, "</html>\n") == 0);
}

static void show(const json_t *image, const char *target, const char *dockerfile)
{
    char no_error[] = "";
    const struct status status = {
        .status = STATUS_SIZE, .stage = STAGE_LAYERS, .done = 1, .total = 3, .error = no_error};
    AUTO(route) struct route route;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    route_parse(target, &route);
    const struct page_image page = {.route = &route,
                                    .shown = "app",
                                    .image = image,
                                    .omitted = "",
                                    .dockerfile = dockerfile,
                                    .status = &status,
                                    .is_found = true,
                                    .retry_seconds = 2};
    page_image(&page, &out);
    FUZZ_CHECK(strbuf_err(&out) == 0);
    check(strbuf_str(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *text = fuzz_text(data, size);
    JSON_AUTO
    json_t *image = NULL;
    show(NULL, "/images/app?view=dockerfile", text);
    if (jsonx_parse(data, size, &image) == 0)
        show(image, "/images/app:1?platform=linux/arm64", NULL);
    return 0;
}
