#include "unit.h"

#include <string.h>

#include "base64.h"
#include "err.h"
#include "mem.h"

static void examples_of_the_rfc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        AUTO(free) char *encoded = base64_encode(pairs[i][0], strlen(pairs[i][0]));
        assert_string_equal(encoded, pairs[i][1]);
        AUTO(free) char *decoded = NULL;
        size_t len = 99;
        assert_int_equal(base64_decode(encoded, &decoded, &len), 0);
        assert_int_equal(len, strlen(pairs[i][0]));
        assert_string_equal(decoded, pairs[i][0]);
    }
}

static void all_bytes_come_back(void **state)
{
    (void)state;
    unsigned char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        AUTO(free) char *encoded = base64_encode(bytes, len);
        AUTO(free) char *decoded = NULL;
        size_t decoded_len = 0;
        assert_int_equal(base64_decode(encoded, &decoded, &decoded_len), 0);
        assert_int_equal(decoded_len, len);
        assert_memory_equal(decoded, bytes, len);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Z",     "Zg",     "Zg=",  "Zg===", "====",     "=Zg=",   "Zm9v ",
        " Zm9v", "Zm9v\n", "Zm-v", "Zm9_",  "Zg==Zg==", "Zm\x01v"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char *decoded = NULL;
        size_t len = 0;
        if (base64_decode(texts[i], &decoded, &len) != ERR_INVALID)
            fail_msg("\"%s\" was taken", texts[i]);
        assert_null(decoded);
    }
}

static void the_url_alphabet_has_no_padding(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes;
    } good[] = {{"", ""}, {"Zg", "f"}, {"Zm8", "fo"}, {"Zm9v", "foo"}, {"-_-_", "\xfb\xff\xbf"}};
    static const char *const bad[] = {"Zg==", "Z", "+/+/", "Zm 9v", "Zm9v\n"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char *data = NULL;
        size_t len;
        assert_int_equal(base64url_decode(good[i].text, &data, &len), 0);
        assert_string_equal(data, good[i].bytes);
        assert_int_equal(len, strlen(good[i].bytes));
        free(data);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *data = NULL;
        size_t len;
        assert_int_equal(base64url_decode(bad[i], &data, &len), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_url_alphabet_has_no_padding),
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(what_is_no_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
