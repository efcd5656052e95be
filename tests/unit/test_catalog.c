#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "catalog.h"
#include "clock.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"
#include "strbuf.h"

#define CALL_MS 5000
#define DAY_MS (24 * 3600 * INT64_C(1000))
#define MANY 1000000
#define HUB "docker.io/"

static struct redis_server server;
static struct loop *loop;
static struct redis *redis;

static int start(void **state)
{
    (void)state;
    redis_server_start(&server);
    loop = loop_new();
    redis = redis_new(loop, server.url, "test");
    return redis_call(redis, CALL_MS, NULL, "PING");
}

static int stop(void **state)
{
    (void)state;
    redis_free(redis);
    loop_free(loop);
    redis_server_stop(&server);
    return 0;
}

/* Names and total of a reading, as "name name ... (total)". */
struct result {
    bool done;
    int err;
    struct strbuf text;
};

static void on_page(void *arg, int err, const struct catalog_page *page)
{
    struct result *result = arg;
    result->done = true;
    result->err = err;
    for (size_t i = 0; !err && i < page->count; i++)
        strbuf_addf(&result->text, "%s ", page->names[i]);
    if (!err)
        strbuf_addf(&result->text, "(%d)", (int)page->total);
}

static void lists(enum catalog_list list, const char *term, int page, const char *wanted)
{
    struct result result = {.text = STRBUF_INIT(65536)};
    const struct catalog_query query = {.list = list, .page = page, .term = term};
    catalog_read(redis, &query, on_page, &result);
    loop_run_until(loop, &result.done, loop_now_ms(loop) + CALL_MS);
    assert_int_equal(result.err, 0);
    if (strcmp(strbuf_str(&result.text), wanted) != 0)
        fail_msg("%s: %s, not %s", term ? term : "list", strbuf_str(&result.text), wanted);
    strbuf_release(&result.text);
}

static void finds(const char *term, const char *wanted)
{
    lists(CATALOG_LIST_SEARCH, term, 1, wanted);
}

static int64_t number(const char *command)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(redis_call(redis, CALL_MS, &reply, command), 0);
    return redis_int(reply);
}

static void put_entry(const struct catalog_entry *entry, int64_t most)
{
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "HSET mb:1:doc:%s meta 1", entry->name), 0);
    catalog_put(redis, entry, most, 1000);
}

static void put(const char *name, int64_t pulls)
{
    const struct catalog_entry entry = {.name = name, .inspected_ms = clock_ms(), .pulls = pulls};
    put_entry(&entry, MANY);
}

static void forget_document(const char *name)
{
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "DEL mb:1:doc:%s", name), 0);
}

static void search_ranks_exact_prefix_word_and_part(void **state)
{
    (void)state;
    put(HUB "me/mynginx", 9000000);
    put(HUB "bitnami/nginx", 500);
    put(HUB "nginx/unit", 10);
    put("quay.io/org/nginx", 600);
    put(HUB "nginxinc/nginx-unprivileged", 20);
    put(HUB "library/nginx", 1);
    put(HUB "library/redis", 99999999);
    finds("nginx", HUB "library/nginx " HUB "nginxinc/nginx-unprivileged " HUB "nginx/unit "
                       "quay.io/org/nginx " HUB "bitnami/nginx " HUB "me/mynginx (6)");
    finds("NGINX/", HUB "nginx/unit (1)");
    finds("library/nginx", HUB "library/nginx (1)");
    finds("docker.io/library/redis", HUB "library/redis (1)");
    finds("quay.io/org/nginx", "quay.io/org/nginx (1)");
    finds("y.io", "quay.io/org/nginx (1)");
    finds("edi", HUB "library/redis (1)");
    finds("io/nginx", "(0)"); /* where the host is not shown it is not searched */
}

static void search_gives_ten(void **state)
{
    (void)state;
    AUTO(strbuf) struct strbuf wanted = STRBUF_INIT(4096);
    for (int i = 0; i < 30; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/app%d", i);
        put(name, i);
    }
    for (int i = 29; i > 19; i--)
        strbuf_addf(&wanted, HUB "o/app%d ", i);
    strbuf_adds(&wanted, "(10)");
    finds("app", strbuf_str(&wanted));
    finds("p", strbuf_str(&wanted));
}

/* More names hold the term than are looked at. */
static void the_most_pulled_are_found_among_many(void **state)
{
    (void)state;
    for (int i = 0; i < 1500; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/aaapp%d", i);
        put(name, i < 10 ? 1000 - i : 1);
    }
    put(HUB "other/zapp", 0);
    finds("app",
          HUB "o/aaapp0 " HUB "o/aaapp1 " HUB "o/aaapp2 " HUB "o/aaapp3 " HUB "o/aaapp4 " HUB
              "o/aaapp5 " HUB "o/aaapp6 " HUB "o/aaapp7 " HUB "o/aaapp8 " HUB "o/aaapp9 (10)");
    finds("zapp", HUB "other/zapp (1)");
    finds("aaapp1499", HUB "o/aaapp1499 (1)");
}

static void bug_16_wildcards_are_plain_text(void **state)
{
    (void)state;
    put(HUB "o/a_b", 1);
    put(HUB "o/axb", 2);
    finds("a_b", HUB "o/a_b (1)");
    static const char *const none[] = {"%",     "a%b",          "a.b",      "*",   "a?b",
                                       "[a-z]", "^o",           "\\",       "a b", " ",
                                       "",      "o/a_b docker", "\xc3\xa4", "'",   "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        finds(none[i], "(0)");
    char *long_term = xmalloc(3000);
    memset(long_term, 'a', 2999);
    long_term[2999] = '\0';
    finds(long_term, "(0)");
    free(long_term);
}

static void what_is_gone_is_dropped_by_who_meets_it(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/gone%d", i);
        const struct catalog_entry entry = {.name = name,
                                            .inspected_ms = clock_ms(),
                                            .pulls = i,
                                            .badges = 2,
                                            .has_label_schema = true};
        put_entry(&entry, MANY);
    }
    for (int i = 1; i < 12; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/gone%d", i);
        forget_document(name);
    }
    finds("gone", HUB "o/gone0 (1)");
    lists(CATALOG_LIST_LABEL_SCHEMA, NULL, 1, HUB "o/gone0 (1)");
    lists(CATALOG_LIST_RECENT, NULL, 1, HUB "o/gone0 (1)");
    assert_int_equal(number("ZCARD mb:1:cat:seen"), 1);
    assert_int_equal(number("ZCARD mb:1:cat:pulls"), 1);
    assert_int_equal(number("ZCARD mb:1:cat:badges"), 1);
    assert_int_equal(number("GET mb:1:cat:total"), 2);
    assert_int_equal(number("ZCARD mb:1:cat:parts"), (int)strlen("o/gone0"));
}

static void writers_sweep_what_nobody_asks_for(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/old%d", i);
        put(name, 1);
    }
    for (int i = 0; i < 20; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/old%d", i);
        forget_document(name);
    }
    for (int i = 0; i < 2000 && number("ZCARD mb:1:cat:seen") > 1; i++)
        put(HUB "o/new", 1);
    assert_int_equal(number("ZCARD mb:1:cat:seen"), 1);
    assert_int_equal(number("ZCARD mb:1:cat:parts"), (int)strlen("o/new"));
}

static void longest_ago_inspected_are_dropped_above_the_cap(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/n%d", i);
        const struct catalog_entry entry = {.name = name, .inspected_ms = 1000 + (i + 5) % 8};
        put_entry(&entry, 5);
    }
    assert_int_equal(number("ZCARD mb:1:cat:seen"), 5);
    finds("o/n", HUB "o/n0 " HUB "o/n1 " HUB "o/n2 " HUB "o/n6 " HUB "o/n7 (5)");
}

static void recent_ones_were_first_seen_in_two_weeks(void **state)
{
    (void)state;
    int64_t now_ms = clock_ms();
    static const int ages[] = {20, 13, 6, 5, 4, 3, 2};
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        AUTO(free) char *name = xasprintf(HUB "o/age%d", ages[i]);
        const struct catalog_entry entry = {.name = name,
                                            .inspected_ms = now_ms - ages[i] * DAY_MS};
        put_entry(&entry, MANY);
    }
    put(HUB "o/age20", 1); /* inspected again, first seen long ago */
    lists(CATALOG_LIST_RECENT, NULL, 1,
          HUB "o/age2 " HUB "o/age3 " HUB "o/age4 " HUB "o/age5 " HUB "o/age6 (5)");
}

static void label_schema_ones_come_in_pages(void **state)
{
    (void)state;
    for (int i = 0; i < 250; i++) {
        AUTO(free) char *name = xasprintf(HUB "o/n%03d", 249 - i);
        const struct catalog_entry entry = {
            .name = name, .inspected_ms = clock_ms(), .has_label_schema = true};
        put_entry(&entry, MANY);
    }
    put(HUB "o/without", 1);
    AUTO(strbuf) struct strbuf last = STRBUF_INIT(65536);
    for (int i = 200; i < 250; i++)
        strbuf_addf(&last, HUB "o/n%03d ", i);
    strbuf_adds(&last, "(250)");
    lists(CATALOG_LIST_LABEL_SCHEMA, NULL, 3, strbuf_str(&last));
    lists(CATALOG_LIST_LABEL_SCHEMA, NULL, 4, "(250)");
    put(HUB "o/n249", 1); /* its labels are gone */
    lists(CATALOG_LIST_LABEL_SCHEMA, NULL, 4, "(249)");
}

struct counts {
    bool done;
    int64_t badges, images;
};

static void on_counts(void *arg, int err, int64_t badges, int64_t images)
{
    assert_int_equal(err, 0);
    *(struct counts *)arg = (struct counts){true, badges, images};
}

static void badges_are_counted(int64_t badges, int64_t images)
{
    struct counts counts = {0};
    catalog_counts(redis, on_counts, &counts);
    loop_run_until(loop, &counts.done, loop_now_ms(loop) + CALL_MS);
    assert_int_equal(counts.badges, badges);
    assert_int_equal(counts.images, images);
}

static void badge_counts_follow_the_descriptions(void **state)
{
    (void)state;
    badges_are_counted(0, 0);
    struct catalog_entry a = {.name = HUB "o/a", .inspected_ms = 1, .badges = 3};
    const struct catalog_entry b = {.name = HUB "o/b", .inspected_ms = 2, .badges = 1};
    put_entry(&a, MANY);
    put_entry(&b, MANY);
    put_entry(&b, MANY);
    badges_are_counted(4, 2);
    a.badges = 2;
    put_entry(&a, MANY);
    badges_are_counted(3, 2);
    a.badges = 0;
    put_entry(&a, MANY);
    badges_are_counted(1, 1);
}

static void an_evicted_index_comes_back(void **state)
{
    (void)state;
    put(HUB "o/a", 1);
    assert_int_equal(number("DEL mb:1:cat:parts"), 1);
    put(HUB "o/a", 1);
    assert_int_equal(number("ZCARD mb:1:cat:parts"), 3);
    assert_in_range(number("TTL mb:1:cat:parts"), 1, 1000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(search_ranks_exact_prefix_word_and_part),
        TEST(search_gives_ten),
        TEST(the_most_pulled_are_found_among_many),
        TEST(bug_16_wildcards_are_plain_text),
        TEST(what_is_gone_is_dropped_by_who_meets_it),
        TEST(writers_sweep_what_nobody_asks_for),
        TEST(longest_ago_inspected_are_dropped_above_the_cap),
        TEST(recent_ones_were_first_seen_in_two_weeks),
        TEST(label_schema_ones_come_in_pages),
        TEST(badge_counts_follow_the_descriptions),
        TEST(an_evicted_index_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
