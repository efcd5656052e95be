/* search: names of images that the server knows. */
#include "command.h"
#include "image_answers.h"
#include "jsonx.h"
#include "mem.h"
#include "url.h"
#include "view.h"

static int show(const struct session *session, const char *term, const json_t *answer)
{
    const json_t *images = jsonx_array(answer, "Images");
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    if (json_array_size(images) == 0) {
        AUTO(free) char *escaped = view_escape(&view, term);
        session_complain(session,
                         "%s knows no image with '%s' in its name; 'microbadger inspect REF' asks "
                         "for one by its whole name",
                         session->options.server, escaped);
        return EXIT_NOT_FOUND;
    }
    AUTO(free) char *names = view_join(&view, images, "\n");
    view_add(&view, names);
    view_add(&view, "\n");
    return session_print_buffer(session, &out);
}

static int run(struct session *session, int count, char **words)
{
    (void)count;
    AUTO(source_answer) struct source_answer answer = {0};
    AUTO(free) char *term = url_encode(words[0]);
    AUTO(free) char *path = xasprintf("/v1/images/search/%s", term);
    session_start(session);
    const struct source_request request = {.path = path, .deadline_ms = session_deadline(session)};
    int status = session_get(session, &request, words[0], &answer);
    if (status != EXIT_OK)
        return status;
    if (options_have(&session->options, FLAG_JSON)) {
        const struct target target = {.ref = words[0]};
        return image_print_json(session, &target, &answer);
    }
    JSON_AUTO
    json_t *found = source_answer_json(&answer);
    return show(session, words[0], found);
}

const struct command cmd_search = {
    .name = "search",
    .arguments = "TERM",
    .summary = "names of known images that have TERM in them",
    .details = "",
    .flags = FLAGS_SERVER | FLAG_JSON,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
