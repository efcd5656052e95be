#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "labels.h"
#include "mem.h"
#include "sheet.h"

#define OCI "org.opencontainers.image."
#define SCHEMA "org.label-schema."

/* sources: members labels, manifest, descriptor, index, author, created, base. Caller owns. */
static json_t *rows_of(const json_t *sources)
{
    const struct sheet_sources of = {
        .labels = json_object_get(sources, "labels"),
        .manifest = json_object_get(sources, "manifest"),
        .descriptor = json_object_get(sources, "descriptor"),
        .index = json_object_get(sources, "index"),
        .author = json_string_value(json_object_get(sources, "author")),
        .created = json_string_value(json_object_get(sources, "created")),
        .base_labels = json_object_get(sources, "base"),
    };
    return sheet_rows(&of);
}

static const struct {
    const char *name;
    const char *sources;
    const char *rows;
} sheets[] = {
    {"nothing", "{}", "[]"},
    {"empty objects and texts", "{'labels':{},'index':{},'author':'','created':''}", "[]"},
    {"no objects", "{'labels':[],'manifest':null,'index':'x'}", "[]"},
    {"what is no text", "{'labels':{'a':1,'b':null,'c':{},'d':'x'}}",
     "[{'Key':'d','Value':'x','Source':'label'}]"},
    {"meanings first, then keys, both in order",
     "{'labels':{'z':'1','a':'2','" OCI "title':'T','" OCI "authors':'A'}}",
     "[{'Key':'" OCI "authors','Value':'A','Source':'label','Meaning':'authors'},"
     "{'Key':'" OCI "title','Value':'T','Source':'label','Meaning':'title'},"
     "{'Key':'a','Value':'2','Source':'label'},{'Key':'z','Value':'1','Source':'label'}]"},
    {"one key in all places",
     "{'index':{'k':'v'},'descriptor':{'k':'v'},'manifest':{'k':'v'},'labels':{'k':'v'}}",
     "[{'Key':'k','Value':'v','Source':'label','Others':["
     "{'Key':'k','Value':'v','Source':'manifest'},"
     "{'Key':'k','Value':'v','Source':'descriptor'},"
     "{'Key':'k','Value':'v','Source':'index'}]}]"},
    {"annotations alone, the manifest's first", "{'index':{'k':'i'},'manifest':{'k':'m'}}",
     "[{'Key':'k','Value':'m','Source':'manifest','Conflict':true,'Others':["
     "{'Key':'k','Value':'i','Source':'index'}]}]"},
    {"both families in labels, that of OCI first",
     "{'labels':{'" SCHEMA "license':'apache-2.0','" OCI "licenses':'Apache-2.0'}}",
     "[{'Key':'" OCI "licenses','Value':'Apache-2.0','Source':'label','Meaning':'licenses',"
     "'Others':[{'Key':'" SCHEMA "license','Value':'apache-2.0','Source':'label'}]}]"},
    {"label-schema in a label before OCI in an annotation",
     "{'labels':{'" SCHEMA "name':'a'},'index':{'" OCI "title':'b'}}",
     "[{'Key':'" SCHEMA "name','Value':'a','Source':'label','Meaning':'title','Conflict':true,"
     "'Others':[{'Key':'" OCI "title','Value':'b','Source':'index'}]}]"},
    {"one of several does not agree",
     "{'labels':{'" OCI "revision':'9f2c1ab77d'},'manifest':{'" OCI "revision':'9f2c1ab'},"
     "'index':{'" OCI "revision':'1111111'}}",
     "[{'Key':'" OCI "revision','Value':'9f2c1ab77d','Source':'label','Meaning':'revision',"
     "'Conflict':true,'Others':[{'Key':'" OCI "revision','Value':'9f2c1ab','Source':'manifest'},"
     "{'Key':'" OCI "revision','Value':'1111111','Source':'index'}]}]"},
    {"the config's fields",
     "{'labels':{'maintainer':'Ann'},'author':'Bob','created':'2026-03-01T12:00:00Z'}",
     "[{'Key':'maintainer','Value':'Ann','Source':'label','Meaning':'authors','Conflict':true,"
     "'Others':[{'Key':'author','Value':'Bob','Source':'config'}]},"
     "{'Key':'created','Value':'2026-03-01T12:00:00Z','Source':'config','Meaning':'created'}]"},
    {"a label named as the config's field is another thing",
     "{'labels':{'author':'Ann'},'author':'Bob'}",
     "[{'Key':'author','Value':'Bob','Source':'config','Meaning':'authors'},"
     "{'Key':'author','Value':'Ann','Source':'label'}]"},
    {"dates that builders write for none: unset", "{'created':'0001-01-01T00:00:00Z'}", "[]"},
    {"1970", "{'created':'1970-01-01T00:00:01Z'}", "[]"},
    {"1980", "{'created':'1980-01-01T00:00:01Z'}", "[]"},
    {"1981", "{'created':'1981-01-01T00:00:00Z'}",
     "[{'Key':'created','Value':'1981-01-01T00:00:00Z','Source':'config','Meaning':'created'}]"},
    {"no date at all", "{'created':'today'}", "[]"},
    {"inherited",
     "{'labels':{'a':'1','b':'2','c':'3'},'manifest':{'a':'1'},'base':{'a':'1','b':'x'}}",
     "[{'Key':'a','Value':'1','Source':'label','Inherited':true,'Others':["
     "{'Key':'a','Value':'1','Source':'manifest'}]},"
     "{'Key':'b','Value':'2','Source':'label'},{'Key':'c','Value':'3','Source':'label'}]"},
    {"the base's label-schema beside an own label",
     "{'labels':{'" SCHEMA "vcs-ref':'aaaaaaa','" OCI "revision':'bbbbbbb'},"
     "'base':{'" SCHEMA "vcs-ref':'aaaaaaa'}}",
     "[{'Key':'" OCI "revision','Value':'bbbbbbb','Source':'label','Meaning':'revision',"
     "'Conflict':true,'Others':[{'Key':'" SCHEMA
     "vcs-ref','Value':'aaaaaaa','Source':'label','Inherited':true}]}]"},
    {"markup stays as it is", "{'labels':{'<b>':'<script>alert(1)</script>'}}",
     "[{'Key':'<b>','Value':'<script>alert(1)</script>','Source':'label'}]"},
};

static void sheets_are_merged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sheets); i++) {
        JSON_AUTO
        json_t *sources = unit_json(sheets[i].sources);
        JSON_AUTO
        json_t *expected = unit_json(sheets[i].rows);
        JSON_AUTO
        json_t *rows = rows_of(sources);
        if (json_equal(rows, expected))
            continue;
        AUTO(free) char *text = jsonx_dump(rows);
        fail_msg("%s: %s", sheets[i].name, text);
    }
}

static char *repeated(const char *text, size_t count)
{
    size_t len = strlen(text);
    char *all = xcalloc(len, count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, text, len);
    return all;
}

static void a_long_value_is_cut_at_a_character(void **state)
{
    (void)state;
    AUTO(free) char *euros = repeated("\xe2\x82\xac", 10000);
    AUTO(free) char *exact = repeated("x", SHEET_VALUE_MAX_BYTES);
    JSON_AUTO
    json_t *sources =
        json_pack("{s:{s:s,s:s},s:{s:s}}", "labels", "a", euros, "b", exact, "base", "a", euros);
    JSON_AUTO
    json_t *rows = rows_of(sources);
    const json_t *cut = json_array_get(rows, 0);
    assert_int_equal(strlen(jsonx_str(cut, "Value")), SHEET_VALUE_MAX_BYTES / 3 * 3);
    assert_true(json_is_true(json_object_get(cut, "Truncated")));
    assert_true(json_is_true(json_object_get(cut, "Inherited")));
    const json_t *whole = json_array_get(rows, 1);
    assert_string_equal(jsonx_str(whole, "Value"), exact);
    assert_null(json_object_get(whole, "Truncated"));
}

static void long_values_are_compared_whole(void **state)
{
    (void)state;
    AUTO(free) char *text = repeated("x", 10000);
    AUTO(free) char *longer = repeated("x", 10001);
    JSON_AUTO
    json_t *sources = json_pack("{s:{s:s},s:{s:s}}", "labels", "a", text, "index", "a", longer);
    JSON_AUTO
    json_t *rows = rows_of(sources);
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "Conflict")));
}

static json_t *many_labels(const char *prefix, size_t count, const char *value)
{
    JSON_AUTO
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *key = xasprintf("%s%04zu", prefix, i);
        json_object_set_new(object, key, json_string(value));
    }
    return labels_texts(object);
}

static void a_sheet_is_bounded(void **state)
{
    (void)state;
    AUTO(free) char *text = repeated("x", 3000);
    JSON_AUTO
    json_t *sources = json_object();
    json_object_set_new(sources, "labels", many_labels("a", LABELS_MAX, text));
    json_object_set_new(sources, "manifest", many_labels("a", LABELS_MAX, text));
    json_object_set_new(sources, "index", json_pack("{s:s}", OCI "title", "kept"));
    JSON_AUTO
    json_t *rows = rows_of(sources);
    assert_string_equal(jsonx_str(json_array_get(rows, 0), "Value"), "kept");
    size_t places = 0;
    size_t total_bytes = 0;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const json_t *other = json_array_get(jsonx_array(row, "Others"), 0);
        places += other ? 2 : 1;
        total_bytes += strlen(jsonx_str(row, "Value")) + strlen(jsonx_str(other, "Value"));
    }
    assert_int_equal(places, SHEET_PLACES_MAX);
    assert_in_range(total_bytes, SHEET_VALUES_MAX_BYTES / 4, SHEET_VALUES_MAX_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sheets_are_merged),
        cmocka_unit_test(a_long_value_is_cut_at_a_character),
        cmocka_unit_test(long_values_are_compared_whole),
        cmocka_unit_test(a_sheet_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
