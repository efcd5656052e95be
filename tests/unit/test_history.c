#include "unit.h"

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

/* "layer certainty command" a line, as the files in tests/data/history have it. */
static char *steps_text(const json_t *config, size_t layer_count)
{
    struct history_step *steps;
    size_t count;
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(MAX_BYTES);
    history_steps(config, layer_count, &steps, &count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(steps[i].empty, steps[i].layer < 0);
        assert_non_null(steps[i].created_by);
        strbuf_addf(&text, "%ld %s ", steps[i].layer, certainty_str(steps[i].certainty));
        for (const char *c = steps[i].command; *c; c++)
            strbuf_adds(&text, *c == '\n' ? "\\n" : (char[]){*c, '\0'});
        strbuf_addc(&text, '\n');
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

static void samples_of_the_classic_builder(void **state)
{
    (void)state;
    expect_sample("samples/docker-classic/config-root.json", "history/docker-classic.txt");
}

static void samples_of_buildkit(void **state)
{
    (void)state;
    expect_sample("samples/buildkit/plain-oci-no-attest/config-linux-amd64-7b04dec8.json",
                  "history/buildkit.txt");
}

static void samples_of_buildah(void **state)
{
    (void)state;
    expect_sample("samples/buildah/oci-layers/config-noplatform-4eebbc66.json",
                  "history/buildah.txt");
}

/* One entry; more of its members, and other entries before it, as JSON. */
struct example {
    const char *created_by;
    const char *command;
    enum certainty certainty;
};

static void expect_last(const char *before, const char *created_by, const char *more,
                        const char *command, enum certainty certainty)
{
    JSON_AUTO
    json_t *config = unit_json(before);
    json_t *entry = unit_json(more);
    if (created_by)
        json_object_set_new(entry, "created_by", json_string(created_by));
    json_array_append_new(json_object_get(config, "history"), entry);
    struct history_step *steps;
    size_t count;
    history_steps(config, 0, &steps, &count);
    const struct history_step *last = &steps[count - 1];
    assert_string_equal(last->command, command);
    assert_string_equal(certainty_str(last->certainty), certainty_str(certainty));
    assert_string_equal(last->created_by, created_by ? created_by : "");
    history_steps_free(steps, count);
}

static void expect_all(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_last("{'history':[{'created_by':'ARG FIRST'}]}", examples[i].created_by, "{}",
                    examples[i].command, examples[i].certainty);
}

static void entries_of_the_classic_builder(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"/bin/sh -c #(nop)  CMD [\"nginx\" \"-g\" \"daemon off;\"]",
         "CMD [\"nginx\", \"-g\", \"daemon off;\"]", CERTAINTY_EXACT},
        {"/bin/sh -c set -eux; \tapk add curl; \trm -rf /x",
         "RUN set -eux; apk add curl; rm -rf /x", CERTAINTY_EXACT},
        {"/bin/sh -c #(nop) COPY --chown=1000:0 dir:77aa in /srv ",
         "COPY --chown=1000:0 dir:77aa /srv", CERTAINTY_LOSSY},
        {"/bin/sh -c #(nop) COPY multi:0c1d in /etc/x/ ", "COPY multi:0c1d /etc/x/",
         CERTAINTY_LOSSY},
        {"/bin/sh -c #(nop) COPY file:0c1d in /a in b ", "COPY file:0c1d /a in b", CERTAINTY_LOSSY},
        {"/bin/sh -c #(nop) %s %s in %s  ADD file:4c97 in /main", "ADD file:4c97 /main",
         CERTAINTY_LOSSY},
        {"/bin/sh -c #(nop) ADD file:9f2c in / ", "ADD file:9f2c /", CERTAINTY_LOSSY},
        {"|2 A=1 VER=2.0 /bin/sh -c make", "RUN make", CERTAINTY_EXACT},
        {"/bin/sh -c echo \"#(nop) hi\"", "RUN echo \"#(nop) hi\"", CERTAINTY_EXACT},
        {"/bin/sh -c echo hi # buildkit", "RUN echo hi # buildkit", CERTAINTY_EXACT},
        {"cmd /S /C #(nop)  ENV A=b", "ENV A=b", CERTAINTY_EXACT},
        {"cmd /S /C REM (nop) ENV A=b", "ENV A=b", CERTAINTY_EXACT},
        {"powershell -Command $ErrorActionPreference = 'Stop'; Write-Host x", "RUN Write-Host x",
         CERTAINTY_LOSSY},
        {"/bin/sh -c #(nop)  ENTRYPOINT [\"/bin/sh\" \"-c\" \"exec \\\"$@\\\"\"]",
         "ENTRYPOINT [\"/bin/sh\", \"-c\", \"exec \\\"$@\\\"\"]", CERTAINTY_EXACT},
        {"/bin/sh -c #(nop)  CMD []", "CMD []", CERTAINTY_EXACT},
        {"/bin/sh -c #(nop)", "", CERTAINTY_GUESS},
        {"/bin/sh -c ", "RUN ", CERTAINTY_EXACT},
    };
    expect_all(examples, ARRAY_LEN(examples));
    expect_last("{'history':[]}", "/bin/sh -c #(nop) ADD file:9f2c in / ", "{}", "ADD rootfs /",
                CERTAINTY_LOSSY);
}

static void entries_of_buildkit(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"RUN |1 pkg=curl /bin/sh -c apk add $pkg # buildkit", "RUN apk add $pkg", CERTAINTY_EXACT},
        {"RUN apt-get update # buildkit", "RUN apt-get update", CERTAINTY_LOSSY},
        {"COPY --chown=app:app --chmod=755 a b /app/ # buildkit",
         "COPY --chown=app:app --chmod=755 a b /app/", CERTAINTY_EXACT},
        {"COPY <<run.sh /usr/bin/run.sh # buildkit", "COPY <<run.sh /usr/bin/run.sh",
         CERTAINTY_EXACT},
        {"RUN /bin/sh -c set -e\necho 1\n # buildkit", "RUN set -e\necho 1", CERTAINTY_EXACT},
        {"WORKDIR /app", "WORKDIR /app", CERTAINTY_EXACT},
        {"EXPOSE map[80/tcp:{} 53/udp:{}]", "EXPOSE 80/tcp 53/udp", CERTAINTY_EXACT},
        {"EXPOSE [80/tcp]", "EXPOSE 80/tcp", CERTAINTY_EXACT},
        {"EXPOSE map[]", "EXPOSE ", CERTAINTY_EXACT},
        {"EXPOSE $PORT", "EXPOSE $PORT", CERTAINTY_EXACT},
        {"VOLUME [/data /v 2]", "VOLUME /data /v 2", CERTAINTY_LOSSY},
        {"VOLUME [/data /v]", "VOLUME /data /v", CERTAINTY_EXACT},
        {"ENV TAGS=latest v0 B=1", "ENV TAGS=latest v0 B=1", CERTAINTY_LOSSY},
        {"ENV A=1 B=2", "ENV A=1 B=2", CERTAINTY_EXACT},
        {"CMD [\"a\\tb\" \"\\x1b[0m\" \"\\u00e9\\U0001f433\\xff\" \"\"]",
         "CMD [\"a\\tb\", \"\\u001B[0m\", \"\xc3\xa9\xf0\x9f\x90\xb3\xef\xbf\xbd\", \"\"]",
         CERTAINTY_EXACT},
        {"CMD [\"unclosed]", "CMD [\"unclosed]", CERTAINTY_LOSSY},
        {"CMD [\"bad \\q\"]", "CMD [\"bad \\q\"]", CERTAINTY_LOSSY},
        {"CMD [\"a\" x]", "CMD [\"a\" x]", CERTAINTY_LOSSY},
        {"HEALTHCHECK {Test:[CMD-SHELL x] Retries:3}", "HEALTHCHECK {Test:[CMD-SHELL x] Retries:3}",
         CERTAINTY_LOSSY},
        {"HEALTHCHECK NONE", "HEALTHCHECK NONE", CERTAINTY_EXACT},
    };
    expect_all(examples, ARRAY_LEN(examples));
}

static void build_arguments_come_off(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"|0 /bin/sh -c true", "RUN true", CERTAINTY_EXACT},
        {"RUN |2 A= B=x=y /bin/sh -c true # buildkit", "RUN true", CERTAINTY_EXACT},
        /* Blanks in a value that no ARG entry explains: one name, so it can end only there. */
        {"RUN |1 A=one two three /bin/sh -c true # buildkit", "RUN true", CERTAINTY_EXACT},
        /* Here B=2 may be part of A's value. */
        {"RUN |1 A=one B=2 /bin/sh -c true # buildkit", "RUN true", CERTAINTY_GUESS},
        {"|1 A=1 make all", "RUN make all", CERTAINTY_GUESS},
        {"|1 no name /bin/sh -c true", "RUN |1 no name /bin/sh -c true", CERTAINTY_GUESS},
        {"|x /bin/sh -c true", "RUN |x /bin/sh -c true", CERTAINTY_LOSSY},
        {"|99999999999999999999 A=1 /bin/sh -c x", "RUN |99999999999999999999 A=1 /bin/sh -c x",
         CERTAINTY_LOSSY},
        {"|-1 A=1 /bin/sh -c x", "RUN |-1 A=1 /bin/sh -c x", CERTAINTY_LOSSY},
        {"|3 A=1", "RUN |3 A=1", CERTAINTY_GUESS},
        {"|", "RUN |", CERTAINTY_LOSSY},
    };
    expect_all(examples, ARRAY_LEN(examples));
    expect_last("{'history':[{'created_by':'ARG MSG=say /bin/sh -c hi'}]}",
                "RUN |1 MSG=say /bin/sh -c hi /bin/sh -c echo $MSG # buildkit", "{}",
                "RUN echo $MSG", CERTAINTY_EXACT);
    expect_last("{'history':[{'created_by':'/bin/sh -c #(nop)  ARG A=x y'},"
                "{'created_by':'ARG B=1 C=2'}]}",
                "|3 A=x y B=1 C=2 /bin/sh -c true", "{}", "RUN true", CERTAINTY_EXACT);
}

static void the_shell_is_followed(void **state)
{
    (void)state;
    /* BuildKit notes the new shell, then puts it in front of each RUN. */
    expect_last("{'history':[{'created_by':'SHELL [/usr/bin/zsh -e -c]'}]}",
                "RUN /usr/bin/zsh -e -c print $x # buildkit", "{}", "RUN print $x",
                CERTAINTY_EXACT);
    /* The classic builder puts it in front of the very entry. */
    expect_last("{'history':[]}", "/usr/bin/zsh -e -c #(nop)  SHELL [/usr/bin/zsh -e -c]", "{}",
                "SHELL [\"/usr/bin/zsh\", \"-e\", \"-c\"]", CERTAINTY_LOSSY);
    expect_last("{'history':[{'created_by':'/usr/bin/zsh -c #(nop)  SHELL [/usr/bin/zsh -c]'}]}",
                "/usr/bin/zsh -c #(nop)  USER app", "{}", "USER app", CERTAINTY_EXACT);
    /* config.Shell tells where its words end. */
    expect_last("{'config':{'Shell':['/a b','-c']},'history':[]}", "SHELL [/a b -c]", "{}",
                "SHELL [\"/a b\", \"-c\"]", CERTAINTY_EXACT);
    /* A shell that nobody announced is part of the command. */
    expect_last("{'history':[]}", "RUN /usr/bin/zsh -c x # buildkit", "{}", "RUN /usr/bin/zsh -c x",
                CERTAINTY_LOSSY);
    expect_last("{'os':'windows','history':[]}", "cmd /S /C dir", "{}", "RUN dir", CERTAINTY_EXACT);
}

static void entries_of_other_tools(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"ko build ko://ex.org/m/cmd/x", "ko build ko://ex.org/m/cmd/x", CERTAINTY_FOREIGN},
        {"# debian.sh --arch 'amd64' out/ 'trixie' '@1781049600'",
         "# debian.sh --arch 'amd64' out/ 'trixie' '@1781049600'", CERTAINTY_FOREIGN},
        {"jib-gradle-plugin:3.4", "jib-gradle-plugin:3.4", CERTAINTY_FOREIGN},
        {"Apply image 2022-RTM-amd64", "Apply image 2022-RTM-amd64", CERTAINTY_FOREIGN},
        {"/bin/bash", "/bin/bash", CERTAINTY_GUESS},
        {"RUNNER --x", "RUNNER --x", CERTAINTY_GUESS},
        {"", "", CERTAINTY_MISSING},
    };
    expect_all(examples, ARRAY_LEN(examples));
    expect_last("{'history':[]}", NULL, "{'comment':'Imported from -'}", "# Imported from -",
                CERTAINTY_FOREIGN);
    expect_last("{'history':[]}", NULL, "{'created_by':7,'comment':null}", "", CERTAINTY_MISSING);
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

static void more_layers_than_steps(void **state)
{
    (void)state;
    expect_steps("{'history':[" EMPTY("USER b") "," OWNER("WORKDIR /a") "]}", 3,
                 "-1 exact USER b\n0 exact WORKDIR /a\n1 missing \n2 missing \n");
    /* The last step is as old as the image: what has no history lies below it. */
    expect_steps("{'created':'2024-01-02T03:04:05Z','history':[" EMPTY(
                     "USER b") ","
                               "{'created_by':'WORKDIR /a','created':'2024-01-02T03:04:05Z'}]}",
                 3, "0 missing \n1 missing \n-1 exact USER b\n2 guess WORKDIR /a\n");
    /* A date that means "not set" says nothing. */
    expect_steps("{'created':'0001-01-01T00:00:00Z','history':["
                 "{'created_by':'WORKDIR /a','created':'0001-01-01T00:00:00Z'}]}",
                 2, "0 exact WORKDIR /a\n1 missing \n");
}

static void a_config_of_another_image(void **state)
{
    (void)state;
    expect_steps("{'rootfs':{'diff_ids':['x']},'history':[" OWNER("WORKDIR /a") "]}", 2,
                 "0 missing \n1 missing \n");
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
    assert_string_equal(text, "0 missing \n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_the_classic_builder),
        cmocka_unit_test(samples_of_buildkit),
        cmocka_unit_test(samples_of_buildah),
        cmocka_unit_test(entries_of_the_classic_builder),
        cmocka_unit_test(entries_of_buildkit),
        cmocka_unit_test(build_arguments_come_off),
        cmocka_unit_test(the_shell_is_followed),
        cmocka_unit_test(entries_of_other_tools),
        cmocka_unit_test(layers_without_history),
        cmocka_unit_test(more_steps_than_layers),
        cmocka_unit_test(more_layers_than_steps),
        cmocka_unit_test(a_config_of_another_image),
        cmocka_unit_test(endless_histories_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
