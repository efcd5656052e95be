#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_BYTES (1024 * 1024)

static size_t layers_of(const json_t *config)
{
    return json_array_size(json_object_get(json_object_get(config, "rootfs"), "diff_ids"));
}

static void add_args(const json_t *build_args, struct strbuf *text)
{
    size_t i;
    json_t *argument;
    json_array_foreach(build_args, i, argument)
        strbuf_addf(text, "%s%s", i ? " " : "    args ", json_string_value(argument));
    strbuf_adds(text, build_args ? "\n" : "");
}

/* "layer certainty command" a line, below it "args" and "note", as the files in tests/data/history
 * have it. */
static char *steps_text(const json_t *config, size_t layer_count)
{
    struct history_step *steps;
    size_t count;
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(MAX_BYTES);
    history_steps(config, layer_count, &steps, &count);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].layer >= 0)
            assert_false(steps[i].empty);
        assert_non_null(steps[i].created_by);
        strbuf_addf(&text, "%ld %s ", steps[i].layer, certainty_str(steps[i].certainty));
        for (const char *c = steps[i].command; *c; c++)
            strbuf_adds(&text, *c == '\n' ? "\\n" : (char[]){*c, '\0'});
        strbuf_addc(&text, '\n');
        add_args(steps[i].build_args, &text);
        if (steps[i].note)
            strbuf_addf(&text, "    note %s\n", steps[i].note);
    }
    history_steps_free(steps, count);
    return strbuf_detach(&text);
}

static void expect_sample(const char *config_name, const char *expected_name)
{
    JSON_AUTO
    json_t *config = unit_read_json(config_name);
    size_t len;
    AUTO(free) char *expected = unit_read_file(expected_name, &len);
    AUTO(free) char *text = steps_text(config, layers_of(config));
    assert_string_equal(text, expected);
}

/* What real builders wrote, read as a whole. */
static void samples(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"docker-classic/config-root.json", "docker-classic"},
        {"docker-commit/config-root.json", "docker-commit"},
        {"buildkit/plain-oci-no-attest/config-linux-amd64-7b04dec8.json", "buildkit"},
        {"buildkit/multi-platform/config-linux-arm64-18090c53.json", "buildkit-arm64"},
        {"buildkit/multi-platform/config-windows-amd64-3ce30d94.json", "buildkit-windows"},
        {"buildah/oci-layers/config-noplatform-4eebbc66.json", "buildah"},
        {"buildah/docker-nolayers/config-root.json", "buildah-nolayers"},
        {"buildah/squash-timestamp/config-noplatform-3aaaeb18.json", "buildah-squash"},
        {"ko/config-root.json", "ko"},
        {"crane-append/config-root.json", "crane-append"},
        {"umoci/config-noplatform-31f12d2d.json", "umoci"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO(free) char *config = xasprintf("samples/%s", names[i][0]);
        AUTO(free) char *expected = xasprintf("history/%s.txt", names[i][1]);
        expect_sample(config, expected);
    }
}

/* Alignment with the manifest's layers */

static void expect_steps(const char *config_text, size_t layer_count, const char *expected)
{
    JSON_AUTO
    json_t *config = config_text ? unit_json(config_text) : NULL;
    AUTO(free) char *text = steps_text(config, layer_count);
    assert_string_equal(text, expected);
}

#define EMPTY(text) "{'created_by':'" text "','empty_layer':true}"
#define OWNER(text) "{'created_by':'" text "'}"

static void layers_without_history(void **state)
{
    (void)state;
    static const char two_missing[] = "0 missing \n1 missing \n";
    expect_steps(NULL, 2, two_missing);
    expect_steps("{}", 2, two_missing);
    expect_steps("{'history':null}", 2, two_missing);
    expect_steps("{'history':[]}", 2, two_missing);
    expect_steps("{'history':'x','rootfs':7}", 2, two_missing);
    expect_steps("[]", 0, "");
    expect_steps("{'history':[null,5,'x']}", 2, "0 missing \n1 missing \n-1 missing \n");
}

static void more_steps_than_layers(void **state)
{
    (void)state;
    expect_steps("{'history':[" OWNER("WORKDIR /a") "," EMPTY("USER b") "," OWNER("USER c") "]}", 1,
                 "0 exact WORKDIR /a\n-1 exact USER b\n-1 exact USER c\n");
}

#define MISALIGNED(layer)                                                                          \
    layer " missing \n    note misaligned: the history does not tell which step made it\n"

static void more_layers_than_steps(void **state)
{
    (void)state;
    expect_steps("{'history':[" EMPTY("USER b") "," OWNER("WORKDIR /a") "]}", 3,
                 "-1 exact USER b\n0 exact WORKDIR /a\n1 missing \n2 missing \n");
    /* The last step is as old as the image: what has no history lies below it, and nobody knows
     * where it ends. */
    expect_steps("{'created':'2024-01-02T03:04:05Z','history':[" EMPTY(
                     "USER b") ","
                               "{'created_by':'WORKDIR /a','created':'2024-01-02T03:04:05Z'}]}",
                 3,
                 MISALIGNED("0") MISALIGNED("1") MISALIGNED(
                     "2") "-1 exact USER b\n"
                          "-1 exact WORKDIR /a\n    note misaligned: its layer is not known\n");
    /* A date that means "not set" says nothing. */
    expect_steps("{'created':'0001-01-01T00:00:00Z','history':["
                 "{'created_by':'WORKDIR /a','created':'0001-01-01T00:00:00Z'}]}",
                 2, "0 exact WORKDIR /a\n1 missing \n");
}

static void a_config_of_another_image(void **state)
{
    (void)state;
    static const char other[] = "    note the config's layers are not the manifest's\n";
    AUTO(free) char *expected = xasprintf("0 missing \n%s1 missing \n%s", other, other);
    expect_steps("{'rootfs':{'diff_ids':['x']},'history':[" OWNER("WORKDIR /a") "]}", 2, expected);
    expect_steps("{'rootfs':{'diff_ids':[]},'history':[" OWNER("WORKDIR /a") "]}", 1,
                 "0 exact WORKDIR /a\n");
    expect_steps("{'rootfs':{'diff_ids':['x']},'history':[" OWNER("WORKDIR /a") "]}", 1,
                 "0 exact WORKDIR /a\n");
}

static void endless_histories_are_left_out(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *config = unit_json("{'history':[]}");
    for (int i = 0; i < 5000; i++)
        json_array_append_new(json_object_get(config, "history"), unit_json(OWNER("USER a")));
    AUTO(free) char *text = steps_text(config, 1);
    assert_string_equal(text, "0 missing \n    note the history is too long\n");
}

/* Hostile texts */

#define HUGE_BYTES (512u << 10)
#define WHOLE_CONFIG_BYTES (8u << 20) /* no larger one is read */

/* before + part again and again + behind, about `bytes` long. */
static char *repeated_to(size_t bytes, const char *before, const char *part, const char *behind)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(bytes * 2);
    strbuf_adds(&text, before);
    while (text.len < bytes)
        strbuf_adds(&text, part);
    strbuf_adds(&text, behind);
    return strbuf_detach(&text);
}

static char *repeated(const char *before, const char *part, const char *behind)
{
    return repeated_to(HUGE_BYTES, before, part, behind);
}

static void add_entry(json_t *config, const char *created_by)
{
    json_array_append_new(json_object_get(config, "history"),
                          json_pack("{s:s}", "created_by", created_by));
}

/* Takes created_by. Work that grows with the square of the text would take hours here. */
static void read_huge(json_t *config, char *created_by, const char *command_start)
{
    add_entry(config, created_by);
    struct history_step *steps;
    size_t count;
    history_steps(config, 0, &steps, &count);
    AUTO(free) char *start = xstrndup(steps[count - 1].command, strlen(command_start));
    assert_string_equal(start, command_start);
    history_steps_free(steps, count);
    json_array_clear(json_object_get(config, "history"));
    free(created_by);
}

static void huge_entries_take_linear_time(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *config = unit_json("{'history':[],'config':{'Env':[],'Labels':{},'Volumes':{}}}");
    json_t *inner = json_object_get(config, "config");
    read_huge(config, repeated("CMD [", "\"\" ", "\"\"]"), "CMD [\"\", ");
    read_huge(config, repeated_to(WHOLE_CONFIG_BYTES, "LABEL a=", "b ", ""), "LABEL a=\"b b");
    read_huge(config, repeated("ENTRYPOINT [\"", "\\n", "\"]"), "ENTRYPOINT [\"\\n");
    read_huge(config, repeated("COPY ", "xab in ", ""), "COPY xab in xab");
    read_huge(config, repeated("/bin/sh -c #(nop) USER a", "|unsetLabel=x", ""), "USER a");
    read_huge(config, repeated("RUN /bin/sh -c ", "EOF1\nEOF2\n", " # buildkit"), "RUN <<EOF3\n");
    read_huge(config, repeated("RUN |1000 A=x", " A=x", " /bin/sh -c y"), "RUN ");
    read_huge(config, repeated("/bin/sh ", "-e ", "-c x"), "RUN ");
    read_huge(config, repeated("LABEL ", "a", "=b c=d"), "LABEL a");
    AUTO(free) char *known = repeated("A=", "x A=", "y");
    json_array_append_new(json_object_get(inner, "Env"), json_string(known));
    read_huge(config, repeated("ENV A=", "x A=", "z"), "ENV A=x A=x");
    AUTO(free) char *argument = repeated("ARG A=", "x A=", "y");
    add_entry(config, argument);
    read_huge(config, repeated("RUN |1000 A=", "x A=", "z /bin/sh -c y"), "RUN y");
    AUTO(free) char *shell = repeated("SHELL [", "a ", "b]");
    add_entry(config, shell);
    read_huge(config, repeated("RUN |1 A=1 ", "a ", "c"), "RUN a a");
    json_object_set_new(json_object_get(inner, "Volumes"), "/a b", json_object());
    read_huge(config, repeated("VOLUME [/a b", " /a b", "]"), "VOLUME [\"/a b\", ");
    for (int i = 0; i < 20000; i++)
        json_array_append_new(json_object_get(inner, "Env"), json_string("B="));
    read_huge(config, repeated("ENV A=", "b ", ""), "ENV A=\"b b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples),
        cmocka_unit_test(layers_without_history),
        cmocka_unit_test(more_steps_than_layers),
        cmocka_unit_test(more_layers_than_steps),
        cmocka_unit_test(a_config_of_another_image),
        cmocka_unit_test(endless_histories_are_left_out),
        cmocka_unit_test(huge_entries_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
