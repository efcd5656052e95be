#include "unit.h"

#include <string.h>

#include "fragment.h"
#include "jsonx.h"
#include "mem.h"
#include "version_facts.h"

/* The members of a packed fragment as an object; facts as unit_json takes them. Caller owns. */
static json_t *members_of(const char *text, void (*pack)(const json_t *facts, struct strbuf *out))
{
    JSON_AUTO
    json_t *facts = unit_json(text);
    AUTO(strbuf) struct strbuf packed = STRBUF_INIT(1u << 20);
    struct fragment fragment;
    pack(facts, &packed);
    assert_int_equal(fragment_unpack(strbuf_str(&packed), packed.len, &fragment), 0);
    AUTO(free)
    char *object = xasprintf("{%.*s}", (int)fragment.text_bytes, fragment.text);
    json_t *members;
    assert_int_equal(jsonx_parse(object, strlen(object), &members), 0);
    return members;
}

static void check(const char *facts, void (*pack)(const json_t *facts, struct strbuf *out),
                  const char *expected)
{
    JSON_AUTO
    json_t *members = members_of(facts, pack);
    JSON_AUTO
    json_t *wanted = unit_json(expected);
    AUTO(free) char *text = jsonx_dump(members);
    if (!json_equal(members, wanted))
        fail_msg("%s gives %s", facts, text);
}

/* As v1 at the top level: what is empty is left out, but for dates. */
static void top_leaves_out_what_is_empty(void **state)
{
    (void)state;
    check("{}", version_facts_top, "{'Created':'0001-01-01T00:00:00Z'}");
    check("{'LayerCount':0,'DownloadSize':0,'Created':'2026-01-01T00:00:00Z'}", version_facts_top,
          "{'Created':'2026-01-01T00:00:00Z'}");
    check("{'LayerCount':1,'DownloadSize':0,'Author':'A','Labels':{'a':'b'}}", version_facts_top,
          "{'LayerCount':1,'Author':'A','Labels':{'a':'b'},'Created':'0001-01-01T00:00:00Z'}");
}

/* A version has its numbers and its author in any case. */
static void version_has_zeros(void **state)
{
    (void)state;
    const char *nothing = "{'Author':'','LayerCount':0,'DownloadSize':0,"
                          "'Created':'0001-01-01T00:00:00Z'}";
    check("{}", version_facts_version, nothing);
    check("{'LayerCount':0,'DownloadSize':0}", version_facts_version, nothing);
}

static void entry_without_facts_is_pending(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *entry = json_object();
    JSON_AUTO
    json_t *wanted = unit_json("{'Author':'','LayerCount':0,'DownloadSize':0,"
                               "'Created':'0001-01-01T00:00:00Z','Pending':true}");
    version_facts_entry(NULL, entry);
    assert_true(json_equal(entry, wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top_leaves_out_what_is_empty),
        cmocka_unit_test(version_has_zeros),
        cmocka_unit_test(entry_without_facts_is_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
