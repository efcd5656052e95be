/* The same cases over both kinds of store: what jobs rely on, and that a document reads the same.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "answer_body.h"
#include "document_memory.h"
#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"
#include "relations.h"
#include "store.h"
#include "store_memory.h"
#include "version_fetch.h"

#define CALL_MS 5000
#define KEEP_SECONDS 1000
#define NAME "docker.io/a/app"
#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define DIGEST_D "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define DIGEST_E "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

enum { REDIS, MEMORY, KINDS };

static struct redis_server server;
static struct loop *loop;
static struct redis *redis;
static struct store *stores[KINDS];

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
    stores[REDIS] = store_redis_new(loop, redis, KEEP_SECONDS);
    stores[MEMORY] = store_memory_new(loop);
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "FLUSHDB"), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    store_free(stores[REDIS]);
    store_free(stores[MEMORY]);
    redis_free(redis);
    loop_free(loop);
    return 0;
}

/* What a view comes to, as text: how far it came, its digests, platforms and status, the answer. */
static char *view_text(const struct document_view *view, enum document_answer answer)
{
    struct strbuf body = STRBUF_INIT(1 << 20);
    struct fragment_join join;
    fragment_join_start(&join, &body, NULL);
    if (view->find == DOCUMENT_FOUND)
        answer_body_join(view, answer, &join);
    char *text =
        xasprintf("%d %lld %lld %s %s %s %s %s %s %s", view->find, (long long)view->revision,
                  (long long)view->inspected_ms, view->digest, view->child_digest, view->platforms,
                  image_status_str(view->status.status), image_stage_str(view->status.stage),
                  view->status.error, strbuf_str(&body));
    strbuf_release(&body);
    return text;
}

struct reading {
    enum document_answer answer;
    char *text;
    bool is_done;
};

static void on_document(void *arg, int err, const struct document_view *view)
{
    struct reading *reading = arg;
    assert_int_equal(err, 0);
    reading->text = view_text(view, reading->answer);
    reading->is_done = true;
}

static char *read_from(int kind, const struct document_query *query)
{
    struct reading reading = {.answer = query->answer};
    if (kind == REDIS) {
        document_read(redis, query, on_document, &reading);
        assert_true(loop_run_until(loop, &reading.is_done, loop_now_ms(loop) + CALL_MS));
    } else {
        struct document_in_memory document;
        assert_int_equal(document_memory_read(stores[MEMORY], query, &document), 0);
        on_document(&reading, 0, &document.view);
    }
    return reading.text;
}

/* Both read the same, which begins with this find. Caller frees. */
static char *read_both(const struct document_query *query, enum document_find find)
{
    char *text = read_from(REDIS, query);
    AUTO(free) char *other = read_from(MEMORY, query);
    assert_string_equal(text, other);
    assert_int_equal(atoi(text), find);
    return text;
}

struct status_reading {
    struct status status;
    bool is_done;
};

static void on_status(void *arg, int err, const struct status *status)
{
    struct status_reading *reading = arg;
    assert_int_equal(err, 0);
    reading->status = *status;
    reading->status.error = xstrdup(status->error);
    reading->is_done = true;
}

static void expect_status(int kind, enum image_status status, enum image_stage stage,
                          const char *error)
{
    struct status_reading reading = {0};
    if (kind == REDIS) {
        status_read(redis, NAME, on_status, &reading);
        assert_true(loop_run_until(loop, &reading.is_done, loop_now_ms(loop) + CALL_MS));
    } else {
        on_status(&reading, 0, store_memory_status(stores[MEMORY], NAME));
    }
    assert_string_equal(image_status_str(reading.status.status), image_status_str(status));
    assert_string_equal(image_stage_str(reading.status.stage), image_stage_str(stage));
    assert_string_equal(reading.status.error, error);
    status_release(&reading.status);
}

static int64_t begin(struct store *store, bool is_inspection)
{
    int64_t revision = -1;
    assert_int_equal(store_begin(store, NAME, is_inspection, STAGE_TAGS, &revision), 0);
    return revision;
}

static int publish(struct store *store, int64_t revision, enum image_status status,
                   enum image_stage stage)
{
    char name[] = "meta";
    char meta[] = "1\n1780000000000\n" DIGEST_A "\n";
    struct store_field field = {name, meta, sizeof(meta) - 1};
    return store_publish(store, NAME, revision, &field, 1, status, stage);
}

static void a_job_is_seen_in_the_status(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct store *store = stores[kind];
        expect_status(kind, STATUS_UNKNOWN, STAGE_QUEUED, "");
        assert_int_equal(begin(store, true), 1);
        expect_status(kind, STATUS_INSPECTING, STAGE_TAGS, "");
        store_progress(store, NAME, STAGE_LAYERS, 3, 7);
        expect_status(kind, STATUS_INSPECTING, STAGE_LAYERS, "");
        assert_int_equal(store_wait(store, NAME, STAGE_WAITING_RATE_LIMIT, "slowly", 99, true), 0);
        expect_status(kind, STATUS_INSPECTING, STAGE_WAITING_RATE_LIMIT, "slowly");
        assert_int_equal(publish(store, 1, STATUS_SIZE, STAGE_QUEUED), 0);
        expect_status(kind, STATUS_SIZE, STAGE_QUEUED, "slowly");
        assert_int_equal(publish(store, 1, STATUS_INSPECTED, STAGE_DONE), 0);
        expect_status(kind, STATUS_INSPECTED, STAGE_DONE, "");
        store_renew(store, NAME);
        store_frontier(store, "size", 1);
        assert_int_equal(store_forget(store, NAME), 0);
        expect_status(kind, STATUS_UNKNOWN, STAGE_QUEUED, "");
    }
}

static void what_has_facts_keeps_its_status(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct store *store = stores[kind];
        assert_int_equal(publish(store, begin(store, true), STATUS_INSPECTED, STAGE_DONE), 0);
        assert_int_equal(begin(store, false), 1);
        expect_status(kind, STATUS_INSPECTED, STAGE_REFRESHING, "");
        store_progress(store, NAME, STAGE_LAYERS, 1, 2);
        expect_status(kind, STATUS_INSPECTED, STAGE_REFRESHING, "");
        assert_int_equal(publish(store, 1, STATUS_SIZE, STAGE_LAYERS), 0);
        expect_status(kind, STATUS_INSPECTED, STAGE_REFRESHING, "");
        assert_int_equal(store_end(store, NAME, STATUS_FAILED, "no luck", 5), 0);
        expect_status(kind, STATUS_INSPECTED, STAGE_DONE, "no luck");
        assert_int_equal(store_end(store, NAME, STATUS_MISSING, "gone", 0), 0);
        expect_status(kind, STATUS_MISSING, STAGE_DONE, "gone");
    }
    const struct document_query query = {.name = NAME, .keep_seconds = KEEP_SECONDS};
    AUTO(free) char *text = read_both(&query, DOCUMENT_NONE); /* what is missing is shown no more */
}

static void a_failure_without_facts_is_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        (void)begin(stores[kind], true);
        assert_int_equal(store_end(stores[kind], NAME, STATUS_FAILED, "no luck", 5), 0);
        expect_status(kind, STATUS_FAILED, STAGE_DONE, "no luck");
    }
}

static void an_older_revision_writes_nothing(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *older = unit_json("{'a':1}");
    JSON_AUTO
    json_t *newer = unit_json("{'a':2}");
    for (int kind = 0; kind < KINDS; kind++) {
        struct store *store = stores[kind];
        JSON_AUTO
        json_t *found = NULL;
        assert_int_equal(begin(store, true), 1);
        assert_int_equal(begin(store, true), 2);
        assert_int_equal(store_get_groups(store, NAME, &found), ERR_NOTFOUND);
        assert_int_equal(store_put_image(store, NAME, 2, newer), 0);
        assert_int_equal(store_put_image(store, NAME, 1, older), ERR_CONFLICT);
        assert_int_equal(store_put_groups(store, NAME, 1, older), ERR_CONFLICT);
        assert_int_equal(store_put_attachments(store, NAME, 1, older), ERR_CONFLICT);
        assert_int_equal(publish(store, 1, STATUS_INSPECTED, STAGE_DONE), ERR_CONFLICT);
        expect_status(kind, STATUS_INSPECTING, STAGE_TAGS, "");
        assert_int_equal(store_get_image(store, NAME, &found), 0);
        assert_int_equal(jsonx_int(found, "a"), 2);
        json_object_set_new(found, "a", json_integer(3)); /* does not reach what is kept */
        JSON_AUTO
        json_t *again = NULL;
        assert_int_equal(store_get_image(store, NAME, &again), 0);
        assert_int_equal(jsonx_int(again, "a"), 2);
    }
}

static void versions_are_facts_or_records(void **state)
{
    (void)state;
    JSON_AUTO
    json_t *facts = unit_json("{'Layers':[],'Platform':'linux/amd64'}");
    JSON_AUTO
    json_t *record = unit_json("{'Children':[]}");
    JSON_AUTO
    json_t *provenance = unit_json("{'Image':'x'}");
    for (int kind = 0; kind < KINDS; kind++) {
        struct store *store = stores[kind];
        const char *digests[] = {DIGEST_A, DIGEST_B, DIGEST_C};
        json_t *found[3];
        JSON_AUTO
        json_t *claimed = NULL;
        assert_int_equal(store_get_provenance(store, DIGEST_B, &claimed), ERR_NOTFOUND);
        assert_int_equal(store_put_facts(store, DIGEST_A, facts), 0);
        assert_int_equal(store_put_record(store, DIGEST_B, record), 0);
        assert_int_equal(store_put_provenance(store, DIGEST_B, provenance), 0);
        assert_int_equal(store_get_versions(store, digests, 3, found), 0);
        assert_true(json_equal(found[0], facts));
        assert_true(json_equal(found[1], record));
        assert_null(found[2]);
        assert_int_equal(store_get_provenance(store, DIGEST_B, &claimed), 0);
        assert_true(json_equal(claimed, provenance));
        json_decref(found[0]);
        json_decref(found[1]);
    }
}

/* Reading documents */

static void add_field(struct store_field *fields, size_t *count, const char *name,
                      const char *value)
{
    fields[(*count)++] = (struct store_field){xstrdup(name), xstrdup(value), strlen(value)};
}

static void add_fragment(struct store_field *fields, size_t *count, const char *name,
                         const char *text)
{
    struct strbuf packed = STRBUF_INIT(1 << 20);
    fragment_pack(text, strlen(text), &packed);
    size_t len = packed.len;
    fields[(*count)++] = (struct store_field){xstrdup(name), strbuf_detach(&packed), len};
}

/* A is an index of C (amd64), D (arm/v7, without facts) and E (windows); B is an image, and not
 * fetched yet; a tag has no digest yet. */
static void publish_document(struct store *store)
{
    struct store_field fields[32];
    size_t count = 0;
    add_field(fields, &count, "meta", "1\n1780000000000\n" DIGEST_A "\n");
    add_fragment(fields, &count, "head", "\"LatestSHA\":\"aa\"");
    add_fragment(fields, &count, "versions", "[]");
    add_field(fields, &count, "t:latest", DIGEST_A);
    add_field(fields, &count, "t:old", DIGEST_B);
    add_field(fields, &count, "t:new", "");
    add_field(fields, &count, "v:" DIGEST_A,
              "linux/amd64 " DIGEST_C "\nlinux/arm/v7 " DIGEST_D "\na b/c " DIGEST_E "\n");
    add_field(fields, &count, "v:" DIGEST_B, "");
    add_field(fields, &count, "c:" DIGEST_C, DIGEST_A);
    add_field(fields, &count, "c:" DIGEST_D, DIGEST_A);
    add_fragment(fields, &count, "p:" DIGEST_A, "\"SHA\":\"aa\"");
    add_fragment(fields, &count, "p:" DIGEST_B, "\"SHA\":\"bb\"");
    add_fragment(fields, &count, "g:" DIGEST_A, "\"Tags\":[{\"tag\":\"latest\"}]");
    add_fragment(fields, &count, "m:" DIGEST_A " " DIGEST_C, "\"Metadata\":[]");
    add_fragment(fields, &count, "d:" DIGEST_A " " DIGEST_E, "FROM provenance\n");
    assert_int_equal(
        store_publish(store, NAME, begin(store, true), fields, count, STATUS_INSPECTED, STAGE_DONE),
        0);
    for (size_t i = 0; i < count; i++) {
        free(fields[i].name);
        free(fields[i].value);
    }
}

static json_t *facts_of(const char *digest, const char *const *diff_ids, size_t count)
{
    json_t *layers = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(layers, json_pack("{s:s,s:s,s:s,s:b}", "CreatedBy", "RUN x", "DiffID",
                                                diff_ids[i], "BlobSum", diff_ids[i], "Empty", 0));
    return json_pack("{s:s,s:s,s:s,s:I,s:o}", "Digest", digest, "Platform", "linux/amd64",
                     "ConfigDigest", digest, "LayerCount", (json_int_t)count, "Layers", layers);
}

/* As a worker does after it has fetched the version. */
static void relate(struct store *store, const char *name, const char *digest)
{
    struct reference reference;
    struct version_fetch fetch = {0};
    (void)snprintf(fetch.digest, sizeof(fetch.digest), "%s", digest);
    assert_int_equal(reference_parse(name, &reference, NULL), 0);
    assert_int_equal(relations_update(store, &reference, &fetch, 1), 0);
    reference_release(&reference);
}

static void fill(void)
{
    const char *const diff_ids[] = {DIGEST_A, DIGEST_B, DIGEST_C};
    JSON_AUTO
    json_t *base = facts_of(DIGEST_D, diff_ids, 1);
    JSON_AUTO
    json_t *app = facts_of(DIGEST_C, diff_ids, 3);
    JSON_AUTO
    json_t *other = facts_of(DIGEST_E, diff_ids, 3);
    JSON_AUTO
    json_t *record = json_pack("{s:[{s:s,s:s},{s:s,s:s}]}", "Children", "Digest", DIGEST_C,
                               "Platform", "linux/amd64", "Digest", DIGEST_E, "Platform", "a b/c");
    for (int kind = 0; kind < KINDS; kind++) {
        publish_document(stores[kind]);
        assert_int_equal(store_put_facts(stores[kind], DIGEST_C, app), 0);
        assert_int_equal(store_put_facts(stores[kind], DIGEST_E, other), 0);
        assert_int_equal(store_put_record(stores[kind], DIGEST_A, record), 0);
        relate(stores[kind], "a/app", DIGEST_A);
        assert_int_equal(store_put_facts(stores[kind], DIGEST_D, base), 0);
        relate(stores[kind], "a/base", DIGEST_D); /* found to be below what is there already */
    }
}

static void expect_find(enum document_find find, const char *tag, const char *digest,
                        const char *platform)
{
    static const enum document_answer answers[] = {DOCUMENT_IMAGE, DOCUMENT_VERSION,
                                                   DOCUMENT_DOCKERFILE};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct document_query query = {.name = NAME,
                                             .tag = tag,
                                             .digest = digest,
                                             .platform = platform,
                                             .answer = answers[i],
                                             .keep_seconds = KEEP_SECONDS};
        free(read_both(&query, find));
    }
}

static void both_choose_the_same_pieces(void **state)
{
    (void)state;
    fill();
    expect_find(DOCUMENT_FOUND, NULL, NULL, NULL);
    expect_find(DOCUMENT_FOUND, "latest", NULL, NULL);
    expect_find(DOCUMENT_FOUND, NULL, DIGEST_A, NULL);
    expect_find(DOCUMENT_FOUND, NULL, DIGEST_C, "no/such"); /* a digest wins */
    expect_find(DOCUMENT_FOUND, NULL, NULL, "linux/amd64");
    expect_find(DOCUMENT_FOUND, NULL, NULL, "a b/c");
    expect_find(DOCUMENT_FOUND, NULL, NULL, "linux/arm"); /* its variant */
    expect_find(DOCUMENT_FOUND, NULL, NULL, "linux/arm/v7");
    expect_find(DOCUMENT_NO_PLATFORM, NULL, NULL, "linux/arm64/v8");
    expect_find(DOCUMENT_NO_PLATFORM, NULL, NULL, "linux/ar");
    expect_find(DOCUMENT_NO_TAG, "none", NULL, NULL);
    expect_find(DOCUMENT_NO_TAG, NULL, DIGEST_E, NULL); /* no version says that it is its own */
    expect_find(DOCUMENT_PENDING, "old", NULL, NULL);
    expect_find(DOCUMENT_PENDING, "old", NULL, "linux/amd64");
    expect_find(DOCUMENT_PENDING, "new", NULL, NULL);
}

static void relations_are_in_the_answer(void **state)
{
    (void)state;
    fill();
    const struct document_query query = {
        .name = NAME, .answer = DOCUMENT_VERSION, .keep_seconds = KEEP_SECONDS};
    AUTO(free) char *text = read_both(&query, DOCUMENT_FOUND);
    assert_non_null(strstr(text, "\"Base\":{"));
    assert_non_null(strstr(text, "\"Name\":\"a/base\""));
    assert_non_null(strstr(text, "\"Identical\":["));
}

static void provenance_gives_the_dockerfile(void **state)
{
    (void)state;
    fill();
    struct document_query query = {.name = NAME,
                                   .platform = "a b/c",
                                   .answer = DOCUMENT_DOCKERFILE,
                                   .keep_seconds = KEEP_SECONDS};
    AUTO(free) char *given = read_both(&query, DOCUMENT_FOUND);
    assert_non_null(strstr(given, "FROM provenance\n"));
    query.platform = NULL;
    AUTO(free) char *made = read_both(&query, DOCUMENT_FOUND);
    assert_null(strstr(made, "FROM provenance\n"));
    assert_non_null(strstr(made, "econstructed"));
}

/* What listeners were told. */
struct heard {
    int count;
    enum image_stage last;
};

static void on_change(void *arg, const char *name, const struct status *status)
{
    struct heard *heard = arg;
    assert_string_equal(name, NAME);
    heard->count++;
    heard->last = status->stage;
}

static void changes_in_memory_are_told(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct store *store = stores[MEMORY];
    store_memory_on_change(store, on_change, &heard);
    (void)begin(store, true);
    store_progress(store, NAME, STAGE_MANIFESTS, 1, 2);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.last, STAGE_MANIFESTS);
    assert_int_equal(publish(store, 7, STATUS_SIZE, STAGE_LAYERS), ERR_CONFLICT);
    assert_int_equal(heard.count, 2);
    assert_int_equal(publish(store, 1, STATUS_SIZE, STAGE_LAYERS), 0);
    assert_int_equal(heard.last, STAGE_LAYERS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_seen_in_the_status),    TEST(what_has_facts_keeps_its_status),
        TEST(a_failure_without_facts_is_one), TEST(an_older_revision_writes_nothing),
        TEST(versions_are_facts_or_records),  TEST(both_choose_the_same_pieces),
        TEST(relations_are_in_the_answer),    TEST(provenance_gives_the_dockerfile),
        TEST(changes_in_memory_are_told),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
