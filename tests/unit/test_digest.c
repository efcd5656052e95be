#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "err.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32
#define HEX128 HEX64 HEX64

/* FIPS 180-2's examples. */
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                                    \
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe" \
    "ebbd454d4423643ce80e2a9ac94fa54ca49f"
#define NOTHING_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void well_formed_digests_are_valid(void **state)
{
    (void)state;
    const char *good[] = {
        "sha256:" HEX64,   "sha512:" HEX128,          "sha384:" HEX64 HEX32, "blake3:" HEX64,
        "md5:" HEX32,      "multihash+base58:" HEX32, "a.b-c_d+e2:" HEX32,   "SHA256:" HEX64,
        "a:" HEX128 "0123" /* other algorithms: any length that fits */};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!digest_is_valid(good[i]))
            fail_msg("\"%s\" was refused", good[i]);
}

static void malformed_digests_are_not_valid(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         ":",
                         "sha256",
                         "sha256:",
                         ":" HEX64,
                         HEX64,
                         "sha256:" HEX32,
                         "sha256:" HEX64 "0",
                         "sha256:" HEX128,
                         "sha512:" HEX64,
                         "sha512:" HEX128 "0",
                         "sha256:" HEX32 "0123456789ABCDEF0123456789abcdef",
                         "sha256:" HEX32 "0123456789abcdef0123456789abcdeg",
                         "sha256:" HEX32 "0123456789abcdef0123456789abcde\n",
                         "sha256:" HEX64 "\n",
                         "sha256::" HEX64,
                         " sha256:" HEX64,
                         "md5:0123456789abcdef0123456789abcde",
                         "2md:" HEX32,
                         "md-:" HEX32,
                         "-md:" HEX32,
                         "a--b:" HEX32,
                         "a+2:" HEX32,
                         "a/b:" HEX32,
                         "../x:" HEX32,
                         "a b:" HEX32,
                         "h\xc3\xa9:" HEX32,
                         "a:" HEX128 "012345"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (digest_is_valid(bad[i]))
            fail_msg("\"%s\" was taken", bad[i]);
}

static void longest_digest_fits_its_array(void **state)
{
    (void)state;
    char text[DIGEST_BYTES + 1];
    (void)snprintf(text, sizeof(text), "abcde:%s0", HEX128);
    assert_int_equal(strlen(text), DIGEST_BYTES - 1);
    assert_true(digest_is_valid(text));
    (void)snprintf(text, sizeof(text), "abcde:%s00", HEX128);
    assert_false(digest_is_valid(text));
}

static void only_known_algorithms_are_verifiable(void **state)
{
    (void)state;
    assert_true(digest_is_verifiable("sha256:" HEX64));
    assert_true(digest_is_verifiable("sha512:" HEX128));
    assert_false(digest_is_verifiable("sha384:" HEX64 HEX32));
    assert_false(digest_is_verifiable("sha256+b:" HEX64));
    assert_false(digest_is_verifiable("SHA256:" HEX64));
    assert_false(digest_is_verifiable(""));
}

static void bytes_are_verified(void **state)
{
    (void)state;
    assert_int_equal(digest_verify("sha256:" ABC_256, "abc", 3), 0);
    assert_int_equal(digest_verify("sha512:" ABC_512, "abc", 3), 0);
    assert_int_equal(digest_verify("sha256:" NOTHING_256, "", 0), 0);
    assert_int_equal(digest_verify("sha256:" NOTHING_256, NULL, 0), 0);
}

static void other_bytes_are_told(void **state)
{
    (void)state;
    assert_int_equal(digest_verify("sha256:" ABC_256, "abd", 3), ERR_PROTO);
    assert_int_equal(digest_verify("sha256:" ABC_256, "abc", 4), ERR_PROTO);
    assert_int_equal(digest_verify("sha256:" ABC_256, "abc", 2), ERR_PROTO);
    assert_int_equal(digest_verify("sha512:" HEX128, "abc", 3), ERR_PROTO);
    assert_int_equal(digest_verify("sha256:", "abc", 3), ERR_PROTO);
    assert_int_equal(digest_verify("sha256:ba7816bf", "abc", 3), ERR_PROTO);
    assert_int_equal(digest_verify("md5:" HEX32, "abc", 3), ERR_UNSUPPORTED);
    assert_int_equal(digest_verify("", "abc", 3), ERR_UNSUPPORTED);
}

static void own_digest_is_of_the_bytes(void **state)
{
    (void)state;
    char digest[DIGEST_BYTES];
    digest_sha256("abc", 3, digest);
    assert_string_equal(digest, "sha256:" ABC_256);
    digest_sha256(NULL, 0, digest);
    assert_string_equal(digest, "sha256:" NOTHING_256);
    assert_true(digest_is_valid(digest));
}

static void hex_is_what_follows_the_colon(void **state)
{
    (void)state;
    assert_string_equal(digest_hex("sha256:abc"), "abc");
    assert_string_equal(digest_hex("sha256:"), "");
    assert_string_equal(digest_hex("abc"), "");
    assert_string_equal(digest_hex(""), "");
}

static void users_may_leave_the_algorithm_out(void **state)
{
    (void)state;
    char digest[DIGEST_BYTES];
    assert_int_equal(digest_from_user(HEX64, digest), 0);
    assert_string_equal(digest, "sha256:" HEX64);
    assert_int_equal(digest_from_user(HEX128, digest), 0);
    assert_string_equal(digest, "sha512:" HEX128);
    assert_int_equal(digest_from_user("sha256:" HEX64, digest), 0);
    assert_string_equal(digest, "sha256:" HEX64);
    assert_int_equal(digest_from_user("md5:" HEX32, digest), 0);
    assert_string_equal(digest, "md5:" HEX32);
}

static void what_users_get_wrong_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         "latest",
                         HEX32,
                         HEX64 "0",
                         ":" HEX64,
                         HEX64 ":",
                         "sha256:" HEX128,
                         "0123456789ABCDEF" HEX32 "0123456789abcdef",
                         HEX128 "01234567",
                         HEX128 HEX128,
                         "../../../etc/passwd"};
    char digest[DIGEST_BYTES] = "untouched";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (digest_from_user(bad[i], digest) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
    assert_string_equal(digest, "untouched");
}

static void md5_is_as_sqs_gives_it(void **state)
{
    (void)state;
    char hex[33];
    if (!digest_md5_hex("abc", 3, hex))
        skip(); /* a machine in FIPS mode */
    assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
    assert_true(digest_md5_hex("", 0, hex));
    assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_digests_are_valid),
        cmocka_unit_test(malformed_digests_are_not_valid),
        cmocka_unit_test(longest_digest_fits_its_array),
        cmocka_unit_test(only_known_algorithms_are_verifiable),
        cmocka_unit_test(bytes_are_verified),
        cmocka_unit_test(other_bytes_are_told),
        cmocka_unit_test(own_digest_is_of_the_bytes),
        cmocka_unit_test(hex_is_what_follows_the_colon),
        cmocka_unit_test(users_may_leave_the_algorithm_out),
        cmocka_unit_test(what_users_get_wrong_is_refused),
        cmocka_unit_test(md5_is_as_sqs_gives_it),
    };
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
