/* What hands out AWS keys, and the shared files: keys that are taken are fit for headers, refusals
 * are one printable line. The first byte says which. */
#include "fuzz.h"

#include <string.h>

#include "aws_env.h"
#include "aws_profile.h"
#include "aws_source.h"
#include "mem.h"

static int is_printable(const char *text, char from)
{
    for (const char *c = text; *c; c++)
        if (*c < from || *c >= 0x7f)
            return 0;
    return 1;
}

static void check_keys(const struct aws_keys *keys)
{
    FUZZ_CHECK(*keys->access_key && is_printable(keys->access_key, '!'));
    FUZZ_CHECK(*keys->secret_key && is_printable(keys->secret_key, '!'));
    FUZZ_CHECK(*keys->session_token && is_printable(keys->session_token, '!'));
    FUZZ_CHECK(keys->expires_ms >= 0);
}

static void fuzz_answer(const struct aws_source *source, const char *text, int status, int steps)
{
    struct aws_dialogue dialogue = {
        .token = steps > 0 ? xstrdup("token") : NULL,
        .role = steps > 1 ? xstrdup("role") : NULL,
    };
    AUTO(aws_keys) struct aws_keys keys = {0};
    AUTO(free) char *why = NULL;
    const struct aws_answer answer = {status, text, strlen(text)};
    if (source->answer(&dialogue, &answer, &keys, &why) != 0)
        FUZZ_CHECK(why && *why && is_printable(why, ' ') && !keys.access_key);
    else if (keys.access_key)
        check_keys(&keys);
    else
        FUZZ_CHECK(is_printable(dialogue.role ? dialogue.role : dialogue.token, '!'));
    aws_text_free(dialogue.token);
    free(dialogue.role);
}

static void fuzz_profile(const char *text, bool is_config_file)
{
    AUTO(aws_profile) struct aws_profile profile = {0};
    bool is_found = aws_profile_parse(&profile, text, is_config_file, "default");
    FUZZ_CHECK(is_found || (!profile.access_key && !profile.region && !profile.other_way));
    FUZZ_CHECK(!profile.access_key || (*profile.access_key && !strchr(profile.access_key, '\n')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    AUTO(free) char *text = xstrndup((const char *)data + 1, size - 1);
    int status = data[0] & 0x10 ? 400 : 200;
    switch (data[0] & 0x7) {
    case 0:
        fuzz_profile(text, data[0] & 0x10);
        break;
    case 1:
        fuzz_answer(&aws_web_identity, text, status, 1);
        break;
    case 2:
        fuzz_answer(&aws_container, text, status, 0);
        break;
    default:
        fuzz_answer(&aws_imds, text, status, (data[0] & 0x7) - 3);
    }
    return 0;
}
