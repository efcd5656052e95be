/* WWW-Authenticate, Link and Retry-After as registries send them: the input is all three. */
#include "fuzz.h"

#include <string.h>

#include "challenge.h"
#include "err.h"
#include "mem.h"

#define NOW_MS 1800000000000LL
#define DAY_MS 86400000LL

/* The challenge written anew, quoted, reads as the same. */
static void check_again(const struct challenge *challenge)
{
    const char *const values[] = {challenge->realm, challenge->service, challenge->scope,
                                  challenge->error};
    static const char *const names[] = {"realm", "service", "scope", "error"};
    char *text = xstrdup(challenge->is_basic ? "Basic" : "Bearer");
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        if (strpbrk(values[i], "\"\\")) {
            free(text);
            return;
        }
        char *longer = xasprintf("%s%s %s=\"%s\"", text, i ? "," : "", names[i], values[i]);
        free(text);
        text = longer;
    }
    AUTO(challenge) struct challenge again = {0};
    FUZZ_CHECK(challenge_parse(text, &again) == 0);
    FUZZ_CHECK(again.is_basic == challenge->is_basic);
    FUZZ_CHECK(strcmp(again.realm, values[0]) == 0 && strcmp(again.service, values[1]) == 0);
    FUZZ_CHECK(strcmp(again.scope, values[2]) == 0 && strcmp(again.error, values[3]) == 0);
    free(text);
}

static void check_challenge(const char *header)
{
    AUTO(challenge) struct challenge challenge = {0};
    int err = challenge_parse(header, &challenge);
    FUZZ_CHECK(err == 0 || err == ERR_NOTFOUND);
    if (err == 0) {
        FUZZ_CHECK(challenge.realm && challenge.service && challenge.scope && challenge.error);
        check_again(&challenge);
    }
}

static void check_link(const char *header)
{
    AUTO(free) char *target = link_next(header);
    if (!target)
        return;
    FUZZ_CHECK(*target && strstr(header, target) && !strpbrk(target, "<>"));
    AUTO(free) char *header_again = xasprintf("<%s>; rel=\"next\"", target);
    AUTO(free) char *target_again = link_next(header_again);
    FUZZ_CHECK(target_again && strcmp(target, target_again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *header = fuzz_text(data, size);
    check_challenge(header);
    check_link(header);
    long long at_ms = retry_after_ms(header, NOW_MS);
    FUZZ_CHECK(at_ms == 0 || (at_ms >= NOW_MS && at_ms <= NOW_MS + DAY_MS));
    return 0;
}
