/* compare: what differs between two images. */
#include "command.h"
#include "compare_view.h"
#include "image_answers.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"

static char *path_of(const struct session *session, const char *a, const char *b)
{
    AUTO(free) char *a_text = url_encode(a);
    AUTO(free) char *b_text = url_encode(b);
    AUTO(free)
    char *platform = session->options.platform ? url_encode(session->options.platform) : NULL;
    return xasprintf("/v1/compare?a=%s&b=%s%s%s", a_text, b_text, platform ? "&platform=" : "",
                     platform ? platform : "");
}

static int run(struct session *session, int count, char **words)
{
    (void)count;
    AUTO(target) struct target a = {0};
    AUTO(target) struct target b = {0};
    AUTO(source_answer) struct source_answer answer = {0};
    int status = target_parse(session, words[0], &a);
    if (status == EXIT_OK)
        status = target_parse(session, words[1], &b);
    if (status != EXIT_OK)
        return status;
    AUTO(free) char *path = path_of(session, a.ref, b.ref);
    AUTO(free) char *shown = xasprintf("%s and %s", a.ref, b.ref);
    session_start(session);
    const struct source_request request = {
        .path = path,
        .wait = image_wait(session, SOURCE_FACTS),
        .deadline_ms = session_deadline(session),
    };
    status = session_get(session, &request, shown, &answer);
    if (status != EXIT_OK)
        return status;
    if (options_have(&session->options, FLAG_JSON))
        return image_print_json(session, &a, &answer);
    JSON_AUTO
    json_t *comparison = source_answer_json(&answer);
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    compare_view(&view, comparison);
    return session_print_buffer(session, &out);
}

const struct command cmd_compare = {
    .name = "compare",
    .arguments = "A B",
    .summary = "what changed from one image to another",
    .details = "A and B are any two images, tags or digests. With --platform, of that platform.\n",
    .flags = FLAGS_WAITING | FLAGS_LOCAL | FLAG_JSON | FLAG_PLATFORM,
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
