#include "unit.h"

#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "manifest.h"
#include "mem.h"
#include "schema1.h"

/* As docker-registry 2.8.2 made it of one of the samples, and the digest it gave with it. */
#define SIGNED "manifests/schema1-signed.json"
#define SIGNED_DIGEST "sha256:f4b754696aa9df16e382dae6652bc20818b6363caac241626a5c828b5f4b7212"

static void the_digest_is_that_of_what_was_signed(void **state)
{
    (void)state;
    size_t len;
    char digest[DIGEST_BYTES];
    AUTO(free) char *body = unit_read_file(SIGNED, &len);
    assert_true(schema1_digest(body, len, digest));
    assert_string_equal(digest, SIGNED_DIGEST);
    *strstr(body, "amd64") = 'b';
    assert_true(schema1_digest(body, len, digest));
    assert_string_not_equal(digest, SIGNED_DIGEST);
}

static void it_is_told_apart_and_not_read(void **state)
{
    (void)state;
    size_t len;
    AUTO(free) char *body = unit_read_file(SIGNED, &len);
    struct manifest *manifest = NULL;
    assert_int_equal(manifest_parse(body, len, "text/plain", &manifest), ERR_UNSUPPORTED);
    assert_null(manifest);
}

/* {"formatLength":24,"formatTail":"fQ"}: the signed text is the first 24 bytes and "}". */
#define PROTECTED "eyJmb3JtYXRMZW5ndGgiOjI0LCJmb3JtYXRUYWlsIjoiZlEifQ"
#define SIGNATURES ",\"signatures\":[{\"protected\":\"" PROTECTED "\"}]"

/* A manifest of another kind with signatures hung on must not pass for what it was. */
static void other_kinds_are_not_signed(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "{\"fsLayers\":[],\"signatures\":[]}",
        "{\"fsLayers\":[],\"signatures\":[{\"protected\":\"!\"}]}",
        "{\"fsLayers\":[],\"signatures\":[{\"protected\":\"e30\"}]}",
        "{\"schemaVersion\":2,\"x\":1" SIGNATURES ",\"fsLayers\":[]}",
        "{\"fsLayers\":[]" SIGNATURES "}",
    };
    char digest[DIGEST_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        assert_false(schema1_digest(bodies[i], strlen(bodies[i]), digest));
    const char *good = "{\"fsLayers\":[],\"abc\":123" SIGNATURES "}";
    assert_true(schema1_digest(good, strlen(good), digest));
    assert_int_equal(digest_verify(digest, "{\"fsLayers\":[],\"abc\":123}", 25), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_that_of_what_was_signed),
        cmocka_unit_test(it_is_told_apart_and_not_read),
        cmocka_unit_test(other_kinds_are_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
