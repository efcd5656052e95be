#include "unit.h"

#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "version_sheet.h"

#define OCI "org.opencontainers.image."
#define SOURCE(repository) "'" OCI "source':'https://github.com/o/" repository "'"
#define REVISION "'" OCI "revision':'abcdef1'"
#define CONTROL(repository)                                                                        \
    "{'Type':'git','URL':'https://github.com/o/" repository "/tree/abcdef1','Commit':'abcdef1'}"
#define LICENSE(id) "{'Code':'" id "','URL':'https://spdx.org/licenses/" id ".html'}"

static const struct {
    const char *name;
    const char *version; /* NULL: the facts themselves */
    const char *facts;
    const char *annotated; /* what comes from the index */
} cases[] = {
    {"an image without index", NULL,
     "{'Digest':'d','Annotations':{'" OCI "licenses':'MIT'},'Layers':[]}", "{}"},
    {"the index's", "{'Children':[{'Digest':'d'}],'Annotations':{'" OCI "licenses':'MIT'}}",
     "{'Digest':'d'}", "{'License':" LICENSE("MIT") "}"},
    {"the image's entry before the index",
     "{'Children':[{'Digest':'c','Annotations':{'" OCI "licenses':'Zlib'}},"
     "{'Digest':'d','Annotations':{'" OCI "licenses':'ISC'," SOURCE(
         "entry") "," REVISION "}}],"
                  "'Annotations':{'" OCI "licenses':'MIT'," SOURCE("index") "," REVISION "}}",
     "{'Digest':'d'}", "{'License':" LICENSE("ISC") ",'VersionControl':" CONTROL("entry") "}"},
    {"facts that have their own keep them",
     "{'Children':[{'Digest':'d','Annotations':{'" OCI "licenses':'ISC'}}],"
     "'Annotations':{" SOURCE("index") "," REVISION "}}",
     "{'Digest':'d','License':{'Code':'MIT'}}", "{'VersionControl':" CONTROL("index") "}"},
};

static void the_index_completes_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        JSON_AUTO
        json_t *facts = unit_json(cases[i].facts);
        JSON_AUTO
        json_t *version = unit_json(cases[i].version ? cases[i].version : cases[i].facts);
        JSON_AUTO
        json_t *expected = unit_json(cases[i].annotated);
        JSON_AUTO
        json_t *members = version_sheet_members(version, facts, NULL);
        assert_true(json_is_array(json_object_get(members, "Metadata")));
        json_object_del(members, "Metadata");
        if (json_equal(members, expected))
            continue;
        AUTO(free) char *text = jsonx_dump(members);
        fail_msg("%s: %s", cases[i].name, text);
    }
}

static void the_sheet_has_every_place(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *version = unit_json("{'Children':[{'Digest':'c','Annotations':{'k':'another'}},"
                                "{'Digest':'d','Annotations':{'k':'3'}}],'Annotations':{'k':'4'}}");
    JSON_AUTO
    json_t *facts = unit_json("{'Digest':'d','Labels':{'k':'1'},'Annotations':{'k':'2'},"
                              "'Author':'Ann','Created':'0001-01-01T00:00:00Z'}");
    JSON_AUTO
    json_t *base_labels = unit_json("{'k':'1'}");
    JSON_AUTO
    json_t *expected = unit_json(
        "{'Metadata':[{'Key':'author','Value':'Ann','Source':'config','Meaning':'authors'},"
        "{'Key':'k','Value':'1','Source':'label','Inherited':true,'Conflict':true,'Others':["
        "{'Key':'k','Value':'2','Source':'manifest'},{'Key':'k','Value':'3','Source':'descriptor'},"
        "{'Key':'k','Value':'4','Source':'index'}]}]}");
    JSON_AUTO
    json_t *members = version_sheet_members(version, facts, base_labels);
    assert_true(json_equal(members, expected));
}

static void annotations_of_an_image_are_counted_once(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = unit_json("{'Digest':'d','Annotations':{'k':'2'},'Layers':[]}");
    JSON_AUTO
    json_t *expected = unit_json("{'Metadata':[{'Key':'k','Value':'2','Source':'manifest'}]}");
    JSON_AUTO
    json_t *members = version_sheet_members(facts, facts, NULL);
    assert_true(json_equal(members, expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_completes_facts),
        cmocka_unit_test(the_sheet_has_every_place),
        cmocka_unit_test(annotations_of_an_image_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
