#include "unit.h"

#include <string.h>

#include "badge_facts.h"
#include "jsonx.h"
#include "mem.h"

static void written(struct strbuf *out, const char *wanted)
{
    assert_string_equal(strbuf_str(out), wanted);
    strbuf_release(out);
}

static void what_is_known_is_written(void **state)
{
    (void)state;
    struct strbuf out = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    JSON_AUTO
    json_t *facts = unit_json("{'DownloadSize':0,'LayerCount':3,'License':{'Code':'MIT'},"
                              "'VersionControl':{'Commit':'9f2c1ab'},'Created':"
                              "'2026-02-14T10:15:30Z','Labels':{'size':'7'}}");
    badge_facts_image(facts, &out);
    written(&out, "size=0\nlayers=3\nlicense=MIT\ncommit=9f2c1ab\ncreated=2026-02-14T10:15:30Z\n");
    JSON_AUTO
    json_t *hub = unit_json("{'PullCount':5000000000,'StarCount':0,'LastUpdated':''}");
    badge_facts_repository(hub, &out);
    badge_facts_version("1.2.3", &out);
    badge_facts_base("scratch", &out);
    written(&out, "pulls=5000000000\nstars=0\nversion=1.2.3\nbase=scratch\n");
    JSON_AUTO
    json_t *nothing = unit_json("{}");
    badge_facts_image(nothing, &out);
    badge_facts_repository(nothing, &out);
    badge_facts_repository(NULL, &out);
    badge_facts_version("", &out);
    written(&out, "");
}

static void values_stay_in_their_lines(void **state)
{
    (void)state;
    struct strbuf out = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_facts_base("a\nsize=1\r\nb", &out);
    written(&out, "base=a size=1  b\n");
    AUTO(free) char *text = xmalloc(10001);
    for (size_t i = 0; i < 10000; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[10000] = '\0';
    badge_facts_base(text, &out);
    assert_int_equal(out.len, strlen("base=\n") + 254); /* no half character */
    strbuf_release(&out);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct badge_facts facts = BADGE_FACTS_NONE;
    badge_facts_read("size=19503514\nlayers=12\nlicense=MIT\ncommit=a=b\n"
                     "created=2026-02-14T10:15:30.123Z\n",
                     &facts);
    badge_facts_read("pulls=7\nstars=0\nupdated=2026-06-21T05:14:48.231504Z\n", &facts);
    badge_facts_read("version=1.2.3\nbase=debian:12", &facts);
    badge_facts_read("", &facts);
    assert_int_equal(facts.size_bytes, 19503514);
    assert_int_equal(facts.layer_count, 12);
    assert_int_equal(facts.pull_count, 7);
    assert_int_equal(facts.star_count, 0);
    assert_int_equal(facts.created_ms, 1771064130123);
    assert_int_equal(facts.updated_ms, 1782018888231);
    assert_string_equal(facts.license, "MIT");
    assert_string_equal(facts.commit, "a=b");
    assert_string_equal(facts.version, "1.2.3");
    assert_string_equal(facts.base, "debian:12");
}

static void what_makes_no_sense_is_left_out(void **state)
{
    (void)state;
    struct badge_facts facts = BADGE_FACTS_NONE;
    badge_facts_read("size=-1\nlayers=12 and more\npulls=\nstars\n=5\nnew=1\n\n"
                     "created=0001-01-01T00:00:00Z\nupdated=yesterday\n",
                     &facts);
    assert_int_equal(facts.size_bytes, -1);
    assert_int_equal(facts.layer_count, -1);
    assert_int_equal(facts.pull_count, -1);
    assert_int_equal(facts.star_count, -1);
    assert_int_equal(facts.created_ms, 0);
    assert_int_equal(facts.updated_ms, 0);
    AUTO(free) char *text = xasprintf("license=%0*d\n", 3000, 0);
    badge_facts_read(text, &facts);
    assert_int_equal(strlen(facts.license), BADGE_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_written),
        cmocka_unit_test(values_stay_in_their_lines),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_makes_no_sense_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
