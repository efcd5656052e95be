#include "unit.h"

#include <string.h>

#include "compare_view.h"
#include "facts_view.h"
#include "jsonx.h"
#include "labels_view.h"
#include "layers_view.h"
#include "mem.h"
#include "tags_view.h"

static const struct terminal pipe_terminal = {.is_utf8 = true, .columns = 80};
static const struct terminal color_terminal = {
    .is_tty = true, .has_color = true, .is_utf8 = true, .columns = 80};

#define VERSION                                                                                    \
    "{'DownloadSize':1000,'Tags':[{'tag':'latest'},{'tag':'1.0'}],"                                \
    "'Base':{'Name':'alpine','Tag':'3.19','Certainty':'declared'},"                                \
    "'Config':{'Entrypoint':['/bin/app','a b'],'User':'app','ExposedPorts':['80/tcp','81/tcp']},"  \
    "'Layers':["                                                                                   \
    "{'Command':'ADD rootfs /','DownloadSize':750,'BlobSum':'sha256:0123456789abcdef',"            \
    "'Empty':false,'Certainty':'lossy','Note':'root file system','Base':true},"                    \
    "{'Command':'ENV A=1','DownloadSize':0,'BlobSum':'','Empty':true,'Certainty':'exact'},"        \
    "{'Command':'','DownloadSize':250,'BlobSum':'sha256:fedcba9876543210','Empty':false,"          \
    "'Certainty':'missing'}]}"

#define IMAGE                                                                                      \
    "{'Digest':'sha256:0123','Platform':'linux/amd64','Platforms':[{'Platform':'linux/amd64'},"    \
    "{'Platform':'linux/arm64'}],'Created':'2026-01-20T00:00:00Z','PullCount':1234567,"            \
    "'License':{'Code':'MIT'},'Attachments':[{'Type':'sbom'},{'Type':'signature'},"                \
    "{'Type':'sbom'}],'Status':'SIZE','Progress':{'Stage':'layers','Done':3,'Total':60}}"

static void facts(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *image = unit_json(IMAGE);
    JSON_AUTO
    json_t *version = unit_json(VERSION);
    facts_view(&view, "org/app", image, version);
    assert_string_equal(strbuf_str(&out),
                        "org/app\n"
                        "  Digest       sha256:0123\n"
                        "  Tags         latest, 1.0\n"
                        "  Platform     linux/amd64; also linux/arm64\n"
                        "  Size         1000 B to download, in 2 layers, and 1 step without one\n"
                        "  Created      2026-01-20 00:00 UTC\n"
                        "  Licence      MIT\n"
                        "  Base image   alpine:3.19 (declared)\n"
                        "  Entrypoint   [\"/bin/app\",\"a b\"]\n"
                        "  User         app\n"
                        "  Ports        80/tcp, 81/tcp\n"
                        "  Attached     2 sbom, 1 signature\n"
                        "  Pulls        1,234,567\n"
                        "  Status       SIZE, 3 of 60 versions\n");
}

static void layers_in_short_and_in_full(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *version = unit_json(VERSION);
    assert_int_equal(layers_count(version), 2);
    layers_view(&view, version, LAYERS_SHORT);
    assert_string_equal(strbuf_str(&out),
                        "Layers\n"
                        "  of the base image\n"
                        "      750 B  █████████░░░  75.0%  ADD rootfs /\n"
                        "  of this image\n"
                        "                                  ENV A=1\n"
                        "      250 B  ███░░░░░░░░░  25.0%  (nothing is recorded)\n");
    strbuf_reset(&out);
    layers_view(&view, version, LAYERS_FULL);
    assert_non_null(strstr(strbuf_str(&out), "ADD rootfs /\n                                  "
                                             "sha256:0123456789ab  lossy: root file system\n"));
    assert_non_null(strstr(strbuf_str(&out), "sha256:fedcba987654  missing\n"));
}

static void long_commands_are_cut_or_wrapped(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *version = unit_json("{'DownloadSize':1,'Layers':[{'DownloadSize':1,'Empty':false,"
                                "'Certainty':'exact','Command':'RUN one two three four five six "
                                "seven eight nine ten eleven twelve'}]}");
    layers_view(&view, version, LAYERS_SHORT);
    assert_non_null(
        strstr(strbuf_str(&out), "100.0%  RUN one two three four five six seven eight n…\n"));
    strbuf_reset(&out);
    layers_view(&view, version, LAYERS_FULL);
    assert_non_null(strstr(strbuf_str(&out), "seven eight\n                                  "
                                             "nine ten eleven twelve\n"));
}

static void labels_tell_their_places(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *image = unit_json(
        "{'Metadata':[{'Key':'maintainer','Value':'Ann <a@b>','Source':'label','Meaning':'authors',"
        "'Conflict':true,'Others':[{'Key':'author','Value':'Bob','Source':'config'},"
        "{'Key':'authors','Value':'Ann <a@b>','Source':'index','Inherited':true}]},"
        "{'Key':'a.very.long.key.of.its.own','Value':'','Source':'manifest','Truncated':true}]}");
    labels_view(&view, image);
    assert_string_equal(strbuf_str(&out),
                        "Labels\n"
                        "  authors        Ann <a@b>\n"
                        "                 maintainer (label), authors (index, of the base image)\n"
                        "                 differs: Bob in author (config)\n"
                        "  a.very.long.key.of.its.own\n"
                        "                 \"\"\n"
                        "                 a.very.long.key.of.its.own (manifest, shortened here)\n");
    strbuf_reset(&out);
    JSON_AUTO
    json_t *none = unit_json("{'Metadata':[]}");
    labels_view(&view, none);
    assert_string_equal(strbuf_str(&out), "");
}

static void tags_by_digest(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *image = unit_json(
        "{'LatestSHA':'aa','VersionsOmitted':7,'Versions':["
        "{'SHA':'aa','Digest':'sha256:0123456789abcdef','Tags':[{'tag':'latest'},{'tag':'2'}],"
        "'Created':'2026-01-20T00:00:00Z','DownloadSize':31112,'Platforms':[{},{}]},"
        "{'SHA':'bb','Digest':'sha256:fedcba9876543210','Pending':true,"
        "'Tags':[{'tag':'1','PushedAt':'2025-01-02T00:00:00Z'}]}]}");
    tags_view(&view, "app", image);
    assert_string_equal(strbuf_str(&out),
                        "app\n"
                        "  sha256:0123456789ab  2026-01-20    30.4 KB  latest, 2 (2 platforms)\n"
                        "  sha256:fedcba987654  2025-01-02          -  1\n"
                        "  and 7 older versions\n");
}

static void comparison(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *answer = unit_json(
        "{'A':{'Reference':'app:1','Digest':'sha256:0123456789abcdef','Platform':'linux/amd64',"
        "'Created':'2025-01-01T00:00:00Z'},"
        "'B':{'Reference':'app:2','Digest':'sha256:fedcba9876543210','Platform':'linux/amd64',"
        "'Created':'2026-01-01T00:00:00Z'},'Match':'none',"
        "'DownloadSize':{'A':4096,'B':3072,'Difference':-1024},"
        "'Layers':{'Shared':{'Count':1,'DownloadSize':2048},'Added':{'Count':1,"
        "'DownloadSize':1024},'Removed':{'Count':1,'DownloadSize':2048},'Rows':["
        "{'Change':'kept','Command':'ADD rootfs /','DownloadSize':2048},"
        "{'Change':'removed','Command':'RUN old','DownloadSize':2048},"
        "{'Change':'added','Command':'RUN new','DownloadSize':1024,'Moved':true}]},"
        "'Base':{'A':{'Name':'alpine','Tag':'3.18'},'B':{'Name':'alpine','Tag':'3.19'}},"
        "'Labels':{'Rows':[{'Name':'v','Change':'changed','A':'1','B':'2'}],'RowsOmitted':4},"
        "'Env':{'Rows':[{'Name':'X','Change':'added','B':'y'}]},"
        "'Config':{'Rows':[{'Name':'Cmd','Change':'removed','A':['sh']}]},"
        "'Platforms':{'Rows':[{'Name':'linux/amd64','Change':'kept'}]},"
        "'Dockerfile':{'Added':1,'Removed':0,'Lines':[{'Change':'kept','Text':'ADD rootfs /'},"
        "{'Change':'added','Text':'RUN new'}]}}");
    compare_view(&view, answer);
    assert_string_equal(
        strbuf_str(&out),
        "Comparison\n"
        "  From         app:1  sha256:0123456789ab  linux/amd64  2025-01-01 00:00 UTC\n"
        "  To           app:2  sha256:fedcba987654  linux/amd64  2026-01-01 00:00 UTC\n"
        "  Size         4.0 KB to 3.0 KB: 1.0 KB less\n"
        "  Layers       1 shared (2.0 KB), 1 added (1.0 KB), 1 removed (2.0 KB)\n"
        "  Base image   alpine:3.18 to alpine:3.19\n"
        "\nLayers\n"
        "  -    2.0 KB  RUN old\n"
        "  +    1.0 KB  RUN new (at another place)\n"
        "\nLabels\n"
        "  ~ v: 1 to 2\n"
        "  and 4 more\n"
        "\nEnvironment\n"
        "  + X: y\n"
        "\nConfiguration\n"
        "  - Cmd: [\"sh\"]\n"
        "\nDockerfile\n"
        "    ADD rootfs /\n"
        "  + RUN new\n");
}

/* Every text of an answer replaced by one that a terminal would obey. */
static void poison(json_t *json)
{
    const char *key;
    size_t i;
    json_t *value;
    void *next;
    if (json_is_string(json))
        json_string_set(json, "\033[31mred\r\n\u202e");
    json_array_foreach(json, i, value)
    {
        poison(value);
    }
    json_object_foreach_safe(json, next, key, value)
    {
        poison(value);
    }
}

static void no_view_lets_control_characters_through(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&pipe_terminal, &out};
    JSON_AUTO
    json_t *image = unit_json(
        "{'Digest':'','Description':'','Author':'','Platform':'','Platforms':[{'Platform':''}],"
        "'Attachments':[{'Type':''}],'Status':'','License':{'Code':''},'LatestSHA':'',"
        "'Progress':{},'VersionControl':{'URL':''},'Versions':[{'Digest':'','Tags':[{'tag':''}]}],"
        "'Metadata':[{'Key':'','Value':'','Source':'','Meaning':'','Others':[{'Key':'','Value':'',"
        "'Source':''}]}]}");
    JSON_AUTO
    json_t *version = unit_json(VERSION);
    JSON_AUTO
    json_t *difference =
        unit_json("{'A':{'Reference':'','Digest':'','Platform':''},'B':{},'Match':'','Base':{'A':{"
                  "'Name':'','Tag':''}},'Layers':{'Rows':[{'Change':'','Command':''}]},'Env':{"
                  "'Rows':[{'Name':'','Change':'','A':[''],'B':''}]},'Dockerfile':{'Added':1,"
                  "'Lines':[{'Change':'','Text':''}]}}");
    poison(image);
    poison(version);
    poison(difference);
    facts_view(&view, "x", image, version);
    layers_view(&view, version, LAYERS_SHORT);
    layers_view(&view, version, LAYERS_FULL);
    labels_view(&view, image);
    tags_view(&view, "x", image);
    compare_view(&view, difference);
    assert_true(out.len > 1000);
    assert_null(strpbrk(strbuf_str(&out), "\033\r"));
    assert_null(strstr(strbuf_str(&out), "\u202e"));
    assert_null(strstr(strbuf_str(&out), "red\n"));
}

static void colors_only_where_there_are_any(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&color_terminal, &out};
    JSON_AUTO
    json_t *version = unit_json(VERSION);
    layers_view(&view, version, LAYERS_SHORT);
    assert_non_null(strstr(strbuf_str(&out), "\033[1mLayers\033[0m\n"));
    assert_non_null(strstr(strbuf_str(&out), "\033[32m█████████░░░\033[0m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts),
        cmocka_unit_test(layers_in_short_and_in_full),
        cmocka_unit_test(long_commands_are_cut_or_wrapped),
        cmocka_unit_test(labels_tell_their_places),
        cmocka_unit_test(tags_by_digest),
        cmocka_unit_test(comparison),
        cmocka_unit_test(no_view_lets_control_characters_through),
        cmocka_unit_test(colors_only_where_there_are_any),
    };
    terminal_init();
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
