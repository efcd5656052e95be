/* The size worker's job against a real redis-server and a registry in the same loop: large images,
 * and what happens when the time of a job is up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "err.h"
#include "fragment.h"
#include "httpc.h"
#include "httpd.h"
#include "jsonx.h"
#include "loop.h"
#include "measure.h"
#include "mem.h"
#include "redis.h"
#include "redis_server.h"
#include "registries.h"
#include "render.h"
#include "store.h"
#include "unit.h"

#define NAME "samples.local/big/app"
#define CALL_MS 20000
#define HUGE_TAGS 200000
#define HUGE_VERSIONS 5000

static struct redis_server server;
static struct loop *loop;
static struct redis *redis;
static struct httpc *httpc;
static struct httpd *httpd;
static struct registries *registries;
static struct measurer measurer;
static struct message message;
static unsigned heads;

/* Every tag's digest is its own number's last three digits; there are no manifests to be had. */
static void on_request(void *arg, struct httpd_request *request)
{
    (void)arg;
    const char *tag = strrchr(httpd_target(request), '.');
    bool is_head = strcmp(httpd_method(request), "HEAD") == 0;
    struct httpd_response *response = httpd_response_new(is_head ? 200 : 404, NULL, 0);
    AUTO(free) char *digest = xasprintf("sha256:%064d", tag ? atoi(tag + 1) % 1000 : 0);
    heads += is_head;
    httpd_response_header(response, "Docker-Content-Digest", digest);
    httpd_response_header(response, "Content-Type", "application/vnd.oci.image.manifest.v1+json");
    httpd_reply(request, response);
    httpd_response_unref(response);
}

static int start(void **state)
{
    (void)state;
    char *why = NULL;
    const struct httpd_options options = {
        .listen = "127.0.0.1:0", .max_connections = 100, .idle_timeout_seconds = 30};
    redis_server_start(&server);
    loop = loop_new();
    redis = redis_new(loop, server.url, "test");
    httpc = httpc_new(loop, "test");
    httpd = httpd_new(loop, &options, on_request, NULL, &why);
    assert_non_null(httpd);
    AUTO(free) char *allowed = xasprintf("samples.local=http://127.0.0.1:%d", httpd_port(httpd));
    assert_int_equal(registries_parse(allowed, &registries, &why), 0);
    measurer = (struct measurer){.loop = loop,
                                 .registry = registry_new(loop, httpc, registries),
                                 .store = store_redis_new(loop, redis, 1000),
                                 .eager_versions = 3,
                                 .job_ms = JOB_MAX_MS};
    assert_int_equal(reference_parse(NAME, &message.image, NULL), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    reference_release(&message.image);
    registry_free(measurer.registry);
    store_free(measurer.store);
    httpc_free(httpc);
    httpd_free(httpd);
    registries_free(registries);
    redis_free(redis);
    loop_free(loop);
    redis_server_stop(&server);
    return 0;
}

/* An image record with so many tags, as an inspector leaves it. */
static json_t *image_of(int64_t revision, int tags)
{
    json_t *names = json_array();
    json_t *pushed = json_object();
    for (int i = tags - 1; i >= 0; i--) {
        char name[32];
        (void)snprintf(name, sizeof(name), "1.%d", i);
        json_array_append_new(names, json_string(name));
        json_object_set_new(pushed, name, json_integer(INT64_C(1780000000000) + i));
    }
    return json_pack("{s:I,s:I,s:s,s:o,s:o,s:{}}", "Revision", (json_int_t)revision, "InspectedMs",
                     (json_int_t)1780000000000, "Wanted", "", "Tags", names, "Pushed", pushed,
                     "Hub");
}

static int64_t begin(void)
{
    int64_t revision = 0;
    assert_int_equal(redis_call(redis, CALL_MS, NULL, "FLUSHALL"), 0);
    assert_int_equal(store_begin(measurer.store, NAME, true, STAGE_TAGS, &revision), 0);
    return revision;
}

static void plant(int tags)
{
    int64_t revision = begin();
    JSON_AUTO
    json_t *image = image_of(revision, tags);
    assert_int_equal(store_put_image(measurer.store, NAME, revision, image), 0);
    heads = 0;
}

static int64_t ask(const char *command, const char *field)
{
    struct redis_reply *reply = NULL;
    assert_int_equal(redis_call(redis, CALL_MS, &reply, command, NAME, field), 0);
    int64_t number = redis_int(reply);
    redis_reply_free(reply);
    return number;
}

static void work_goes_on_where_time_was_up(void **state)
{
    (void)state;
    int jobs = 0;
    size_t next = 0;
    struct job_result result;
    plant(1000);
    do {
        measurer.job_ms = jobs < 2 ? jobs : JOB_MAX_MS;
        result = measure(&measurer, &message);
        JSON_AUTO
        json_t *groups = NULL;
        assert_int_equal(store_get_groups(measurer.store, NAME, &groups), 0);
        assert_true((size_t)jsonx_int(groups, "Next") >= next);
        next = (size_t)jsonx_int(groups, "Next");
        jobs++;
    } while (result.outcome == JOB_AGAIN && jobs < 10);
    assert_int_equal(result.outcome, JOB_DONE);
    assert_in_range(jobs, 2, 3);
    assert_int_equal(next, 1000);
    assert_int_equal(heads, 1000); /* none twice */
    assert_int_equal(ask("HGET mb:1:status:%s %s", "done"), 4);
    assert_int_equal(ask("HGET mb:1:status:%s %s", "total"), 4);
}

static void no_time_at_all_shows_what_is_known(void **state)
{
    (void)state;
    plant(300);
    measurer.job_ms = 0;
    assert_int_equal(measure(&measurer, &message).outcome, JOB_AGAIN);
    assert_int_equal(heads, 0);
    assert_int_equal(ask("HEXISTS mb:1:doc:%s %s", "t:1.299"), 1);
    measurer.job_ms = JOB_MAX_MS;
}

static json_t *groups_of_huge(int64_t revision)
{
    json_t *versions = json_array();
    for (int v = 0; v < HUGE_VERSIONS; v++) {
        AUTO(free) char *digest = xasprintf("sha256:%064d", v);
        json_t *tags = json_array();
        for (int i = v; i < HUGE_TAGS; i += HUGE_VERSIONS)
            json_array_append_new(tags, json_sprintf("1.%d", i));
        json_array_append_new(versions, json_pack("{s:s,s:o}", "Digest", digest, "Tags", tags));
    }
    return json_pack("{s:I,s:I,s:o,s:[]}", "Revision", (json_int_t)revision, "Next",
                     (json_int_t)HUGE_TAGS, "Versions", versions, "Rest");
}

static void two_hundred_thousand_tags_have_a_document(void **state)
{
    (void)state;
    int64_t revision = begin();
    JSON_AUTO
    json_t *image = image_of(revision, HUGE_TAGS);
    JSON_AUTO
    json_t *groups = groups_of_huge(revision);
    assert_int_equal(store_put_image(measurer.store, NAME, revision, image), 0);
    assert_int_equal(store_put_groups(measurer.store, NAME, revision, groups), 0);
    assert_int_equal(render_and_publish(measurer.store, &message.image, image, groups,
                                        STATUS_INSPECTED, STAGE_DONE),
                     0);
    assert_int_equal(ask("HLEN mb:1:doc:%s", NULL), 5 + HUGE_TAGS + 4 * HUGE_VERSIONS);
    struct redis_reply *reply = NULL;
    struct fragment versions, head;
    size_t len;
    assert_int_equal(redis_call(redis, CALL_MS, &reply, "HMGET mb:1:doc:" NAME " versions head"),
                     0);
    const char *data = redis_str(redis_at(reply, 0), &len);
    assert_int_equal(fragment_unpack(data, len, &versions), 0);
    data = redis_str(redis_at(reply, 1), &len);
    assert_int_equal(fragment_unpack(data, len, &head), 0);
    JSON_AUTO
    json_t *list = NULL;
    AUTO(free) char *text = xasprintf("{%.*s}", (int)head.text_bytes, head.text);
    JSON_AUTO
    json_t *members = unit_json(text);
    assert_int_equal(jsonx_parse(versions.text, versions.text_bytes, &list), 0);
    assert_true(versions.text_bytes < (9 << 20));
    assert_int_equal(json_array_size(list) + jsonx_int(members, "VersionsOmitted"), HUGE_VERSIONS);
    assert_true(jsonx_int(members, "VersionsOmitted") > 0);
    AUTO(free) char *newest = xasprintf("%064d", (HUGE_TAGS - 1) % HUGE_VERSIONS);
    assert_string_equal(jsonx_str(members, "LatestSHA"), newest);
    assert_string_equal(jsonx_str(json_array_get(list, 0), "SHA"), newest);
    redis_reply_free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_goes_on_where_time_was_up),
        cmocka_unit_test(no_time_at_all_shows_what_is_known),
        cmocka_unit_test(two_hundred_thousand_tags_have_a_document),
    };
    return cmocka_run_group_tests_name("measure", tests, start, stop);
}
