#include "unit.h"

#include <string.h>

#include "dockerfile.h"
#include "dockerfile_line.h"
#include "jsonx.h"
#include "mem.h"

static const char after_header[] = "FROM scratch\n";

/* The text below the header; layers as unit_json takes it. */
static void expect_text(const char *layers, const char *expected)
{
    JSON_AUTO
    json_t *list = unit_json(layers);
    AUTO(free) char *text = dockerfile_text(list, "linux/amd64");
    const char *body = strstr(text, after_header);
    assert_non_null(body);
    assert_string_equal(body + strlen(after_header), expected);
}

static void expect_line(const char *command, char escape, const char *expected)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(4096);
    dockerfile_instruction(command, escape, &out);
    assert_string_equal(strbuf_str(&out), expected);
}

static void header_says_what_it_is(void **state)
{
    (void)state;
    AUTO(free) char *text = dockerfile_text(NULL, "linux/amd64");
    assert_non_null(strstr(text, "# Reconstructed from the image's history: not the Dockerfile"));
    assert_int_equal(strncmp(text, "# Reconstructed", 15), 0);
    AUTO(free) char *windows = dockerfile_text(NULL, "windows/amd64");
    assert_int_equal(strncmp(windows, "# escape=`\n# Reconstructed", 26), 0);
}

static void marks_stand_above_their_lines(void **state)
{
    (void)state;
    expect_text("[{'Command':'USER a','Certainty':'exact'},"
                "{'Command':'COPY file:ab /x','Certainty':'lossy'},"
                "{'Command':'RUN make','Certainty':'lossy','Note':'exec form',"
                "'BuildArgs':['A=1','B=x y']},"
                "{'Command':'RUN x','Certainty':'exact','Note':'base: b:1'}]",
                "USER a\n# lossy\nCOPY file:ab /x\n# lossy: exec form\n"
                "# build arguments: A=1 B=x y\nRUN make\n# note: base: b:1\nRUN x\n");
}

static void what_is_no_instruction_is_a_comment(void **state)
{
    (void)state;
    expect_text("[{'Command':'apko','Certainty':'foreign','Note':'one layer'},"
                "{'Command':'','Certainty':'missing'},"
                "{'Command':'FROM (Windows base) 1','Certainty':'foreign'},"
                "{'Command':'FROM evil','Certainty':'exact'},"
                "{'Command':'docker commit (ran sh)','Certainty':'guess'},"
                "{'Command':7},null]",
                "# foreign: apko\n# note: one layer\n"
                "# missing: a layer without a history entry\n"
                "# foreign: FROM (Windows base) 1\n# exact: FROM evil\n"
                "# guess: docker commit (ran sh)\n"
                "# missing: a layer without a history entry\n"
                "# missing: a layer without a history entry\n");
    expect_text("[{'Command':'crane flatten sha256:ab','Certainty':'foreign',"
                "'FlattenedFrom':['RUN a','RUN b\\nRUN c']}]",
                "# foreign: crane flatten sha256:ab\n#     RUN a\n#     RUN b\xe2\x90\x8aRUN c\n");
}

static void the_base_image_is_set_apart(void **state)
{
    (void)state;
    expect_text("[{'Command':'ADD a /','Certainty':'exact','Base':true},"
                "{'Command':'CMD b','Certainty':'exact','Base':true},"
                "{'Command':'USER c','Certainty':'exact'}]",
                "\n# Steps of the base image:\nADD a /\nCMD b\n"
                "\n# Steps of this image:\nUSER c\n");
}

static void long_commands_are_broken_outside_quotes(void **state)
{
    (void)state;
    expect_line("RUN a && b", '\\', "RUN a && b\n");
    expect_line("RUN set -eux; apk add --no-cache build-base && echo \"a && b; c\" 'd && e'  &&   "
                "make -j2 ; true",
                '\\',
                "RUN set -eux; \\\n    apk add --no-cache build-base \\\n"
                "    && echo \"a && b; c\" 'd && e' \\\n    && make -j2 ; \\\n    true\n");
    /* A line of its own for a comment or for nothing would swallow the next instruction. */
    expect_line(
        "RUN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa && b; # c && "
        "d; ",
        '`',
        "RUN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa `\n"
        "    && b; # c `\n    && d;\n");
    expect_line(
        "RUN echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa a\\; b \\\" "
        "&& c",
        '\\',
        "RUN echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa a\\; b "
        "\\\" \\\n    && c\n");
}

static void no_value_begins_a_line(void **state)
{
    (void)state;
    expect_line("ENV A=\"x\nRUN evil\"", '\\', "ENV A=\"x\xe2\x90\x8aRUN evil\"\n");
    expect_line("RUN x\r\nRUN evil", '\\', "RUN x\xe2\x90\x8d\xe2\x90\x8aRUN evil\n");
    expect_line("USER a\\", '\\', "USER a\\\\\n");
    expect_line("USER a\\ \t", '\\', "USER a\\\\\n");
    expect_line("USER a\\\\", '\\', "USER a\\\\\n");
    expect_line("USER a`", '`', "USER a``\n");
    expect_line("USER a\x1b[31m\x7f", '\\', "USER a\xe2\x90\x9b[31m\xe2\x90\xa1\n");
    expect_line("USER \xe2\x80\xae\xe2\x80\x8b\xc2\x85\xef\xbb\xbf\xc3\xa9\xf0\x9f\x90\xb3", '\\',
                "USER <U+202E><U+200B><U+0085><U+FEFF>\xc3\xa9\xf0\x9f\x90\xb3\n");
    expect_text("[{'Command':'x\\nRUN a','Certainty':'foreign','Note':'b\\nRUN c'},"
                "{'Command':'RUN d','Certainty':'exact\\nRUN e','BuildArgs':['A=\\nRUN f']}]",
                "# foreign: x\xe2\x90\x8aRUN a\n# note: b\xe2\x90\x8aRUN c\n"
                "# guess\n# build arguments: A=\xe2\x90\x8aRUN f\nRUN d\n");
}

static void here_documents_end_where_they_should(void **state)
{
    (void)state;
    expect_line("RUN <<EOF\nset -e\n\techo 1\nEOF", '\\', "RUN <<EOF\nset -e\n\techo 1\nEOF\n");
    expect_line("RUN <<-\"PY\" python3\nx\n\tPY", '\\', "RUN <<-\"PY\" python3\nx\n\tPY\n");
    /* Without content it ends at once. */
    expect_line("COPY <<a <<b /dir/", '\\', "COPY <<a <<b /dir/\na\nb\n");
    expect_line("RUN 3<<X cat", '\\', "RUN 3<<X cat\nX\n");
    /* In quotes, or for other instructions, it is none. */
    expect_line("RUN echo 'a <<b c'", '\\', "RUN echo 'a <<b c'\n");
    expect_line("ENV A=1 <<b", '\\', "ENV A=1 <<b\n");
    expect_line("RUN cat <<<word", '\\', "RUN cat <<<word\n");
    /* One that ends before its last line would let the rest out. */
    expect_line("RUN <<EOF\na\nEOF\nRUN evil\nEOF", '\\',
                "RUN <<EOF\xe2\x90\x8a"
                "a\xe2\x90\x8a"
                "EOF\xe2\x90\x8aRUN evil\xe2\x90\x8a"
                "EOF\nEOF\xe2\x90\x8a"
                "a\xe2\x90\x8a"
                "EOF\xe2\x90\x8aRUN\n");
    expect_line("COPY <<A <<B /d\nx\nA\nRUN evil\nB", '\\',
                "COPY <<A <<B /d\xe2\x90\x8ax\xe2\x90\x8a"
                "A\xe2\x90\x8aRUN evil\xe2\x90\x8a"
                "B\nA\nB\n");
}

static void recorded_text_is_kept(void **state)
{
    (void)state;
    AUTO(free) char *plain = dockerfile_recorded("FROM a\n\tRUN b", "SLSA provenance");
    assert_string_equal(plain, "# The Dockerfile as the builder recorded it: SLSA provenance\n"
                               "FROM a\n\tRUN b\n");
    AUTO(free)
    char *directives = dockerfile_recorded(
        "# syntax=docker/dockerfile:1\r\n#escape=`\r\n# check=skip=all\n# escaped later\nFROM a\n",
        "x\ny");
    assert_string_equal(directives, "# syntax=docker/dockerfile:1\n#escape=`\n# check=skip=all\n"
                                    "# The Dockerfile as the builder recorded it: x\xe2\x90\x8ay\n"
                                    "# escaped later\nFROM a\n");
    AUTO(free) char *hostile = dockerfile_recorded("FROM a\x1b[2J\xe2\x80\xae\n", "p");
    assert_non_null(strstr(hostile, "FROM a\xe2\x90\x9b[2J<U+202E>\n"));
    AUTO(free) char *empty = dockerfile_recorded("", "p");
    assert_string_equal(empty, "# The Dockerfile as the builder recorded it: p\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_says_what_it_is),
        cmocka_unit_test(marks_stand_above_their_lines),
        cmocka_unit_test(what_is_no_instruction_is_a_comment),
        cmocka_unit_test(the_base_image_is_set_apart),
        cmocka_unit_test(long_commands_are_broken_outside_quotes),
        cmocka_unit_test(no_value_begins_a_line),
        cmocka_unit_test(here_documents_end_where_they_should),
        cmocka_unit_test(recorded_text_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
