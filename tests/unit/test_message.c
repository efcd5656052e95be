#include "unit.h"

#include <string.h>

#include "err.h"
#include "mem.h"
#include "message.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int parse(const char *body, struct message *ret_message)
{
    return message_parse(body, strlen(body), ret_message);
}

static void messages_of_the_original_work(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"ns/name\",\"ReceiptHandle\":null}", &message), 0);
    assert_string_equal(message.image.registry, "docker.io");
    assert_string_equal(message.image.path, "ns/name");
    assert_null(message.image.tag);
    assert_null(message.image.digest);
    assert_int_equal(message.version, MESSAGE_VERSION);
    assert_int_equal(message.requested_ms, 0);
    assert_int_equal(message.deferrals, 0);
    assert_null(message.trace_parent);
}

static void a_message_survives_the_queue(void **state)
{
    (void)state;
    AUTO(message)
    struct message sent = {
        .version = MESSAGE_VERSION, .requested_ms = 1790000000123, .deferrals = 3};
    assert_int_equal(reference_parse("ghcr.io/org/name:1.27@" DIGEST, &sent.image, NULL), 0);
    sent.trace_parent = xstrdup("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    AUTO(free) char *body = message_format(&sent);
    AUTO(message) struct message received = {0};
    assert_int_equal(parse(body, &received), 0);
    assert_string_equal(received.image.registry, "ghcr.io");
    assert_string_equal(received.image.path, "org/name");
    assert_string_equal(received.image.tag, "1.27");
    assert_string_equal(received.image.digest, DIGEST);
    assert_int_equal(received.requested_ms, 1790000000123);
    assert_int_equal(received.deferrals, 3);
    assert_string_equal(received.trace_parent, sent.trace_parent);
}

static void the_body_is_the_documented_one(void **state)
{
    (void)state;
    AUTO(message) struct message message = {.version = 1, .requested_ms = 5};
    assert_int_equal(reference_parse("nginx:1.27", &message.image, NULL), 0);
    AUTO(free) char *body = message_format(&message);
    assert_string_equal(body, "{\"ImageName\":\"library/nginx\",\"Tag\":\"1.27\",\"Version\":1,"
                              "\"RequestedAt\":5,\"Deferrals\":0}");
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "garbage",
        "[]",
        "{}",
        "{\"ImageName\":5}",
        "{\"ImageName\":\"../etc\"}",
        "{\"ImageName\":\"UPPER/Case\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct message message = {0};
        if (parse(bad[i], &message) != ERR_INVALID)
            fail_msg("accepted: %s", bad[i]);
        assert_null(message.image.path);
    }
}

static void odd_members_count_as_absent(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"a\",\"Tag\":\"../x\",\"Digest\":\"sha256:1\","
                           "\"RequestedAt\":-4,\"Deferrals\":\"many\",\"TraceParent\":7}",
                           &message),
                     0);
    assert_null(message.image.tag);
    assert_null(message.image.digest);
    assert_int_equal(message.requested_ms, 0);
    assert_int_equal(message.deferrals, 0);
    assert_null(message.trace_parent);
}

static void deferrals_stay_capped(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"a\",\"Deferrals\":9000000000}", &message), 0);
    assert_true(message.deferrals > 1000000);
    assert_true(message.deferrals + 1 > message.deferrals);
}

static void newer_versions_are_left_to_newer_workers(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"a\",\"Version\":2}", &message), ERR_UNSUPPORTED);
    assert_string_equal(message.image.path, "library/a");
    assert_int_equal(message.version, 2);
    AUTO(message) struct message far = {0};
    assert_int_equal(parse("{\"ImageName\":\"a\",\"Version\":4294967297}", &far), ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_the_original_work),
        cmocka_unit_test(a_message_survives_the_queue),
        cmocka_unit_test(the_body_is_the_documented_one),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(odd_members_count_as_absent),
        cmocka_unit_test(deferrals_stay_capped),
        cmocka_unit_test(newer_versions_are_left_to_newer_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
