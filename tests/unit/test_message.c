#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "message.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(const char *body, struct message *ret_message)
{
    return message_parse(body, strlen(body), ret_message);
}

static void message_of_the_original_suite_is_read(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"nginx\"}", &message), 0);
    assert_string_equal(message.image.registry, "docker.io");
    assert_string_equal(message.image.path, "library/nginx");
    assert_null(message.image.tag);
    assert_null(message.image.digest);
    assert_int_equal(message.version, MESSAGE_VERSION);
    assert_int_equal(message.requested_ms, 0);
    assert_int_equal(message.deferrals, 0);
    assert_null(message.trace_parent);
}

static void every_member_is_read(void **state)
{
    (void)state;
    AUTO(message) struct message message = {0};
    assert_int_equal(parse("{\"ImageName\":\"ghcr.io/o/n\",\"Tag\":\"v1\",\"Digest\":\"" DIGEST
                           "\","
                           "\"Version\":1,\"RequestedAt\":1456749296789,\"Deferrals\":3,"
                           "\"TraceParent\":\"00-ab-cd-01\",\"Unknown\":[{}]}",
                           &message),
                     0);
    assert_string_equal(message.image.registry, "ghcr.io");
    assert_string_equal(message.image.path, "o/n");
    assert_string_equal(message.image.tag, "v1");
    assert_string_equal(message.image.digest, DIGEST);
    assert_int_equal(message.requested_ms, 1456749296789);
    assert_int_equal(message.deferrals, 3);
    assert_string_equal(message.trace_parent, "00-ab-cd-01");
}

static void tag_in_the_name_counts_unless_there_is_one_of_its_own(void **state)
{
    (void)state;
    struct message message;
    assert_int_equal(parse("{\"ImageName\":\"a/b:one\"}", &message), 0);
    assert_string_equal(message.image.tag, "one");
    message_release(&message);
    assert_int_equal(parse("{\"ImageName\":\"a/b:one\",\"Tag\":\"two\"}", &message), 0);
    assert_string_equal(message.image.tag, "two");
    message_release(&message);
    assert_int_equal(parse("{\"ImageName\":\"a/b:one\",\"Tag\":\"-two\"}", &message), 0);
    assert_string_equal(message.image.tag, "one");
    message_release(&message);
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "nginx",
                         "null",
                         "[]",
                         "[\"ImageName\",\"nginx\"]",
                         "{}",
                         "{\"imagename\":\"nginx\"}",
                         "{\"ImageName\":\"\"}",
                         "{\"ImageName\":7}",
                         "{\"ImageName\":null}",
                         "{\"ImageName\":\"../etc\"}",
                         "{\"ImageName\":\"NGINX\"}",
                         "{\"ImageName\":\"nginx\"",
                         "{\"ImageName\":\"\\ud800\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct message message = {0};
        if (parse(bad[i], &message) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_null(message.image.path);
    }
}

static void newer_versions_are_left_to_newer_workers(void **state)
{
    (void)state;
    const char *newer[] = {"2", "1e6", "2147483648", "4294967297", "9223372036854775807"};
    for (size_t i = 0; i < ARRAY_LEN(newer); i++) {
        AUTO(free) char *body = xasprintf("{\"ImageName\":\"nginx\",\"Version\":%s}", newer[i]);
        AUTO(message) struct message message = {0};
        assert_int_equal(parse(body, &message), ERR_UNSUPPORTED);
        assert_string_equal(message.image.path, "library/nginx");
        assert_true(message.version > MESSAGE_VERSION);
    }
}

static void nonsense_in_optional_members_does_no_harm(void **state)
{
    (void)state;
    AUTO(free) char *long_trace = xcalloc(130, 1);
    memset(long_trace, 'x', 129);
    AUTO(free)
    char *body = xasprintf("{\"ImageName\":\"nginx\",\"Tag\":\"no tag\",\"Digest\":\"sha256:x\","
                           "\"RequestedAt\":\"now\",\"Deferrals\":-1,\"TraceParent\":\"%s\"}",
                           long_trace);
    AUTO(message) struct message message = {0};
    assert_int_equal(parse(body, &message), 0);
    assert_null(message.image.tag);
    assert_null(message.image.digest);
    assert_int_equal(message.requested_ms, 0);
    assert_int_equal(message.deferrals, 0);
    assert_null(message.trace_parent);
    AUTO(message) struct message other = {0};
    assert_int_equal(
        parse("{\"ImageName\":\"nginx\",\"Deferrals\":99999999999,\"TraceParent\":{}}", &other), 0);
    assert_int_equal(other.deferrals, 0);
    assert_null(other.trace_parent);
}

static void what_is_sent_is_read_back(void **state)
{
    (void)state;
    AUTO(message)
    struct message sent = {.version = MESSAGE_VERSION,
                           .requested_ms = 1456749296789,
                           .deferrals = 7,
                           .trace_parent = xstrdup("00-\"é\\-01")};
    assert_int_equal(reference_parse("ghcr.io/o/n:v1@" DIGEST, &sent.image, NULL), 0);
    AUTO(free) char *body = message_format(&sent);
    AUTO(message) struct message read = {0};
    assert_int_equal(parse(body, &read), 0);
    assert_string_equal(read.image.registry, "ghcr.io");
    assert_string_equal(read.image.path, "o/n");
    assert_string_equal(read.image.tag, "v1");
    assert_string_equal(read.image.digest, DIGEST);
    assert_int_equal(read.version, MESSAGE_VERSION);
    assert_int_equal(read.requested_ms, sent.requested_ms);
    assert_int_equal(read.deferrals, 7);
    assert_string_equal(read.trace_parent, sent.trace_parent);
}

static void body_is_ascii_with_only_what_is_known(void **state)
{
    (void)state;
    AUTO(message) struct message sent = {.version = MESSAGE_VERSION, .trace_parent = xstrdup("é")};
    assert_int_equal(reference_parse("nginx", &sent.image, NULL), 0);
    AUTO(free) char *body = message_format(&sent);
    for (const char *c = body; *c; c++)
        assert_in_range(*c, 0x20, 0x7e);
    JSON_AUTO
    json_t *json = NULL;
    assert_int_equal(jsonx_parse(body, strlen(body), &json), 0);
    assert_string_equal(jsonx_str(json, "ImageName"), "library/nginx");
    assert_null(json_object_get(json, "Tag"));
    assert_null(json_object_get(json, "Digest"));
    assert_string_equal(jsonx_str(json, "TraceParent"), "é");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_of_the_original_suite_is_read),
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(tag_in_the_name_counts_unless_there_is_one_of_its_own),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(newer_versions_are_left_to_newer_workers),
        cmocka_unit_test(nonsense_in_optional_members_does_no_harm),
        cmocka_unit_test(what_is_sent_is_read_back),
        cmocka_unit_test(body_is_ascii_with_only_what_is_known),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
