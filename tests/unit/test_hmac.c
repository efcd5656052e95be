#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hmac.h"
#include "mem.h"

/* Published vectors (RFC 4231 4.2, 4.3, 4.7 and the empty one), written as base64url. */
static void tokens_are_hmac_sha256(void **state)
{
    (void)state;
    char key_20[21];
    char key_131[132];
    memset(key_20, 0x0b, 20);
    memset(key_131, 0xaa, 131);
    key_20[20] = key_131[131] = '\0';
    const struct {
        const char *key, *text, *token;
    } cases[] = {
        {key_20, "Hi There", "sDRMYdjbOFNcqK_OrwvxK4gdwgDJgz2nJuk3bC4yz_c"},
        {"Jefe", "what do ya want for nothing?", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"},
        {key_131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "YOQxWR7gtn8Niiaqy_W3f44LxiE3KMUUBUYEDw7jf1Q"},
        {"", "", "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char token[HMAC_TOKEN_BYTES];
        hmac_token(cases[i].key, cases[i].text, token);
        assert_string_equal(token, cases[i].token);
    }
}

static void secrets_equal_only_themselves(void **state)
{
    (void)state;
    assert_true(secret_equals("a-secret", "a-secret"));
    static const char *const others[] = {"", "a", "a-secre", "a-secret ", "A-secret", "b-secret"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(secret_equals("a-secret", others[i]));
    assert_false(secret_equals("", ""));
    assert_false(secret_equals("", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_hmac_sha256),
        cmocka_unit_test(secrets_equal_only_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
