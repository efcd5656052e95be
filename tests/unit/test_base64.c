#include "unit.h"

#include <string.h>

#include "base64.h"
#include "err.h"
#include "mem.h"

static void expect(const char *text, const char *bytes, size_t count)
{
    AUTO(free) char *found = NULL;
    size_t len;
    assert_int_equal(base64_decode(text, strlen(text), &found, &len), 0);
    assert_int_equal(len, count);
    assert_memory_equal(found, bytes, count);
}

/* RFC 4648 section 10, and section 5's alphabet. */
static void texts_are_decoded(void **state)
{
    (void)state;
    expect("", "", 0);
    expect("Zg==", "f", 1);
    expect("Zm8=", "fo", 2);
    expect("Zm9v", "foo", 3);
    expect("Zm9vYg==", "foob", 4);
    expect("Zm9vYmE=", "fooba", 5);
    expect("Zm9vYmFy", "foobar", 6);
    expect("Zm9vYg", "foob", 4);
    expect("e30=", "{}", 2);
    expect("+/+/", "\xfb\xff\xbf", 3);
    expect("-_-_", "\xfb\xff\xbf", 3);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"A", "AAAAA", "Zm9v!", "Zm 9v", "Zg==Zg==", "Z===", "é"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char *found = NULL;
        size_t len;
        assert_int_equal(base64_decode(texts[i], strlen(texts[i]), &found, &len), ERR_PROTO);
        assert_null(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_decoded),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
