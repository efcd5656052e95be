#include "unit.h"

#include <string.h>

#include "digest.h"
#include "err.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_SHA512                                                                                 \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                             \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void well_formed_digests(void **state)
{
    (void)state;
    static const char *const good[] = {
        "sha256:" EMPTY_SHA256,
        "sha512:" ABC_SHA512,
        "blake3:" EMPTY_SHA256,
        "multi+part.name_x:0123456789abcdef0123456789abcdef",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!digest_is_valid(good[i]))
            fail_msg("refused: %s", good[i]);
}

static void malformed_digests(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ":",
        "sha256",
        "sha256:",
        EMPTY_SHA256,
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
        "sha256:" EMPTY_SHA256 "0",
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "sha256:../../../../../../../../../../../../../../../../../../etc/passwd",
        "sha512:" EMPTY_SHA256,
        "blake3:0123",
        "1sha:" EMPTY_SHA256,
        "a+:" EMPTY_SHA256,
        "+a:" EMPTY_SHA256,
        "a b:" EMPTY_SHA256,
        "long:" EMPTY_SHA256 EMPTY_SHA256 "00000",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (digest_is_valid(bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

static void content_is_verified(void **state)
{
    (void)state;
    assert_int_equal(digest_verify("sha256:" EMPTY_SHA256, "", 0), 0);
    assert_int_equal(digest_verify("sha512:" ABC_SHA512, "abc", 3), 0);
    assert_int_equal(digest_verify("sha256:" EMPTY_SHA256, "x", 1), ERR_PROTO);
    assert_int_equal(digest_verify("blake3:" EMPTY_SHA256, "", 0), ERR_UNSUPPORTED);
    assert_true(digest_is_verifiable("sha512:" ABC_SHA512));
    assert_false(digest_is_verifiable("blake3:" EMPTY_SHA256));
}

static void digests_are_computed(void **state)
{
    (void)state;
    char digest[DIGEST_BYTES];
    digest_sha256("{}", 2, digest);
    assert_string_equal(digest,
                        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_string_equal(digest_hex(digest), digest + 7);
    assert_string_equal(digest_hex("no colon"), "");
    char hex[33];
    if (digest_md5_hex("abc", 3, hex))
        assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
}

static void users_may_leave_out_the_algorithm(void **state)
{
    (void)state;
    char digest[DIGEST_BYTES] = "untouched";
    assert_int_equal(digest_from_user("sha256:12", digest), ERR_INVALID);
    assert_int_equal(digest_from_user("", digest), ERR_INVALID);
    assert_int_equal(digest_from_user("latest", digest), ERR_INVALID);
    assert_int_equal(digest_from_user(EMPTY_SHA256 EMPTY_SHA256 "0", digest), ERR_INVALID);
    assert_string_equal(digest, "untouched");
    assert_int_equal(digest_from_user(EMPTY_SHA256, digest), 0);
    assert_string_equal(digest, "sha256:" EMPTY_SHA256);
    assert_int_equal(digest_from_user(ABC_SHA512, digest), 0);
    assert_string_equal(digest, "sha512:" ABC_SHA512);
    assert_int_equal(digest_from_user("sha256:" EMPTY_SHA256, digest), 0);
    assert_string_equal(digest, "sha256:" EMPTY_SHA256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_digests),
        cmocka_unit_test(malformed_digests),
        cmocka_unit_test(content_is_verified),
        cmocka_unit_test(digests_are_computed),
        cmocka_unit_test(users_may_leave_out_the_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
