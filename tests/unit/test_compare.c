#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "diff.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

/* Comparisons */

static json_t *compare_json(const json_t *a, const json_t *b)
{
    const struct compare_side left = {"app:1", jsonx_str(a, "Image"), a};
    const struct compare_side right = {"app:2", jsonx_str(b, "Image"), b};
    return compare_versions(&left, &right);
}

static json_t *compare(const char *a, const char *b)
{
    JSON_AUTO
    json_t *left = unit_json(a);
    JSON_AUTO
    json_t *right = unit_json(b);
    return compare_json(left, right);
}

/* member "Layers.Rows" of an answer, as text with ' for ". */
static void expect(const json_t *answer, const char *path, const char *expected)
{
    AUTO(free) char *names = xstrdup(path);
    char *rest = NULL;
    const json_t *at = answer;
    for (char *name = strtok_r(names, ".", &rest); name; name = strtok_r(NULL, ".", &rest))
        at = json_object_get(at, name);
    AUTO(free) char *text = jsonx_dump(at);
    for (char *c = text; *c; c++)
        if (*c == '"')
            *c = '\'';
    assert_string_equal(text, expected);
}

static void expect_change(const json_t *answer, const char *table, size_t row, const char *name,
                          const char *change)
{
    const json_t *object = json_array_get(jsonx_array(jsonx_object(answer, table), "Rows"), row);
    assert_string_equal(jsonx_str(object, "Name"), name);
    assert_string_equal(jsonx_str(object, "Change"), change);
}

static void nothing_known_is_no_difference(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{}", "{}");
    expect(answer, "A", "{'Reference':'app:1'}");
    expect(answer, "Match", "'none'");
    expect(answer, "Identical", "false");
    expect(answer, "DownloadSize", "{'A':0,'B':0,'Difference':0}");
    expect(answer, "Layers.Rows", "[]");
    expect(answer, "Labels", "{'Kept':0,'Added':0,'Removed':0,'Changed':0,'Rows':[]}");
    expect(answer, "Dockerfile", "{'Kept':0,'Added':0,'Removed':0,'Lines':[]}");
    assert_null(json_object_get(answer, "Base"));
    const struct compare_side none = {"x", "", NULL};
    JSON_AUTO
    json_t *of_none = compare_versions(&none, &none);
    expect(of_none, "Match", "'none'");
}

static void expect_match(const char *a, const char *b, const char *match, const char *is_identical)
{
    JSON_AUTO
    json_t *answer = compare(a, b);
    AUTO(free) char *quoted = xasprintf("'%s'", match);
    expect(answer, "Match", quoted);
    expect(answer, "Identical", is_identical);
}

static void what_is_the_same_is_said(void **state)
{
    (void)state;
    expect_match("{'Image':'sha256:m','ConfigDigest':'sha256:c'}",
                 "{'Image':'sha256:m','ConfigDigest':'sha256:c'}", "manifest", "true");
    expect_match("{'Image':'sha256:m','ConfigDigest':'sha256:c','Layers':[{'BlobSum':'sha256:1'}]}",
                 "{'Image':'sha256:n','ConfigDigest':'sha256:c'}", "config", "false");
    expect_match("{'Image':'sha256:m','ConfigDigest':'sha256:c','Layers':[{'BlobSum':'sha256:1'}]}",
                 "{'Image':'sha256:n','ConfigDigest':'sha256:d','Layers':[{'BlobSum':'sha256:1'}]}",
                 "layers", "false");
    expect_match("{'Image':'sha256:m','Layers':[{'BlobSum':'sha256:1'}]}",
                 "{'Image':'sha256:n','Layers':[{'BlobSum':'sha256:2'}]}", "none", "false");
}

static void sizes_are_told_with_their_difference(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'DownloadSize':500}", "{'DownloadSize':120}");
    expect(answer, "DownloadSize", "{'A':500,'B':120,'Difference':-380}");
}

/* Layers */

static void layers_are_shared_added_and_removed(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer =
        compare("{'Layers':[{'BlobSum':'sha256:base','DiffID':'d0','DownloadSize':100,'Command':"
                "'ADD rootfs /'},{'BlobSum':'','Command':'ENV A=1'},{'BlobSum':'sha256:old',"
                "'DiffID':'d1','DownloadSize':10,'Command':'RUN one'}]}",
                "{'Layers':[{'BlobSum':'sha256:base','DiffID':'d0','DownloadSize':100,'Command':"
                "'ADD rootfs /'},{'BlobSum':'sha256:new','DiffID':'d2','DownloadSize':30,"
                "'Command':'RUN two'}]}");
    expect(answer, "Layers.Shared", "{'Count':1,'DownloadSize':100}");
    expect(answer, "Layers.Added", "{'Count':1,'DownloadSize':30}");
    expect(answer, "Layers.Removed", "{'Count':1,'DownloadSize':10}");
    expect(answer, "Layers.Rows",
           "[{'Change':'kept','IndexA':0,'IndexB':0,'BlobSum':'sha256:base','DiffID':'d0',"
           "'DownloadSize':100,'Command':'ADD rootfs /'},"
           "{'Change':'removed','IndexA':2,'BlobSum':'sha256:old','DiffID':'d1',"
           "'DownloadSize':10,'Command':'RUN one'},"
           "{'Change':'added','IndexB':1,'BlobSum':'sha256:new','DiffID':'d2','DownloadSize':30,"
           "'Command':'RUN two'}]");
}

static void a_layer_compressed_anew_is_the_same(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare(
        "{'Layers':[{'BlobSum':'sha256:gzip','DiffID':'d','DownloadSize':100,'Command':'x'}]}",
        "{'Layers':[{'BlobSum':'sha256:zstd','DiffID':'d','DownloadSize':70,'Command':'x'}]}");
    expect(answer, "Match", "'layers'");
    expect(answer, "Layers.Shared", "{'Count':1,'DownloadSize':70}");
    expect(answer, "Layers.Rows",
           "[{'Change':'kept','IndexA':0,'IndexB':0,'BlobSum':'sha256:zstd','DiffID':'d',"
           "'DownloadSize':70,'Command':'x','BlobSumA':'sha256:gzip','DownloadSizeA':100}]");
}

static void a_layer_without_diff_id_is_its_blob(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'Layers':[{'BlobSum':'sha256:a','DiffID':''}]}",
                             "{'Layers':[{'BlobSum':'sha256:b','DiffID':''}]}");
    expect(answer, "Layers.Shared.Count", "0");
    expect(answer, "Layers.Added.Count", "1");
    expect(answer, "Layers.Removed.Count", "1");
}

static void a_layer_elsewhere_has_moved_and_is_shared(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'Layers':[{'BlobSum':'1','DownloadSize':5},{'BlobSum':'2',"
                             "'DownloadSize':7},{'BlobSum':'3','DownloadSize':9}]}",
                             "{'Layers':[{'BlobSum':'3','DownloadSize':9},{'BlobSum':'1',"
                             "'DownloadSize':5},{'BlobSum':'2','DownloadSize':7}]}");
    const json_t *rows = jsonx_array(jsonx_object(answer, "Layers"), "Rows");
    expect(answer, "Match", "'none'");
    expect(answer, "Layers.Shared", "{'Count':3,'DownloadSize':21}");
    expect(answer, "Layers.Added.Count", "0");
    expect(answer, "Layers.Removed.Count", "0");
    assert_int_equal(json_array_size(rows), 4);
    assert_string_equal(jsonx_str(json_array_get(rows, 0), "Change"), "added");
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "Moved")));
    assert_string_equal(jsonx_str(json_array_get(rows, 3), "Change"), "removed");
    assert_true(json_is_true(json_object_get(json_array_get(rows, 3), "Moved")));
}

static void a_long_command_is_cut_at_a_character(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(4096);
    strbuf_adds(&text, "{'Layers':[{'BlobSum':'1','Command':'RUN ");
    for (int i = 0; i < COMPARE_COMMAND_MAX_BYTES; i++)
        strbuf_adds(&text, "ß");
    strbuf_adds(&text, "'}]}");
    JSON_AUTO
    json_t *answer = compare(strbuf_str(&text), "{}");
    const json_t *row = json_array_get(jsonx_array(jsonx_object(answer, "Layers"), "Rows"), 0);
    const char *command = jsonx_str(row, "Command");
    size_t len = strlen(command);
    assert_in_range(len, COMPARE_COMMAND_MAX_BYTES - 2, COMPARE_COMMAND_MAX_BYTES);
    assert_string_equal(command + len - strlen("ß…"), "ß…");
}

/* Tables */

static void labels_come_go_and_change(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'Labels':{'a':'1','same':'x','gone':'y'}}",
                             "{'Labels':{'new':'z','same':'x','a':'2'}}");
    expect(answer, "Labels",
           "{'Kept':1,'Added':1,'Removed':1,'Changed':1,'Rows':["
           "{'Name':'a','Change':'changed','A':'1','B':'2'},"
           "{'Name':'gone','Change':'removed','A':'y'},"
           "{'Name':'new','Change':'added','B':'z'}]}");
}

static void variables_are_compared_by_name(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer =
        compare("{'Config':{'Env':['PATH=/bin','V=1','BARE','TWICE=1','TWICE=2','EQ=a=b']}}",
                "{'Config':{'Env':['V=2','PATH=/bin','BARE=','TWICE=2','EQ=a=c']}}");
    expect(answer, "Env",
           "{'Kept':3,'Added':0,'Removed':0,'Changed':2,'Rows':["
           "{'Name':'EQ','Change':'changed','A':'a=b','B':'a=c'},"
           "{'Name':'V','Change':'changed','A':'1','B':'2'}]}");
}

static void settings_are_compared_whole(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer =
        compare("{'Config':{'Env':['A=1'],'Entrypoint':['/a'],'Cmd':['x'],'User':'root',"
                "'ExposedPorts':['80/tcp'],'Volumes':['/v']}}",
                "{'Config':{'Entrypoint':['/a'],'Cmd':['x','y'],'WorkingDir':'/srv',"
                "'ExposedPorts':['80/tcp','443/tcp'],'Volumes':['/v']}}");
    expect(answer, "Config",
           "{'Kept':2,'Added':1,'Removed':1,'Changed':2,'Rows':["
           "{'Name':'Cmd','Change':'changed','A':['x'],'B':['x','y']},"
           "{'Name':'ExposedPorts','Change':'changed','A':['80/tcp'],'B':['80/tcp','443/tcp']},"
           "{'Name':'User','Change':'removed','A':'root'},"
           "{'Name':'WorkingDir','Change':'added','B':'/srv'}]}");
}

static void platforms_are_all_shown(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer =
        compare("{'Platforms':[{'Platform':'linux/amd64','Digest':'1','DownloadSize':10},"
                "{'Platform':'linux/arm64','Digest':'2','DownloadSize':20},"
                "{'Platform':'windows/amd64','OSVersion':'10','Digest':'3'}]}",
                "{'Platforms':[{'Platform':'linux/amd64','Digest':'1','DownloadSize':10},"
                "{'Platform':'windows/amd64','OSVersion':'11','Digest':'3'},"
                "{'Platform':'linux/arm64','Digest':'9','DownloadSize':0,'Pending':true}]}");
    expect(answer, "Platforms.Kept", "1");
    expect_change(answer, "Platforms", 0, "linux/amd64", "kept");
    expect_change(answer, "Platforms", 1, "linux/arm64", "changed");
    JSON_AUTO
    json_t *arm =
        json_deep_copy(json_array_get(jsonx_array(jsonx_object(answer, "Platforms"), "Rows"), 1));
    expect(arm, "A", "{'Digest':'2','DownloadSize':20}");
    expect(arm, "B", "{'Digest':'9'}");
    expect_change(answer, "Platforms", 2, "windows/amd64 10", "removed");
    expect_change(answer, "Platforms", 3, "windows/amd64 11", "added");
}

static void bases_are_compared(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *changed = compare("{'Base':{'Name':'alpine','Tag':'3.19','Digest':'1','Evidence':[]}}",
                              "{'Base':{'Name':'alpine','Tag':'3.20','Digest':'2'}}");
    expect(changed, "Base",
           "{'Change':'changed','A':{'Name':'alpine','Tag':'3.19','Digest':'1'},"
           "'B':{'Name':'alpine','Tag':'3.20','Digest':'2'}}");
    JSON_AUTO
    json_t *kept = compare("{'Base':{'Name':'alpine','Digest':'1','Certainty':'exact'}}",
                           "{'Base':{'Name':'alpine','Digest':'1','Certainty':'declared'}}");
    expect(kept, "Base.Change", "'kept'");
    JSON_AUTO
    json_t *added = compare("{}", "{'Base':{'Name':'alpine'}}");
    expect(added, "Base", "{'Change':'added','B':{'Name':'alpine'}}");
}

/* Dockerfile */

static void lines_are_kept_added_and_removed(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'Platform':'linux/amd64','Layers':[{'Command':'ENV A=1'},"
                             "{'Command':'RUN make'},{'Command':'CMD [\\\"x\\\"]'}]}",
                             "{'Platform':'linux/amd64','Layers':[{'Command':'ENV A=2'},"
                             "{'Command':'RUN make'},{'Command':'USER app'},"
                             "{'Command':'CMD [\\\"x\\\"]'},{'Command':''}]}");
    expect(answer, "Dockerfile",
           "{'Kept':2,'Added':2,'Removed':1,'Lines':["
           "{'Change':'removed','Text':'ENV A=1'},{'Change':'added','Text':'ENV A=2'},"
           "{'Change':'kept','Text':'RUN make'},{'Change':'added','Text':'USER app'},"
           "{'Change':'kept','Text':'CMD [\\'x\\']'}]}");
}

#define LONG_RUN                                                                                   \
    "RUN apt-get update && apt-get install -y --no-install-recommends one two three && make -j4"

static void a_longer_run_differs_by_its_new_line(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer = compare("{'Layers':[{'Command':'" LONG_RUN "'}]}",
                             "{'Layers':[{'Command':'" LONG_RUN " && make install'}]}");
    expect(answer, "Dockerfile.Kept", "3");
    expect(answer, "Dockerfile.Added", "1");
    expect(answer, "Dockerfile.Removed", "0");
}

static void foreign_text_stays_in_its_line(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *answer =
        compare("{'Layers':[{'Command':'apko\\nUSER root\\u202e','Certainty':'foreign'}]}", "{}");
    expect(answer, "Dockerfile.Lines", "[{'Change':'removed','Text':'# apko␊USER root<U+202E>'}]");
}

/* Bounds */

static json_t *huge(const char *mark, size_t count)
{
    json_t *version = json_pack("{s:[],s:{},s:{s:[]},s:[],s:I}", "Layers", "Labels", "Config",
                                "Env", "Platforms", "DownloadSize", (json_int_t)INT64_MAX);
    for (size_t i = 0; i < count; i++) {
        AUTO(free) char *text = xasprintf("%s%zu", mark, i);
        json_array_append_new(jsonx_array(version, "Layers"),
                              json_pack("{s:s,s:s,s:I,s:s}", "BlobSum", text, "Command", text,
                                        "DownloadSize", (json_int_t)INT64_MAX, "DiffID", text));
        json_object_set_new(jsonx_object(version, "Labels"), text, json_string(mark));
        json_array_append_new(jsonx_array(jsonx_object(version, "Config"), "Env"),
                              json_string(text));
        json_array_append_new(jsonx_array(version, "Platforms"),
                              json_pack("{s:s,s:s}", "Platform", text, "Digest", mark));
    }
    return version;
}

static void huge_sides_are_cut_and_that_is_said(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *a = huge("a", DIFF_MAX_ITEMS + 3);
    JSON_AUTO
    json_t *b = huge("b", DIFF_MAX_ITEMS + 4);
    JSON_AUTO
    json_t *answer = compare_json(a, b);
    expect(answer, "Layers.RowsOmitted", "7");
    expect(answer, "Layers.Added", "{'Count':1024,'DownloadSize':9223372036854775807}");
    expect(answer, "Dockerfile.OmittedA", "3");
    expect(answer, "Dockerfile.OmittedB", "4");
    expect(answer, "DownloadSize.Difference", "0");
    expect(answer, "Labels.Added", "1028");
    expect(answer, "Labels.RowsOmitted", "1055");
    expect(answer, "Env.RowsOmitted", "1055");
    expect(answer, "Platforms.RowsOmitted", "1055");
    JSON_AUTO
    json_t *same = compare_json(a, a);
    expect(same, "Match", "'none'"); /* what is left out may differ */
    expect(same, "Labels.Kept", "1027");
}

static void members_of_other_types_are_not_there(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{'Layers':{},'Labels':[],'Config':[],'Platforms':7,'Base':[],'DownloadSize':'x'}",
        "{'Layers':[1,null,[],{'BlobSum':5,'Command':[]}],'Labels':{'a':[1]},'Config':{'Env':{}},"
        "'Platforms':['x',{}],'Base':{},'DownloadSize':-5,'Platform':{}}",
        "{'Layers':[{'BlobSum':'x','DownloadSize':-9223372036854775808}],'Config':{'Env':[1,[]]},"
        "'DownloadSize':1e300}",
        "[]",
    };
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        for (size_t j = 0; j < ARRAY_LEN(odd); j++) {
            JSON_AUTO
            json_t *answer = compare(odd[i], odd[j]);
            AUTO(free) char *text = jsonx_dump(answer);
            assert_non_null(strstr(text, "\"Identical\":false"));
            assert_non_null(strstr(text, "\"Dockerfile\":{"));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_is_no_difference),
        cmocka_unit_test(what_is_the_same_is_said),
        cmocka_unit_test(sizes_are_told_with_their_difference),
        cmocka_unit_test(layers_are_shared_added_and_removed),
        cmocka_unit_test(a_layer_compressed_anew_is_the_same),
        cmocka_unit_test(a_layer_without_diff_id_is_its_blob),
        cmocka_unit_test(a_layer_elsewhere_has_moved_and_is_shared),
        cmocka_unit_test(a_long_command_is_cut_at_a_character),
        cmocka_unit_test(labels_come_go_and_change),
        cmocka_unit_test(variables_are_compared_by_name),
        cmocka_unit_test(settings_are_compared_whole),
        cmocka_unit_test(platforms_are_all_shown),
        cmocka_unit_test(bases_are_compared),
        cmocka_unit_test(lines_are_kept_added_and_removed),
        cmocka_unit_test(a_longer_run_differs_by_its_new_line),
        cmocka_unit_test(foreign_text_stays_in_its_line),
        cmocka_unit_test(huge_sides_are_cut_and_that_is_said),
        cmocka_unit_test(members_of_other_types_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
