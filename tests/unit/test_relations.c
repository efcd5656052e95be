#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"
#include "relations.h"
#include "relations_index.h"
#include "relations_places.h"
#include "store.h"
#include "version_fetch.h"

#define CALL_MS 5000
#define KEEP_SECONDS 1000

static struct redis_server server;
static struct loop *loop;
static struct redis *redis;
static struct store *store;

static int start_server(void **state)
{
    (void)state;
    redis_server_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static int start(void **state)
{
    (void)state;
    loop = loop_new();
    redis = redis_new(loop, server.url, "test");
    store = store_redis_new(loop, redis, KEEP_SECONDS);
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "FLUSHDB"), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    store_free(store);
    redis_free(redis);
    loop_free(loop);
    return 0;
}

/* Digests from small numbers, so that tests can name any number of them. */
static const char *digest_of(unsigned number)
{
    static char texts[8][DIGEST_BYTES];
    static unsigned next;
    char *text = texts[next++ % 8];
    (void)snprintf(text, DIGEST_BYTES, "sha256:%064x", number);
    return text;
}

/* Facts with the layers first .. first + count - 1 on top of `below` shared ones. */
static json_t *facts_of(unsigned image, unsigned below, unsigned first, unsigned count)
{
    json_t *layers = json_array();
    for (unsigned i = 0; i < below + count; i++) {
        unsigned layer = i < below ? 1000 + i : first + i - below;
        json_array_append_new(layers, json_pack("{s:s,s:s,s:s,s:b}", "CreatedBy", "RUN x", "DiffID",
                                                digest_of(100000 + layer), "BlobSum",
                                                digest_of(200000 + layer), "Empty", 0));
    }
    return json_pack("{s:s,s:s,s:s,s:I,s:o}", "Digest", digest_of(image), "Platform", "linux/amd64",
                     "ConfigDigest", digest_of(300000 + image), "LayerCount",
                     (json_int_t)(below + count), "Layers", layers);
}

/* As a worker does after it has fetched an image manifest that is a version. Takes facts. */
static void inspect_facts(const char *name, unsigned image, json_t *facts)
{
    struct reference reference;
    struct version_fetch fetch = {0};
    (void)snprintf(fetch.digest, sizeof(fetch.digest), "%s", digest_of(image));
    assert_int_equal(store_put_facts(store, fetch.digest, facts), 0);
    assert_int_equal(reference_parse(name, &reference, NULL), 0);
    assert_int_equal(relations_update(store, &reference, &fetch, 1), 0);
    reference_release(&reference);
    json_decref(facts);
}

static void inspect(const char *name, unsigned image, unsigned below, unsigned first,
                    unsigned count)
{
    inspect_facts(name, image, facts_of(image, below, first, count));
}

/* A field of mb:1:rel as an object; NULL if there is none. Caller owns. */
static json_t *field_of(unsigned image, const char *field)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(
        redis_call(redis, CALL_MS, &reply, "HGET mb:1:rel:%s %s", digest_of(image), field), 0);
    size_t len;
    const char *data = redis_str(reply, &len);
    struct fragment fragment;
    if (!len)
        return NULL;
    assert_int_equal(fragment_unpack(data, len, &fragment), 0);
    AUTO(free) char *text = xasprintf("{%.*s}", (int)fragment.text_bytes, fragment.text);
    json_t *members = NULL;
    assert_int_equal(jsonx_parse(text, strlen(text), &members), 0);
    return members;
}

static void expect_base(unsigned image, const char *name, unsigned layers)
{
    JSON_AUTO
    json_t *version = field_of(image, "version");
    const json_t *base = jsonx_object(version, "Base");
    assert_string_equal(jsonx_str(base, "Name"), name);
    assert_int_equal(jsonx_int(base, "Layers"), layers);
}

static size_t count_of(const char *command, const char *key)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(redis_call(redis, CALL_MS, &reply, "%s %s", command, key), 0);
    return (size_t)redis_int(reply);
}

static void bases_are_found_in_either_order(void **state)
{
    (void)state;
    inspect("a/base", 1, 2, 0, 0);
    inspect("a/app", 2, 2, 10, 3);
    expect_base(2, "a/base", 2);
    inspect("a/middle", 3, 2, 10, 1); /* nearer to the app, and on the base itself */
    expect_base(2, "a/middle", 3);
    expect_base(3, "a/base", 2);
    assert_null(field_of(1, "version"));
}

static void the_longest_chain_of_many_is_found(void **state)
{
    (void)state;
    inspect("a/deep", 1, 120, 0, 0);
    inspect("a/shallow", 2, 1, 0, 0);
    inspect("a/app", 3, 126, 0, 1);
    expect_base(3, "a/deep", 120);
}

static void empty_layers_are_no_base(void **state)
{
    (void)state;
    json_t *base = facts_of(1, 1, 0, 0);
    json_t *app = facts_of(2, 2, 0, 0);
    json_object_set_new(json_array_get(jsonx_array(base, "Layers"), 0), "DiffID",
                        json_string(CHAIN_EMPTY_DIFF_ID));
    json_object_set_new(json_array_get(jsonx_array(app, "Layers"), 0), "DiffID",
                        json_string(CHAIN_EMPTY_DIFF_ID));
    inspect_facts("a/empty", 1, base);
    inspect_facts("a/app", 2, app);
    assert_null(field_of(2, "version"));
    assert_int_equal(count_of("EXISTS", "mb:1:idx:chain:" CHAIN_EMPTY_DIFF_ID), 0);
}

static void every_key_is_bounded_and_ends(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INDEX_MAX_IMAGES + 8; i++)
        inspect("a/app", 10 + i, 1, 100 + i, 1);
    AUTO(free) char *layer = xasprintf("mb:1:idx:layer:%s", digest_of(200000 + 1000));
    AUTO(free) char *diff = xasprintf("mb:1:idx:diff:%s", digest_of(100000 + 1000));
    assert_int_equal(count_of("ZCARD", layer), INDEX_MAX_IMAGES);
    assert_int_equal(count_of("ZCARD", diff), INDEX_MAX_IMAGES);
    for (unsigned i = 0; i < INDEX_MAX_PLACES + 4; i++) {
        AUTO(free) char *name = xasprintf("b/app%u", i);
        inspect(name, 1, 3, 0, 0);
    }
    AUTO(free) char *places = xasprintf("mb:1:idx:image:%s", digest_of(1));
    assert_int_equal(count_of("HLEN", places), INDEX_MAX_PLACES);
    AUTO(redis_reply) struct redis_reply *keys = NULL;
    assert_int_equal(redis_call(redis, CALL_MS, &keys, "KEYS mb:1:*"), 0);
    assert_true(redis_len(keys) > 50);
    for (size_t i = 0; i < redis_len(keys); i++) {
        int64_t ttl = (int64_t)count_of("TTL", redis_str(redis_at(keys, i), NULL));
        assert_in_range(ttl, 1, KEEP_SECONDS);
    }
}

static void official_images_are_kept_before_others(void **state)
{
    (void)state;
    inspect("library/base", 1, 2, 0, 0);
    for (unsigned i = 0; i < INDEX_MAX_IMAGES + 8; i++) {
        AUTO(free) char *name = xasprintf("a/copy%u", i);
        inspect(name, 10 + i, 2, 0, 0);
    }
    inspect("a/mirror", 1, 2, 0, 0); /* does not take its rank */
    inspect("a/app", 2, 2, 500, 1);
    expect_base(2, "base", 2);
    JSON_AUTO
    json_t *version = field_of(2, "version");
    assert_int_equal(json_array_size(jsonx_array(version, "Parents")), 1);
    assert_int_equal(json_array_size(jsonx_array(jsonx_object(version, "Base"), "Alternatives")),
                     8);
}

static void layers_over_the_cap_are_not_registered(void **state)
{
    (void)state;
    inspect("a/huge", 1, INDEX_MAX_LAYERS + 1, 0, 0);
    AUTO(free)
    char *last = xasprintf("mb:1:idx:layer:%s", digest_of(200000 + 1000 + INDEX_MAX_LAYERS - 1));
    AUTO(free)
    char *over = xasprintf("mb:1:idx:layer:%s", digest_of(200000 + 1000 + INDEX_MAX_LAYERS));
    assert_int_equal(count_of("EXISTS", last), 1);
    assert_int_equal(count_of("EXISTS", over), 0);
    inspect("a/app", 2, INDEX_MAX_LAYERS + 1, 0, 1); /* its chain is known all the same */
    expect_base(2, "a/huge", INDEX_MAX_LAYERS + 1);
}

static void each_place_is_shown_the_others(void **state)
{
    (void)state;
    inspect("a/one", 1, 2, 0, 0);
    assert_null(field_of(1, "identical"));
    inspect("a/two", 1, 2, 0, 0);
    AUTO(free) char *field = xasprintf("identical docker.io/a/one %s", digest_of(1));
    JSON_AUTO
    json_t *at_one = field_of(1, field);
    json_t *list = jsonx_array(at_one, "Identical");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(jsonx_str(json_array_get(list, 0), "ImageName"), "a/two");
    assert_string_equal(jsonx_str(json_array_get(list, 0), "Match"), "config");
    JSON_AUTO
    json_t *elsewhere = field_of(1, "identical");
    assert_int_equal(json_array_size(jsonx_array(elsewhere, "Identical")), 2);
}

struct heard {
    char names[256]; /* each with a space behind */
    bool is_subscribed;
};

static void on_notice(void *arg, const char *text, size_t len)
{
    struct heard *heard = arg;
    size_t used = strlen(heard->names);
    (void)len;
    (void)snprintf(heard->names + used, sizeof(heard->names) - used, "%s ", text);
}

static void on_subscribed(void *arg, bool is_subscribed)
{
    ((struct heard *)arg)->is_subscribed = is_subscribed;
}

static void only_changes_are_told(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct redis_sub *sub =
        redis_sub_new(loop, server.url, "test", "mb:1:notice:1", on_notice, on_subscribed, &heard);
    assert_true(loop_run_until(loop, &heard.is_subscribed, loop_now_ms(loop) + CALL_MS));
    inspect("a/app", 2, 2, 10, 1);
    inspect("a/base", 1, 2, 0, 0);
    expect_base(2, "a/base", 2);
    inspect("a/base", 1, 2, 0, 0);
    inspect("a/app", 2, 2, 10, 1);
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "PUBLISH mb:1:notice:1 last"), 0);
    bool never = false;
    int64_t deadline_ms = loop_now_ms(loop) + CALL_MS;
    while (!strstr(heard.names, "last") && loop_now_ms(loop) < deadline_ms)
        loop_run_until(loop, &never, loop_now_ms(loop) + 5);
    assert_string_equal(heard.names, "docker.io/a/app last ");
    redis_sub_free(sub);
}

/* As a worker does after it has fetched an index of one image. */
static void inspect_index(const char *name, unsigned index, unsigned image, const char *base,
                          const char *entry_base)
{
    struct reference reference;
    struct version_fetch fetch = {0};
    (void)snprintf(fetch.digest, sizeof(fetch.digest), "%s", digest_of(index));
    JSON_AUTO
    json_t *record = json_pack("{s:s,s:[{s:s,s:s,s:{s:s*}}],s:{s:s*}}", "Digest", fetch.digest,
                               "Children", "Platform", "linux/amd64", "Digest", digest_of(image),
                               "Annotations", "org.opencontainers.image.base.name", entry_base,
                               "Annotations", "org.opencontainers.image.base.name", base);
    assert_int_equal(store_put_record(store, fetch.digest, record), 0);
    assert_int_equal(reference_parse(name, &reference, NULL), 0);
    assert_int_equal(relations_update(store, &reference, &fetch, 1), 0);
    reference_release(&reference);
}

static void put_provenance(unsigned index, unsigned image, const char *material)
{
    JSON_AUTO
    json_t *provenance = json_pack("{s:s,s:[{s:s,s:s}]}", "Image", digest_of(image), "Materials",
                                   "URI", material, "Digest", "");
    assert_int_equal(store_put_provenance(store, digest_of(index), provenance), 0);
}

/* What the version answer at a place says of an image's base; "" if nothing. Caller frees. */
static char *base_at(unsigned image, const char *name, unsigned index)
{
    AUTO(free) char *field = xasprintf("version docker.io/%s %s", name, digest_of(index));
    JSON_AUTO
    json_t *version = field_of(image, field);
    return xstrdup(jsonx_str(jsonx_object(version, "Base"), "Name"));
}

static void expect_base_at(unsigned image, const char *name, unsigned index, const char *expected)
{
    AUTO(free) char *found = base_at(image, name, index);
    assert_string_equal(found, expected);
}

static void claims_count_at_the_place_that_makes_them(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(1, 2, 0, 0);
    assert_int_equal(store_put_facts(store, digest_of(1), facts), 0);
    put_provenance(50, 1, "pkg:docker/alpine@3");
    put_provenance(51, 2, "pkg:docker/forged@3"); /* about another image */
    inspect_index("a/app", 50, 1, NULL, NULL);
    inspect_index("a/other", 51, 1, NULL, NULL);
    inspect_index("a/annotated", 52, 1, "debian:12", NULL);
    inspect_index("a/entry", 53, 1, "debian:12", "ubuntu:24.04");
    expect_base_at(1, "a/app", 50, "alpine");
    expect_base_at(1, "a/other", 51, "");
    expect_base_at(1, "a/annotated", 52, "debian");
    expect_base_at(1, "a/entry", 53, "ubuntu");
    assert_null(field_of(1, "version"));
    assert_null(field_of(1, "top"));
}

/* A text field of mb:1:rel, NULL if there is none. Caller frees. */
static char *text_of(unsigned image, const char *field)
{
    AUTO(redis_reply) struct redis_reply *reply = NULL;
    assert_int_equal(
        redis_call(redis, CALL_MS, &reply, "HGET mb:1:rel:%s %s", digest_of(image), field), 0);
    return redis_is_nil(reply) ? NULL : xstrdup(redis_str(reply, NULL));
}

static void expect_text(unsigned image, const char *field, const char *expected)
{
    AUTO(free) char *text = text_of(image, field);
    assert_non_null(text);
    assert_string_equal(text, expected);
}

/* What says that there is no base stands in for what is known elsewhere, as a whole. */
static void scratch_at_one_place_is_no_base_there(void **state)
{
    (void)state;
    inspect("a/base", 1, 2, 0, 0);
    JSON_AUTO
    json_t *facts = facts_of(2, 2, 10, 1);
    assert_int_equal(store_put_facts(store, digest_of(2), facts), 0);
    inspect_index("a/app", 50, 2, NULL, NULL);
    inspect_index("a/scratch", 51, 2, "scratch", NULL);
    expect_base(2, "a/base", 2);
    expect_text(2, "badge", "base=a/base\n");
    expect_text(2, "base", digest_of(1));
    expect_base_at(2, "a/app", 50, "");
    expect_base_at(2, "a/scratch", 51, "scratch");
    AUTO(free) char *suffix = xasprintf(" docker.io/a/scratch %s", digest_of(51));
    AUTO(free) char *badge = xasprintf("badge%s", suffix);
    AUTO(free) char *base = xasprintf("base%s", suffix);
    AUTO(free) char *layers = xasprintf("layers%s", suffix);
    expect_text(2, badge, "base=scratch\n");
    expect_text(2, base, "");
    JSON_AUTO
    json_t *here = field_of(2, layers);
    JSON_AUTO
    json_t *elsewhere = field_of(2, "layers");
    assert_null(json_object_get(json_array_get(jsonx_array(here, "Layers"), 0), "Base"));
    assert_true(
        json_is_true(json_object_get(json_array_get(jsonx_array(elsewhere, "Layers"), 0), "Base")));
}

/* Copies cannot push an image's own places out of what is looked at. */
static void own_places_are_found_among_many_copies(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = facts_of(1, 2, 0, 0);
    assert_int_equal(store_put_facts(store, digest_of(1), facts), 0);
    inspect_index("a/app", 50, 1, "debian:12", NULL);
    for (unsigned i = 0; i < INDEX_MAX_IMAGES + 8; i++) {
        AUTO(free) char *name = xasprintf("a/copy%u", i);
        inspect(name, 100 + i, 2, 0, 0);
        AUTO(free) char *other = xasprintf("b/copy%u", i);
        inspect(other, 100 + i, 2, 0, 0);
    }
    inspect("b/again", 1, 2, 0, 0);
    expect_base_at(1, "a/app", 50, "debian");
}

static void an_unchanged_image_is_renewed(void **state)
{
    (void)state;
    inspect("a/base", 1, 2, 0, 0);
    inspect("a/app", 2, 2, 10, 1);
    AUTO(redis_reply) struct redis_reply *keys = NULL;
    assert_int_equal(redis_call(redis, CALL_MS, &keys, "KEYS mb:1:idx:*"), 0);
    assert_true(redis_len(keys) > 8);
    for (size_t i = 0; i < redis_len(keys); i++)
        assert_int_equal(
            redis_call(redis, CALL_MS, NULL, "EXPIRE %s 60", redis_str(redis_at(keys, i), NULL)),
            0);
    inspect("a/base", 1, 2, 0, 0);
    inspect("a/app", 2, 2, 10, 1);
    for (size_t i = 0; i < redis_len(keys); i++)
        assert_true(count_of("TTL", redis_str(redis_at(keys, i), NULL)) > 60);
}

static void facts_at_hand_are_not_read_again(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *stored = facts_of(3, 2, 0, 0);
    JSON_AUTO
    json_t *known = json_pack("{s:o}", digest_of(2), facts_of(2, 2, 0, 0));
    JSON_AUTO
    json_t *places = json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s,s:s,s:s}]", "Child", digest_of(2),
                               "Name", "a/two", "Version", digest_of(2), "Child", digest_of(3),
                               "Name", "a/three", "Version", digest_of(3), "Child", digest_of(4),
                               "Name", "a/four", "Version", digest_of(4));
    assert_int_equal(store_put_facts(store, digest_of(3), stored), 0);
    assert_int_equal(relations_places_fill(store, known, digest_of(1), places), 0);
    assert_ptr_equal(json_object_get(json_array_get(places, 0), "Facts"),
                     json_object_get(known, digest_of(2)));
    assert_true(json_equal(json_object_get(json_array_get(places, 1), "Facts"), stored));
    assert_null(json_object_get(json_array_get(places, 2), "Facts"));
}

static void an_error_of_redis_is_told(void **state)
{
    (void)state;
    struct reference reference;
    struct version_fetch fetch = {0};
    (void)snprintf(fetch.digest, sizeof(fetch.digest), "%s", digest_of(1));
    assert_int_equal(reference_parse("a/app", &reference, NULL), 0);
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "SET mb:1:idx:image:%s x", digest_of(1)), 0);
    JSON_AUTO
    json_t *facts = facts_of(1, 2, 0, 0);
    assert_int_equal(store_put_facts(store, fetch.digest, facts), 0);
    assert_int_equal(relations_update(store, &reference, &fetch, 1), ERR_PROTO);
    fetch.err = ERR_NOTFOUND; /* what was not fetched is left out */
    assert_int_equal(relations_update(store, &reference, &fetch, 1), 0);
    reference_release(&reference);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bases_are_found_in_either_order),
        TEST(the_longest_chain_of_many_is_found),
        TEST(empty_layers_are_no_base),
        TEST(every_key_is_bounded_and_ends),
        TEST(official_images_are_kept_before_others),
        TEST(layers_over_the_cap_are_not_registered),
        TEST(each_place_is_shown_the_others),
        TEST(only_changes_are_told),
        TEST(claims_count_at_the_place_that_makes_them),
        TEST(scratch_at_one_place_is_no_base_there),
        TEST(own_places_are_found_among_many_copies),
        TEST(an_unchanged_image_is_renewed),
        TEST(facts_at_hand_are_not_read_again),
        TEST(an_error_of_redis_is_told),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
