#include "unit.h"

#include <string.h>

#include "base_image.h"
#include "jsonx.h"
#include "mem.h"

#define HEX(c) "sha256:" c c c c c c c c c c c c c c c c
#define BASE_VERSION HEX("b0b0")
#define OTHER_VERSION HEX("0707")
#define STEP(command) "{'CreatedBy':'" command "','DiffID':'','Empty':true}"
#define LAYER(command, diff) "{'CreatedBy':'" command "','DiffID':'" diff "','Empty':false}"
#define ROOT LAYER("ADD rootfs", "d0") "," STEP("CMD sh")
#define APP ROOT "," LAYER("COPY a", "d1") "," STEP("CMD a")
#define FACTS(layers, more) "{'Layers':[" layers "]" more "}"
#define PLACE(name, version, first, layers, facts)                                                 \
    "{'Name':'" name "','Version':'" version "','Child':'" version "','Platform':'linux/amd64',"   \
    "'FirstMs':" first ",'Layers':" layers ",'Tag':'1','Facts':" facts "}"
#define ALPINE PLACE("docker.io/library/alpine", BASE_VERSION, "50", "1", FACTS(ROOT, ""))
#define COPY PLACE("ghcr.io/a/copy", OTHER_VERSION, "10", "1", FACTS(ROOT, ""))
#define ANNOTATED(name) ",'Annotations':{'org.opencontainers.image.base.name':'" name "'}"
#define LABELLED(name) ",'Labels':{'org.opencontainers.image.base.name':'" name "'}"

static struct base_answer found;

static int release(void **state)
{
    (void)state;
    base_answer_release(&found);
    return 0;
}

/* Texts with ' for ". */
static void find(const char *facts_text, const char *candidates_text, const char *provenance_text)
{
    JSON_AUTO
    json_t *facts = unit_json(facts_text);
    JSON_AUTO
    json_t *candidates = unit_json(candidates_text);
    JSON_AUTO
    json_t *provenance = provenance_text ? unit_json(provenance_text) : NULL;
    const struct base_question question = {
        .facts = facts, .provenance = provenance, .candidates = candidates};
    base_image_find(&question, &found);
}

static void expect_base(const char *text)
{
    JSON_AUTO
    json_t *expected = unit_json(text);
    if (!json_equal(found.base, expected)) {
        AUTO(free) char *got = found.base ? jsonx_dump(found.base) : xstrdup("nothing");
        fail_msg("%s instead of %s", got, text);
    }
}

static void expect_name(const char *name, const char *certainty)
{
    assert_string_equal(jsonx_str(found.base, "Name"), name);
    assert_string_equal(jsonx_str(found.base, "Certainty"), certainty);
}

static const json_t *evidence(size_t index)
{
    return json_array_get(jsonx_array(found.base, "Evidence"), index);
}

static void nothing_known_is_no_base(void **state)
{
    (void)state;
    find(FACTS(APP, ""), "[]", NULL);
    assert_null(found.base);
    assert_int_equal(json_array_size(found.parents), 0);
    assert_int_equal(found.steps, 0);
}

static void layers_prove_a_base(void **state)
{
    (void)state;
    find(FACTS(APP, ""), "[" ALPINE "]", NULL);
    expect_base("{'Name':'alpine','Tag':'1','Digest':'" BASE_VERSION
                "','Platform':'linux/amd64','Layers':1,'Certainty':'exact','Evidence':["
                "{'Kind':'chain','Name':'alpine','Tag':'1','Digest':'" BASE_VERSION
                "','Layers':1,'History':true}],'Alternatives':[]}");
    assert_int_equal(found.steps, 2);
}

static void a_tie_goes_to_the_official_then_to_the_first(void **state)
{
    (void)state;
    find(FACTS(APP, ""), "[" COPY "," ALPINE "]", NULL);
    expect_name("alpine", "exact");
    json_t *other = json_array_get(jsonx_array(found.base, "Alternatives"), 0);
    assert_string_equal(jsonx_str(other, "Name"), "ghcr.io/a/copy");
    base_answer_release(&found);
    find(FACTS(APP, ""),
         "[" PLACE("ghcr.io/b/late", BASE_VERSION, "60", "1", FACTS(ROOT, "")) "," COPY "]", NULL);
    expect_name("ghcr.io/a/copy", "exact");
}

static void most_layers_win(void **state)
{
    (void)state;
    find(FACTS(APP "," LAYER("RUN x", "d2"), ""),
         "[" ALPINE "," PLACE("ghcr.io/a/mid", OTHER_VERSION, "60", "2", FACTS(APP, "")) "]", NULL);
    expect_name("ghcr.io/a/mid", "exact");
    assert_int_equal(json_array_size(found.parents), 1);
    assert_int_equal(found.steps, 4);
}

static void a_history_that_differs_is_told(void **state)
{
    (void)state;
    find(FACTS(APP, ""),
         "[" PLACE("ghcr.io/a/copy", OTHER_VERSION, "10", "1",
                   FACTS(LAYER("import", "d0") "," STEP("ENV a=b"), "")) "]",
         NULL);
    expect_name("ghcr.io/a/copy", "exact");
    assert_true(json_is_false(json_object_get(evidence(0), "History")));
    assert_int_equal(found.steps, 1);
    base_answer_release(&found);
    find(FACTS(APP, ""),
         "[" PLACE("docker.io/library/x", OTHER_VERSION, "10", "1",
                   FACTS(LAYER("import", "d0"), "")) "," COPY "]",
         NULL);
    expect_name("ghcr.io/a/copy", "exact");
}

static void steps_without_layers_make_a_base_too(void **state)
{
    (void)state;
    find(FACTS(ROOT "," STEP("LABEL a=b"), ""), "[" ALPINE "]", NULL);
    expect_name("alpine", "exact");
    assert_int_equal(found.steps, 2);
    base_answer_release(&found);
    find(FACTS(ROOT, ""), "[" COPY "]", NULL);
    assert_null(found.base);
}

static void what_is_declared_settles_a_tie(void **state)
{
    (void)state;
    find(FACTS(APP, ANNOTATED("ghcr.io/a/copy:2")), "[" ALPINE "," COPY "]", NULL);
    expect_base("{'Name':'ghcr.io/a/copy','Tag':'2','Digest':'" OTHER_VERSION
                "','Platform':'linux/amd64','Layers':1,'Certainty':'exact','Evidence':["
                "{'Kind':'annotation','Name':'ghcr.io/a/copy','Tag':'2','Agrees':true},"
                "{'Kind':'chain','Name':'ghcr.io/a/copy','Tag':'1','Digest':'" OTHER_VERSION
                "','Layers':1,'History':true}],"
                "'Alternatives':[{'Name':'alpine','Tag':'1','Digest':'" BASE_VERSION "'}]}");
}

static void a_digest_agrees_whatever_the_name(void **state)
{
    (void)state;
    find(FACTS(APP, ",'Annotations':{'org.opencontainers.image.base.name':'mirror.example/alpine',"
                    "'org.opencontainers.image.base.digest':'" BASE_VERSION "'}"),
         "[" ALPINE "]", NULL);
    expect_name("alpine", "exact");
    assert_true(json_is_true(json_object_get(evidence(0), "Agrees")));
}

static void declared_and_measured_may_differ(void **state)
{
    (void)state;
    find(FACTS(APP, ANNOTATED("org/base:1")), "[" ALPINE "]", NULL);
    expect_name("org/base", "declared");
    assert_null(json_object_get(found.base, "Layers"));
    assert_true(json_is_false(json_object_get(evidence(0), "Agrees")));
    assert_string_equal(jsonx_str(evidence(1), "Name"), "alpine");
    assert_int_equal(found.steps, 2); /* these are the base's base's at least */
}

static void scratch_is_said(void **state)
{
    (void)state;
    find(FACTS(APP, ANNOTATED("scratch")), "[]", NULL);
    expect_base("{'Name':'scratch','Layers':0,'Certainty':'declared','Evidence':["
                "{'Kind':'annotation','Name':'scratch'}],'Alternatives':[]}");
}

static void a_label_may_be_the_bases(void **state)
{
    (void)state;
    const char *facts = FACTS(APP, LABELLED("debian:12"));
    find(facts, "[]", NULL);
    expect_name("debian", "declared");
    base_answer_release(&found);
    find(facts,
         "[" PLACE("ghcr.io/a/mid", OTHER_VERSION, "60", "1",
                   FACTS(ROOT, LABELLED("debian:12"))) "]",
         NULL);
    expect_name("ghcr.io/a/mid", "exact");
    assert_true(json_is_true(json_object_get(evidence(0), "Inherited")));
}

static void provenance_is_a_hint(void **state)
{
    (void)state;
    const char *one =
        "{'Materials':[{'URI':'pkg:docker/docker/dockerfile@1','Digest':''},"
        "{'URI':'pkg:docker/alpine@3?platform=linux%2Famd64','Digest':'" BASE_VERSION "'}]}";
    find(FACTS(APP, ""), "[]", one);
    expect_base("{'Name':'alpine','Tag':'3','Digest':'" BASE_VERSION
                "','Certainty':'guess','Evidence':[{'Kind':'provenance','Name':'alpine','Tag':'3',"
                "'Digest':'" BASE_VERSION "'}],'Alternatives':[]}");
    base_answer_release(&found);
    find(FACTS(APP, ""), "[]",
         "{'Materials':[{'URI':'pkg:docker/golang@1'},{'URI':'pkg:docker/alpine@3'}]}");
    assert_null(json_object_get(found.base, "Name")); /* which of the stages is not known */
    assert_int_equal(json_array_size(jsonx_array(found.base, "Evidence")), 2);
    base_answer_release(&found);
    find(FACTS(APP, ""), "[" ALPINE "]", one);
    expect_name("alpine", "exact");
    assert_true(json_is_true(json_object_get(evidence(1), "Agrees")));
}

static void a_builders_note_is_a_hint(void **state)
{
    (void)state;
    find("{'Layers':[{'CreatedBy':'ADD','DiffID':'d0','Empty':false,'Note':'base: scratch'},"
         "{'CreatedBy':'COPY','DiffID':'d1','Empty':false,'Note':'x; base: localhost/b:1'}]}",
         "[]", "{'Materials':[{'URI':'pkg:docker/golang@1'}]}");
    expect_name("localhost/b", "guess");
    assert_string_equal(jsonx_str(evidence(1), "Kind"), "history");
}

static void an_index_declares_for_its_images(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = unit_json(FACTS(APP, ANNOTATED("org/own")));
    JSON_AUTO
    json_t *bare = unit_json(FACTS(APP, ""));
    JSON_AUTO
    json_t *annotations = unit_json("{'org.opencontainers.image.base.name':'org/index'}");
    struct base_question question = {.facts = bare, .index_annotations = annotations};
    base_image_find(&question, &found);
    expect_name("org/index", "declared");
    base_answer_release(&found);
    question.facts = facts;
    base_image_find(&question, &found);
    expect_name("org/own", "declared");
}

static void foreign_names_are_shown_or_dropped(void **state)
{
    (void)state;
    find(FACTS(APP, ANNOTATED("<b>Not A Name</b>")), "[]", NULL);
    expect_name("<b>Not A Name</b>", "declared");
    base_answer_release(&found);
    JSON_AUTO
    json_t *facts = unit_json(FACTS(APP, ANNOTATED("x")));
    char name[600];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    json_object_set_new(jsonx_object(facts, "Annotations"), "org.opencontainers.image.base.name",
                        json_string(name));
    const struct base_question question = {.facts = facts};
    base_image_find(&question, &found);
    assert_null(found.base);
}

#define TEST(function) cmocka_unit_test_teardown(function, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_known_is_no_base),
        TEST(layers_prove_a_base),
        TEST(a_tie_goes_to_the_official_then_to_the_first),
        TEST(most_layers_win),
        TEST(a_history_that_differs_is_told),
        TEST(steps_without_layers_make_a_base_too),
        TEST(what_is_declared_settles_a_tie),
        TEST(a_digest_agrees_whatever_the_name),
        TEST(declared_and_measured_may_differ),
        TEST(scratch_is_said),
        TEST(a_label_may_be_the_bases),
        TEST(provenance_is_a_hint),
        TEST(a_builders_note_is_a_hint),
        TEST(an_index_declares_for_its_images),
        TEST(foreign_names_are_shown_or_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
