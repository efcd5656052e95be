#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cache.h"
#include "mem.h"

static struct cache *cache;

static int start(void **state)
{
    (void)state;
    cache = cache_new(100000);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    cache_free(cache);
    return 0;
}

/* Only its size counts here. */
static struct answer *put(const char *target, const char *name, size_t bytes, int64_t now_ms)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    answer->refs = 1;
    answer->bytes = bytes;
    cache_put(cache, target, (const char *const[2]){name}, answer, now_ms);
    if (answer->refs == 1) {
        answer_unref(answer);
        return NULL;
    }
    answer_unref(answer);
    return answer;
}

static struct answer *put_two(const char *target, const char *a, const char *b, size_t bytes)
{
    struct answer *answer = xcalloc(1, sizeof(*answer));
    answer->refs = 1;
    answer->bytes = bytes;
    cache_put(cache, target, (const char *const[2]){a, b}, answer, 0);
    answer_unref(answer);
    return answer;
}

static void an_entry_of_two_images_ends_with_either(void **state)
{
    (void)state;
    put_two("/ab", "a", "b", 100);
    put_two("/aa", "a", "a", 100);
    const struct answer *other = put_two("/cd", "c", "d", 100);
    cache_expire(cache, "b");
    assert_null(cache_get(cache, "/ab", 1, false));
    assert_non_null(cache_get(cache, "/aa", 1, false));
    cache_expire(cache, "a");
    assert_null(cache_get(cache, "/aa", 1, false));
    assert_ptr_equal(cache_get(cache, "/cd", 1, false), other);
    put_two("/ab", "a", "b", 200); /* in its old one's place */
    assert_non_null(cache_get(cache, "/ab", 1, false));
    cache_expire(cache, "a");
    assert_null(cache_get(cache, "/ab", 1, false));
}

static void an_entry_counts_for_its_age(void **state)
{
    (void)state;
    const struct answer *answer = put("/a", "n", 100, 1000);
    assert_ptr_equal(cache_get(cache, "/a", 1000 + CACHE_AGE_MS - 1, false), answer);
    assert_null(cache_get(cache, "/a", 1000 + CACHE_AGE_MS, false));
    assert_ptr_equal(cache_get(cache, "/a", 1000 + CACHE_AGE_MS, true), answer);
    assert_null(cache_get(cache, "/b", 1000, true));
}

static void a_notice_ends_all_of_an_image(void **state)
{
    (void)state;
    put("/a", "n", 100, 0);
    put("/a:1", "n", 100, 0);
    const struct answer *other = put("/b", "m", 100, 0);
    cache_expire(cache, "n");
    cache_expire(cache, "unknown");
    assert_null(cache_get(cache, "/a", 1, false));
    assert_null(cache_get(cache, "/a:1", 1, false));
    assert_non_null(cache_get(cache, "/a", 1, true));
    assert_ptr_equal(cache_get(cache, "/b", 1, false), other);
    const struct answer *again = put("/a", "n", 100, 1);
    assert_ptr_equal(cache_get(cache, "/a", 2, false), again);
}

static void a_new_epoch_ends_everything(void **state)
{
    (void)state;
    const struct answer *answer = put("/a", "n", 100, 0);
    cache_next_epoch(cache);
    assert_null(cache_get(cache, "/a", 1, false));
    assert_ptr_equal(cache_get(cache, "/a", 1, true), answer);
    cache_expire(cache, "n");
    cache_next_epoch(cache);
    assert_null(cache_get(cache, "/a", 1, false));
}

static void what_was_used_longest_ago_goes_first(void **state)
{
    (void)state;
    put("/a", "n", 30000, 0);
    put("/b", "n", 30000, 0);
    put("/c", "n", 30000, 0);
    assert_non_null(cache_get(cache, "/a", 1, false));
    put("/d", "n", 30000, 1);
    assert_non_null(cache_get(cache, "/a", 1, true));
    assert_null(cache_get(cache, "/b", 1, true));
    assert_non_null(cache_get(cache, "/c", 1, true));
    assert_non_null(cache_get(cache, "/d", 1, true));
}

static void what_is_too_large_is_not_kept(void **state)
{
    (void)state;
    put("/a", "n", 100, 0);
    assert_null(put("/b", "n", 100001, 0));
    assert_null(cache_get(cache, "/b", 1, true));
    assert_non_null(cache_get(cache, "/a", 1, true));
    assert_null(put("/a", "n", 100001, 0)); /* the old one is no longer true */
    assert_null(cache_get(cache, "/a", 1, false));
}

static void replacing_frees_room(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        put("/a", "n", 60000, i);
    put("/b", "n", 30000, 100);
    assert_non_null(cache_get(cache, "/a", 100, false));
    assert_non_null(cache_get(cache, "/b", 100, false));
}

static void many_entries_are_all_found(void **state)
{
    (void)state;
    cache_free(cache);
    cache = cache_new(100u << 20);
    char target[32];
    for (int i = 0; i < 30000; i++) {
        (void)snprintf(target, sizeof(target), "/v1/images/%d", i);
        put(target, target, 100, 0);
    }
    for (int i = 0; i < 30000; i++) {
        (void)snprintf(target, sizeof(target), "/v1/images/%d", i);
        if (i % 2)
            cache_expire(cache, target);
        assert_int_equal(cache_get(cache, target, 1, false) != NULL, i % 2 == 0);
    }
}

/* As a client makes them that varies the query: entries leave from all places of their name's list.
 */
static void many_targets_of_one_name_come_and_go(void **state)
{
    (void)state;
    char target[32];
    put("/kept", "m", 100, 0);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(target, sizeof(target), "/a?x=%d", i);
        put(target, "n", 1000, 0);
        (void)cache_get(cache, "/kept", 1, false);
        (void)cache_get(cache, "/a?x=0", 1, false);
    }
    assert_non_null(cache_get(cache, "/a?x=0", 1, false));
    assert_null(cache_get(cache, "/a?x=500", 1, true));
    assert_non_null(cache_get(cache, "/a?x=999", 1, false));
    put("/a?x=999", "n", 1000, 1);
    cache_expire(cache, "n");
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(target, sizeof(target), "/a?x=%d", i);
        assert_null(cache_get(cache, target, 1, false));
    }
    assert_non_null(cache_get(cache, "/kept", 1, false));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_counts_for_its_age),
        TEST(a_notice_ends_all_of_an_image),
        TEST(an_entry_of_two_images_ends_with_either),
        TEST(many_targets_of_one_name_come_and_go),
        TEST(a_new_epoch_ends_everything),
        TEST(what_was_used_longest_ago_goes_first),
        TEST(what_is_too_large_is_not_kept),
        TEST(replacing_frees_room),
        TEST(many_entries_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
