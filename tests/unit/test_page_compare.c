#include "unit.h"

#include <string.h>

#include "compare.h"
#include "jsonx.h"
#include "mem.h"
#include "page.h"
#include "page_compare.h"

#define HOSTILE "<script>alert(1)</script>\\\" onload=x"

static char *page_of(const char *target, const char *a, const char *b)
{
    AUTO(route) struct route route;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    JSON_AUTO
    json_t *left = unit_json(a);
    JSON_AUTO
    json_t *right = unit_json(b);
    const struct compare_side sides[] = {{"app:1", jsonx_str(left, "Image"), left},
                                         {"app:2", jsonx_str(right, "Image"), right}};
    JSON_AUTO
    json_t *result = compare_versions(&sides[0], &sides[1]);
    route_parse(target, &route);
    assert_int_equal(route.kind, ROUTE_COMPARE_PAGE);
    page_compare(&route, result, &out);
    return xstrdup(strbuf_str(&out));
}

static void expect_in(const char *page, const char *text)
{
    if (!strstr(page, text))
        fail_msg("no %s in %s", text, page);
}

static void what_differs_has_a_sign_and_a_word(void **state)
{
    (void)state;
    AUTO(free)
    char *page =
        page_of("/compare?a=app:1&b=app:2&platform_b=linux/arm64",
                "{'DownloadSize':2048,'Labels':{'v':'1'},'Layers':[{'BlobSum':'sha256:1','Command':"
                "'RUN old','DownloadSize':2048}]}",
                "{'DownloadSize':1024,'Labels':{'v':'2'},'Layers':[{'BlobSum':'sha256:2','Command':"
                "'RUN new','DownloadSize':1024}],'Config':{'Env':['A=1'],'User':'app'}}");
    expect_in(page, "-1.0 KB");
    expect_in(page, "<del class=\"line removed\">- RUN old\n</del>");
    expect_in(page, "<ins class=\"line added\">+ RUN new\n</ins>");
    expect_in(page, "<span aria-hidden=\"true\">±</span> changed</td><th scope=\"row\">v</th>");
    expect_in(page, "value=\"app:1\"");
    expect_in(page, "value=\"linux/arm64\"");
    expect_in(page, "/v1/compare?a=app:1&amp;b=app:2&amp;platform_b=linux/arm64");
    expect_in(page, "id=\"env\"");
    expect_in(page, "id=\"config\"");
}

static void one_image_is_said_to_be_one(void **state)
{
    (void)state;
    AUTO(free)
    char *page = page_of("/compare?a=app&b=app", "{'Image':'sha256:1'}", "{'Image':'sha256:1'}");
    expect_in(page, "Both are the same image");
    expect_in(page, "no difference");
    assert_null(strstr(page, "id=\"labels\""));
}

static void foreign_text_is_text(void **state)
{
    (void)state;
    static const char version[] =
        "{'Platform':'" HOSTILE "','Created':'" HOSTILE "','ImageName':'" HOSTILE "',"
        "'Digest':'" HOSTILE "','Labels':{'" HOSTILE "':'" HOSTILE "'},"
        "'Layers':[{'BlobSum':'" HOSTILE "','Command':'" HOSTILE "'}],"
        "'Config':{'Env':['" HOSTILE "=1'],'Cmd':['" HOSTILE "']},"
        "'Base':{'Name':'" HOSTILE "','Tag':'" HOSTILE "'},"
        "'Platforms':[{'Platform':'" HOSTILE "','Digest':'" HOSTILE "'}]}";
    AUTO(free) char *removed = page_of("/compare?a=app&b=app", version, "{}");
    AUTO(free) char *added = page_of("/compare?a=app&b=app", "{}", version);
    assert_null(strstr(removed, "<script>"));
    assert_null(strstr(added, "<script>"));
    assert_null(strstr(removed, "\" onload"));
    assert_null(strstr(added, "\" onload"));
    expect_in(removed, "&lt;script&gt;");
}

static void members_of_other_types_make_a_page(void **state)
{
    (void)state;
    static const char rows[] = "{'Layers':{'Rows':[1,{}]},'Env':{'Rows':[null,{'A':{}}]},"
                               "'Dockerfile':{'Lines':[[],{}]},'Platforms':{'Rows':[5]}}";
    const char *const odd[] = {"[]", "{}", "{'A':[],'Layers':[],'Labels':7,'Base':{}}", rows};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        AUTO(route) struct route route;
        AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
        JSON_AUTO
        json_t *result = unit_json(odd[i]);
        route_parse("/compare?a=app&b=app", &route);
        page_compare(&route, result, &out);
        expect_in(strbuf_str(&out), "</html>");
    }
}

static void two_sides_have_a_table_of_values_and_one_of_sizes(void **state)
{
    (void)state;
    AUTO(route) struct route route;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    JSON_AUTO
    json_t *result = unit_json(
        "{'Labels':{'Rows':[{'Name':'l','Change':'added','B':'v'}],'RowsOmitted':3},"
        "'Platforms':{'Rows':[{'Name':'linux/amd64','Change':'changed','A':{'DownloadSize':2048},"
        "'B':{}},{'Name':'linux/arm64','Change':'removed','A':{'DownloadSize':1024},'B':7}],"
        "'RowsOmitted':2}}");
    route_parse("/compare?a=app&b=app", &route);
    page_compare(&route, result, &out);
    const char *page = strbuf_str(&out);
    expect_in(page, "<th scope=\"col\">Name</th><th scope=\"col\">A</th>");
    expect_in(page,
              "<th scope=\"row\">l</th><td class=\"value\"><span class=\"none\">not set</span>"
              "</td><td class=\"value\">v</td></tr>");
    expect_in(page, "3 more rows are not shown.");
    expect_in(page, "<th scope=\"col\">Platform</th><th scope=\"col\">A</th>");
    expect_in(page, "<td class=\"number\">2.0 KB</td><td class=\"number\"><span class=\"none\">not "
                    "known yet</span></td></tr>");
    expect_in(page,
              "1.0 KB</td><td class=\"number\"><span class=\"none\">not there</span></td></tr>");
    expect_in(page, "2 more platforms are not shown.");
}

static void the_form_keeps_what_is_known(void **state)
{
    (void)state;
    AUTO(route) struct route route;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(PAGE_MAX_BYTES);
    route_parse("/compare?a=app:1&b=", &route);
    assert_int_equal(route.kind, ROUTE_COMPARE_FORM);
    page_compare_form(&route, &out);
    expect_in(strbuf_str(&out), "name=\"a\" value=\"app:1\"");
    expect_in(strbuf_str(&out), "name=\"b\" value=\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_has_a_sign_and_a_word),
        cmocka_unit_test(one_image_is_said_to_be_one),
        cmocka_unit_test(foreign_text_is_text),
        cmocka_unit_test(members_of_other_types_make_a_page),
        cmocka_unit_test(two_sides_have_a_table_of_values_and_one_of_sizes),
        cmocka_unit_test(the_form_keeps_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
