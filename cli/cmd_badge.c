/* badge: a picture for a README, or the Markdown that shows it. */
#include <string.h>

#include "badge_types.h"
#include "command.h"
#include "image_answers.h"
#include "mem.h"

static bool is_type(const char *word)
{
    size_t len = strlen(word);
    for (const char *at = BADGE_TYPE_WORDS; *at; at += strspn(at, " ")) {
        size_t next = strcspn(at, " ");
        if (next == len && strncmp(at, word, len) == 0)
            return true;
        at += next;
    }
    return false;
}

static int print_markdown(const struct session *session, const struct target *target,
                          const char *type)
{
    size_t len = strlen(session->options.server);
    while (len && session->options.server[len - 1] == '/')
        len--;
    const char *server = session->options.server;
    AUTO(free)
    char *text =
        xasprintf("[![%s of %s](%.*s/badges/%s/%s.svg)](%.*s/images/%s)\n", type, target->ref,
                  (int)len, server, type, target->ref, (int)len, server, target->ref);
    return session_print(session, text, strlen(text));
}

/* Pictures start no inspection, so the image is asked for first. */
static int print_picture(struct session *session, const struct target *target, const char *type)
{
    AUTO(source_answer) struct source_answer picture = {0};
    if (session->options.waits) {
        AUTO(image_answer) struct image_answer image = {0};
        int status = image_answer(session, target, SOURCE_FACTS, &image);
        if (status != EXIT_OK)
            return status;
    }
    AUTO(free) char *path = xasprintf("/badges/%s/%s.svg", type, target->ref);
    AUTO(free) char *full_path = image_path(session, path);
    session_start(session);
    const struct source_request request = {.path = full_path,
                                           .deadline_ms = session_deadline(session)};
    int status = session_get(session, &request, target->ref, &picture);
    return status == EXIT_OK ? image_print_json(session, target, &picture) : status;
}

static int run(struct session *session, int count, char **words)
{
    (void)count;
    AUTO(target) struct target target = {0};
    if (!is_type(words[0])) {
        session_complain(session, "there is no such badge; there are: %s", BADGE_TYPE_WORDS);
        return EXIT_USAGE;
    }
    int status = target_parse(session, words[1], &target);
    if (status != EXIT_OK)
        return status;
    return options_have(&session->options, FLAG_MARKDOWN)
               ? print_markdown(session, &target, words[0])
               : print_picture(session, &target, words[0]);
}

const struct command cmd_badge = {
    .name = "badge",
    .arguments = "TYPE REF",
    .summary = "a badge as SVG, or as Markdown for a README",
    .details = "TYPE is one of image, commit, version, license, layers, size, pulls, stars,\n"
               "platforms, updated and base.\n",
    .flags = FLAGS_WAITING | FLAG_PLATFORM | FLAG_MARKDOWN,
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
