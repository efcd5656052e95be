#include "image_answers.h"

#include <string.h>

#include "command.h"
#include "digest.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"

void image_answer_release(struct image_answer *answer)
{
    source_answer_release(&answer->raw);
    json_decref(TAKE(answer->json));
}

char *image_path(const struct session *session, const char *path)
{
    if (!session->options.platform)
        return xstrdup(path);
    AUTO(free) char *platform = url_encode(session->options.platform);
    return xasprintf("%s?platform=%s", path, platform);
}

enum source_wait image_wait(const struct session *session, enum source_wait wanted)
{
    return session->options.waits ? wanted : SOURCE_NOW;
}

static int get(struct session *session, const struct target *target, const char *path,
               enum source_wait wait, struct image_answer *ret_answer)
{
    struct image_answer answer = {0};
    AUTO(free) char *full_path = image_path(session, path);
    session_start(session);
    const struct source_request request = {
        .path = full_path,
        .wait = image_wait(session, wait),
        .ref = target->name,
        .deadline_ms = session_deadline(session),
    };
    int status = session_get(session, &request, target->ref, &answer.raw);
    if (status != EXIT_OK)
        return status;
    answer.json = source_answer_json(&answer.raw);
    if (!json_is_object(answer.json)) {
        session_complain(session,
                         "%s: %s gave something else than a JSON object; is it a "
                         "MicroBadger API?",
                         target->ref, session->options.server);
        image_answer_release(&answer);
        return EXIT_TROUBLE;
    }
    *ret_answer = answer;
    return EXIT_OK;
}

int image_answer(struct session *session, const struct target *target, enum source_wait wait,
                 struct image_answer *ret_answer)
{
    AUTO(free) char *path = xasprintf("/v1/images/%s", target->ref);
    return get(session, target, path, wait, ret_answer);
}

int image_version_answer(struct session *session, const struct target *target, const json_t *image,
                         struct image_answer *ret_answer)
{
    char digest[DIGEST_BYTES];
    if (digest_from_user(jsonx_str(image, "Digest"), digest) != 0) {
        session_complain(session, "%s: %s told no digest", target->ref, session->options.server);
        return EXIT_TROUBLE;
    }
    AUTO(free) char *path = xasprintf("/v1/images/%s/version/%s", target->name, digest);
    return get(session, target, path, SOURCE_FACTS, ret_answer);
}

int image_print_json(const struct session *session, const struct target *target,
                     const struct source_answer *answer)
{
    int status = session_print(session, answer->body, answer->body_bytes);
    bool wants_line_end = target->is_one_of_many || session->out.is_tty;
    return status || !wants_line_end ? status : session_print(session, "\n", 1);
}
