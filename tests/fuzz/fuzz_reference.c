/* Names: what is accepted stays the same name in all the forms that it is written in. */
#include "fuzz.h"

#include <string.h>

#include "digest.h"
#include "mem.h"
#include "reference.h"

static int is_same(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Takes text: a form of reference's name. */
static void check_form(char *text, const struct reference *reference)
{
    AUTO(free) char *form = text;
    struct reference again = {0};
    FUZZ_CHECK(reference_parse(form, &again, NULL) == 0);
    FUZZ_CHECK(is_same(again.registry, reference->registry));
    FUZZ_CHECK(is_same(again.path, reference->path));
    FUZZ_CHECK(!again.tag && !again.digest);
    reference_release(&again);
}

/* It goes into URLs and keys without encoding. */
static void check_parts(const struct reference *reference)
{
    FUZZ_CHECK(*reference->registry && strlen(reference->registry) <= 512);
    FUZZ_CHECK(strspn(reference->registry, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") ==
               strlen(reference->registry));
    FUZZ_CHECK(strspn(reference->path, "abcdefghijklmnopqrstuvwxyz0123456789._-/") ==
               strlen(reference->path));
    FUZZ_CHECK(*reference->path && strlen(reference->path) <= 255);
    FUZZ_CHECK(!strstr(reference->path, "..") && !strstr(reference->path, "//"));
    FUZZ_CHECK(reference->path[0] != '/');
    FUZZ_CHECK(!reference->tag || reference_is_tag(reference->tag));
    FUZZ_CHECK(!reference->digest || digest_is_valid(reference->digest));
    FUZZ_CHECK(!reference->digest || strlen(reference->digest) < DIGEST_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *text = fuzz_text(data, size);
    struct reference reference = {0};
    const char *why = NULL;
    char digest[DIGEST_BYTES];
    if (digest_from_user(text, digest) == 0)
        FUZZ_CHECK(digest_is_valid(digest) && strstr(digest, digest_hex(digest)));
    if (reference_parse(text, &reference, &why) != 0) {
        FUZZ_CHECK(why && *why);
        return 0;
    }
    check_parts(&reference);
    check_form(reference_canonical(&reference), &reference);
    check_form(reference_message_name(&reference), &reference);
    check_form(reference_shown(&reference), &reference);
    struct reference copy;
    reference_copy(&copy, &reference);
    FUZZ_CHECK(is_same(copy.tag, reference.tag) && is_same(copy.digest, reference.digest));
    reference_release(&copy);
    reference_release(&reference);
    return 0;
}
