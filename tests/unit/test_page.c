/* The pages' pure renderers: foreign text stays text, what is missing is left out. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_home.h"
#include "page_image.h"
#include "page_problem.h"
#include "unit.h"

#define EVIL "<script>alert(1)</script>\\\"'>"

/* Renders a page of this JSON as the image of the target. Caller frees. */
static char *render(const char *target, const char *json, const struct status *status)
{
    AUTO(route) struct route route;
    route_parse(target, &route);
    AUTO(free) char *shown = reference_shown(&route.image);
    JSON_AUTO
    json_t *image = NULL;
    assert_int_equal(jsonx_parse(json, strlen(json), &image), 0);
    const struct page_image page = {
        .route = &route,
        .shown = shown,
        .image = image,
        .omitted = "",
        .dockerfile = route.kind == ROUTE_PAGE_DOCKERFILE ? "FROM <scratch>" : NULL,
        .status = status,
        .is_found = true,
    };
    struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    page_image(&page, &out);
    assert_int_equal(strbuf_err(&out), 0);
    return strbuf_detach(&out);
}

static char no_error[] = "";
static const struct status inspected = {
    .status = STATUS_INSPECTED, .stage = STAGE_DONE, .error = no_error};

static char *render_found(const char *json)
{
    return render("/images/org/app:1.2", json, &inspected);
}

static void has(const char *html, const char *text)
{
    if (!strstr(html, text))
        fail_msg("no %s", text);
}

static void has_not(const char *html, const char *text)
{
    if (strstr(html, text))
        fail_msg("has %s", text);
}

static size_t count(const char *html, const char *text)
{
    size_t found = 0;
    for (const char *at = strstr(html, text); at; at = strstr(at + 1, text))
        found++;
    return found;
}

static void an_image_of_which_nothing_is_known_is_a_whole_page(void **state)
{
    (void)state;
    AUTO(free) char *html = render_found("{}");
    has(html, "<!DOCTYPE html>");
    has(html, "<h1>org/app<span class=\"part\">:1.2</span></h1>");
    has(html, "docker pull org/app:1.2");
    has(html, "</html>\n");
    assert_int_equal(count(html, "<h1"), 1);
    has_not(html, "Layers</h2>");
}

/* In every place where a text of the image may stand. */
static void hostile_texts_are_shown_as_text(void **state)
{
    (void)state;
    static const char json[] =
        "{\"Description\":\"" EVIL "\",\"Author\":\"" EVIL "\",\"Platform\":\"" EVIL "\","
        "\"Digest\":\"" EVIL "\",\"Created\":\"" EVIL "TTTTTTTTTTTTTTTT\",\"Unreadable\":\"" EVIL
        "\",\"LatestVersion\":\"" EVIL "\",\"License\":{\"Code\":\"" EVIL "\"},"
        "\"Platforms\":[{\"Platform\":\"" EVIL "\",\"Digest\":\"" EVIL
        "\"},{\"Platform\":\"a/b\"}],"
        "\"Layers\":[{\"Command\":\"" EVIL "\",\"CreatedBy\":\"x" EVIL "\",\"Note\":\"" EVIL
        "\",\"BlobSum\":\"" EVIL "\",\"Base\":true,\"BuildArgs\":[\"" EVIL "\",1]},"
        "{\"Command\":\"RUN " EVIL "\",\"DownloadSize\":5,\"Certainty\":\"" EVIL "\"}],"
        "\"Metadata\":[{\"Key\":\"" EVIL "\",\"Value\":\"" EVIL "\",\"Source\":\"" EVIL
        "\",\"Meaning\":\"" EVIL "\",\"Others\":[{\"Key\":\"" EVIL "\",\"Value\":\"x" EVIL
        "\",\"Source\":\"" EVIL "\"}]},{\"Key\":\"k\",\"Value\":\"javascript:alert(1)\"}],"
        "\"Config\":{\"" EVIL "\":[\"" EVIL "\"],\"User\":\"" EVIL "\",\"L\":{\"" EVIL "\":\"" EVIL
        "\"}},\"Versions\":[{\"Digest\":\"" EVIL "\",\"Tags\":[{\"tag\":\"" EVIL
        "\",\"PushedAt\":\"" EVIL "TTTTTTTTTT\"}]}],"
        "\"Base\":{\"Name\":\"" EVIL "\",\"Tag\":\"" EVIL "\",\"Evidence\":[{\"Kind\":\"" EVIL
        "\",\"Name\":\"" EVIL "\"}]},\"Parents\":[{\"ImageName\":\"" EVIL "\"}],"
        "\"Identical\":[{\"ImageName\":\"" EVIL "\",\"Tags\":[{\"tag\":\"" EVIL "\"}]}],"
        "\"Attachments\":[{\"Type\":\"" EVIL "\",\"PredicateType\":\"" EVIL "\",\"Tag\":\"" EVIL
        "\",\"Platform\":\"" EVIL "\",\"Digest\":\"" EVIL "\"}]}";
    AUTO(free) char *html = render_found(json);
    has(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
    has_not(html, "<script>");
    has_not(html, "href=\"javascript:");
    has_not(html, "\"'>");
    assert_int_equal(count(html, "<script"), 1); /* the page's own */
}

static void members_of_other_types_are_left_out(void **state)
{
    (void)state;
    static const char *const wrong[] = {"null",
                                        "1",
                                        "-1",
                                        "\"x\"",
                                        "[]",
                                        "{}",
                                        "[1,null,[],\"x\"]",
                                        "{\"a\":[{}]}",
                                        "9223372036854775807",
                                        "true"};
    static const char *const keys[] = {"Description", "DownloadSize", "LayerCount", "Layers",
                                       "Metadata",    "Config",       "Versions",   "Platforms",
                                       "Attachments", "Base",         "Parents",    "Identical",
                                       "License",     "Tags",         "Digest"};
    for (size_t k = 0; k < ARRAY_LEN(keys); k++)
        for (size_t w = 0; w < ARRAY_LEN(wrong); w++) {
            AUTO(free) char *json = xasprintf("{\"%s\":%s}", keys[k], wrong[w]);
            AUTO(free) char *html = render_found(json);
            has(html, "</html>\n");
        }
}

static void layers_have_their_sizes_and_shares(void **state)
{
    (void)state;
    AUTO(free)
    char *html = render_found(
        "{\"Base\":{\"Name\":\"alpine\"},\"Layers\":["
        "{\"Command\":\"ADD a\",\"DownloadSize\":3072,\"Base\":true,\"Certainty\":\"exact\"},"
        "{\"Command\":\"RUN b\",\"DownloadSize\":1024,\"Certainty\":\"lossy\"},"
        "{\"Command\":\"CMD c\",\"CreatedBy\":\"CMD c\",\"Empty\":true}]}");
    has(html, "1 steps of the base image alpine");
    has(html, "3.0 KB, 75.0 %</span>");
    has(html, "<b>RUN</b> b</code> <span class=\"mark\">names or quotes not recorded</span>");
    has(html, "1.0 KB <span class=\"share\">25.0 %</span>");
    has(html, "<p class=\"size none\">no layer</p></li>");
    has(html, "<ol class=\"layers\" start=\"2\">");
    assert_int_equal(count(html, "class=\"hatch\""), 1);
    has(html, "x=\"750.0\" width=\"250.0\"");
}

static void labels_and_attachments_have_a_table_each(void **state)
{
    (void)state;
    AUTO(free)
    char *html =
        render_found("{\"Metadata\":[{\"Key\":\"a.key\",\"Value\":\"v\"},{\"Key\":\"b.key\"}],"
                     "\"Attachments\":[{\"Type\":\"signature\",\"Size\":2048}]}");
    has(html, "<section aria-labelledby=\"labels\"><h2 id=\"labels\">Labels and metadata</h2>\n"
              "<div class=\"scroll\" tabindex=\"0\"><table aria-label=\"Labels and metadata\">");
    has(html, "<th scope=\"col\">Found in</th></tr>");
    has(html, "b.key</th>");
    has(html, "<h2 id=\"attachments\">Signatures, SBOM, provenance</h2>\n");
    has(html, "<tr><th scope=\"row\">signature</th>");
    has(html, "2.0 KB");
    AUTO(free) char *without = render_found("{\"Metadata\":[],\"Attachments\":[]}");
    has_not(without, "id=\"labels\"");
    has_not(without, "id=\"attachments\"");
}

static void long_commands_are_cut_and_whole_below(void **state)
{
    (void)state;
    char command[2001];
    memset(command, 'x', sizeof(command) - 1);
    memcpy(command + 238, "\xc3\xa4", 2);
    memcpy(command + 240, "\xe2\x82\xac", 3);
    command[2000] = '\0';
    AUTO(free) char *json = xasprintf("{\"Layers\":[{\"Command\":\"RUN %s\"}]}", command);
    AUTO(free) char *html = render_found(json);
    has(html, "x…</code>");
    has(html, "<dt>Command</dt>");
    has(html, command);
}

static void a_tag_that_was_not_asked_for_is_told_truly(void **state)
{
    (void)state;
    static const struct {
        const char *json, *title;
    } cases[] = {
        {"{}", ":latest</span>"},
        {"{\"Tags\":[{\"tag\":\"2\"},{\"tag\":\"latest\"}],\"LatestVersion\":\"2\"}",
         ":latest</span>"},
        {"{\"Tags\":[{\"tag\":\"2\"},{\"tag\":\"2.1\"}],\"LatestVersion\":\"2.1\"}", ":2.1</span>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(free) char *html = render("/images/app", cases[i].json, &inspected);
        has(html, cases[i].title);
    }
}

static void links_keep_the_platform_and_name_each_once(void **state)
{
    (void)state;
    AUTO(free)
    char *html = render("/images/app:1?platform=linux/arm64",
                        "{\"Platform\":\"linux/arm64\",\"Platforms\":[{\"Platform\":"
                        "\"linux/amd64\"},{\"Platform\":\"linux/arm64\"},{\"Platform\":"
                        "\"linux/amd64\"},{\"Platform\":\"a b&c\"}],\"Versions\":[{\"Digest\":\"\","
                        "\"Tags\":[{\"tag\":\"1\"},{\"tag\":\"2\"}]}]}",
                        &inspected);
    has(html, "<a href=\"/images/app:1?platform=linux/arm64\" aria-current=\"true\">linux/arm64");
    assert_int_equal(count(html, "href=\"/images/app:1?platform=linux/amd64\""), 1);
    has(html, "href=\"/images/app:1?platform=a%20b%26c\"");
    has(html, "href=\"/images/app:2?platform=linux/arm64\">2</a>");
    has(html, "docker pull --platform linux/arm64 app:1");
    has(html, "href=\"/v1/images/app:1?platform=linux/arm64\"");
}

static void progress_is_shown_while_work_goes_on(void **state)
{
    (void)state;
    const struct status sizing = {
        .status = STATUS_SIZE, .stage = STAGE_LAYERS, .done = 3, .total = 9, .error = no_error};
    AUTO(free) char *html = render("/images/app", "{}", &sizing);
    has(html, "max=\"9\" value=\"3\"></progress>");
    has(html, "Reading layers and commands");
    has(html, "3 of 9 versions");
    AUTO(free) char *done = render("/images/app", "{}", &inspected);
    has_not(done, "<progress");
}

static void a_failure_tells_the_reason_and_the_time(void **state)
{
    (void)state;
    char reason[] = "<b>503";
    const struct status failed = {.status = STATUS_FAILED,
                                  .stage = STAGE_DONE,
                                  .retry_ms = INT64_C(1767322984000),
                                  .error = reason};
    AUTO(free) char *html = render("/images/app", "{}", &failed);
    has(html, "class=\"failed\"");
    has(html, "&lt;b&gt;503");
    has(html, "It is tried again at <time datetime=\"2026-01-02T03:03:04");
    has_not(html, "<progress");
}

static void the_dockerfile_has_its_own_view(void **state)
{
    (void)state;
    AUTO(free) char *html = render("/images/app?view=dockerfile", "{}", &inspected);
    has(html, ">FROM &lt;scratch&gt;</pre>");
    has(html, "<title>Dockerfile of app · MicroBadger</title>");
    has(html, "href=\"/v1/dockerfile/app\"");
}

static void huge_lists_come_to_an_end(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf json = STRBUF_INIT(1 << 20);
    strbuf_adds(&json, "{\"Versions\":[{\"Digest\":\"sha256:1\",\"Tags\":[{\"tag\":\"0\"}");
    for (int i = 1; i < 20000; i++)
        strbuf_addf(&json, ",{\"tag\":\"%d\"}", i);
    strbuf_adds(&json, "]}],\"Metadata\":[{\"Key\":\"k\"}");
    for (int i = 0; i < 10000; i++)
        strbuf_adds(&json, ",{\"Key\":\"k\",\"Value\":\"v\"}");
    strbuf_adds(&json, "]}");
    AUTO(free) char *html = render_found(strbuf_str(&json));
    has(html, "<summary>19988 more</summary>");
    has(html, "all tags</a>");
    has(html, "</html>\n");
}

static void start_page_lists_names(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    static const char *const names[] = {"a/<b>"};
    const struct page_home home = {.recent = {names, 1}};
    page_home(&home, &out);
    has(strbuf_str(&out), "a/&lt;b&gt;");
    has_not(strbuf_str(&out), "Featured");
    assert_int_equal(count(strbuf_str(&out), "id=\"q\""), 1);
}

static void searches_tell_what_was_found(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    const struct page_found none = {.typed = "<X>"};
    page_found(&none, &out);
    has(strbuf_str(&out), "Images like “&lt;X&gt;”");
    has(strbuf_str(&out), "no image can have it");
    has_not(strbuf_str(&out), "<X>");
}

static void problems_tell_when_to_try_again(void **state)
{
    (void)state;
    AUTO(route) struct route route;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    route_parse("/images/app", &route);
    page_problem(&route, 503, "Down <now>.", 5, &out);
    has(strbuf_str(&out), "Down &lt;now&gt;.");
    has(strbuf_str(&out), "data-seconds=\"5\"");
    has(strbuf_str(&out), "<meta http-equiv=\"refresh\" content=\"5\">");
    strbuf_reset(&out);
    page_problem(&route, 404, "Gone.", 0, &out);
    has_not(strbuf_str(&out), "refresh");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_which_nothing_is_known_is_a_whole_page),
        cmocka_unit_test(hostile_texts_are_shown_as_text),
        cmocka_unit_test(members_of_other_types_are_left_out),
        cmocka_unit_test(layers_have_their_sizes_and_shares),
        cmocka_unit_test(labels_and_attachments_have_a_table_each),
        cmocka_unit_test(long_commands_are_cut_and_whole_below),
        cmocka_unit_test(a_tag_that_was_not_asked_for_is_told_truly),
        cmocka_unit_test(links_keep_the_platform_and_name_each_once),
        cmocka_unit_test(progress_is_shown_while_work_goes_on),
        cmocka_unit_test(a_failure_tells_the_reason_and_the_time),
        cmocka_unit_test(the_dockerfile_has_its_own_view),
        cmocka_unit_test(huge_lists_come_to_an_end),
        cmocka_unit_test(start_page_lists_names),
        cmocka_unit_test(searches_tell_what_was_found),
        cmocka_unit_test(problems_tell_when_to_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
