/* inspect, layers, labels, tags: views of one image. */
#include <string.h>

#include "amount.h"
#include "command.h"
#include "facts_view.h"
#include "image_answers.h"
#include "jsonx.h"
#include "labels_view.h"
#include "layers_view.h"
#include "mem.h"
#include "tags_view.h"
#include "text.h"

/* A blank line between one image and the next. */
static int print_view(const struct session *session, const struct target *target,
                      struct strbuf *out)
{
    if (target->is_one_of_many)
        strbuf_adds(out, "\n");
    return session_print_buffer(session, out);
}

static bool has_thresholds(const struct session *session)
{
    return options_have(&session->options, FLAG_MAX_SIZE) ||
           options_have(&session->options, FLAG_MAX_LAYERS);
}

static int check_thresholds(const struct session *session, const struct target *target,
                            const json_t *version)
{
    const struct options *options = &session->options;
    int64_t size_bytes = jsonx_int(version, "DownloadSize");
    int64_t layers = (int64_t)layers_count(version);
    int status = EXIT_OK;
    if (size_bytes > options->max_size_bytes) {
        char size[AMOUNT_BYTES];
        char max[AMOUNT_BYTES];
        amount_size_text(size_bytes, size);
        amount_size_text(options->max_size_bytes, max);
        session_complain(session, "%s: %s (%lld bytes) to download, over --max-size of %s (%lld)",
                         target->ref, size, (long long)size_bytes, max,
                         (long long)options->max_size_bytes);
        status = EXIT_THRESHOLD;
    }
    if (layers > options->max_layers) {
        session_complain(session, "%s: %lld layers, over --max-layers of %lld", target->ref,
                         (long long)layers, (long long)options->max_layers);
        status = EXIT_THRESHOLD;
    }
    return status;
}

/* What was shown is not all, or not the newest. */
static int check_state(const struct session *session, const struct target *target,
                       const struct image_answer *image)
{
    const json_t *progress = jsonx_object(image->json, "Progress");
    AUTO(free) char *why = text_escape(jsonx_str(image->json, "Error"), "", false);
    if (image->raw.is_pending) {
        session_complain(session,
                         "%s is not through yet (%lld of %lld versions)%s%s; this is what is "
                         "known. Ask again, or give it longer with --timeout.",
                         target->ref, (long long)jsonx_int(progress, "Done"),
                         (long long)jsonx_int(progress, "Total"), *why ? ": " : "", why);
        return EXIT_PENDING;
    }
    if (strcmp(jsonx_str(image->json, "Status"), "FAILED_INSPECTION") == 0) {
        session_complain(session, "%s: the last inspection failed%s%s; this is what is known",
                         target->ref, *why ? ": " : "", why);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

static int show_inspection(const struct session *session, const struct target *target,
                           const json_t *image, const json_t *version)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    facts_view(&view, target->ref, image, version);
    layers_view(&view, version, LAYERS_SHORT);
    labels_view(&view, version);
    return print_view(session, target, &out);
}

static int inspect(struct session *session, const struct target *target)
{
    AUTO(image_answer) struct image_answer image = {0};
    AUTO(image_answer) struct image_answer version = {0};
    bool is_json = options_have(&session->options, FLAG_JSON);
    /* A gate needs one version: no reason to wait for the others. */
    enum source_wait wait = has_thresholds(session) ? SOURCE_FACTS : SOURCE_COMPLETE;
    int status = image_answer(session, target, wait, &image);
    if (status == EXIT_OK && (!is_json || has_thresholds(session)))
        status = image_version_answer(session, target, image.json, &version);
    if (status != EXIT_OK)
        return status;
    status = is_json ? image_print_json(session, target, &image.raw)
                     : show_inspection(session, target, image.json, version.json);
    if (status == EXIT_OK)
        status = check_state(session, target, &image);
    return status == EXIT_OK ? check_thresholds(session, target, version.json) : status;
}

static int layers(struct session *session, const struct target *target)
{
    AUTO(image_answer) struct image_answer image = {0};
    AUTO(image_answer) struct image_answer version = {0};
    int status = image_answer(session, target, SOURCE_FACTS, &image);
    if (status == EXIT_OK)
        status = image_version_answer(session, target, image.json, &version);
    if (status != EXIT_OK)
        return status;
    if (options_have(&session->options, FLAG_JSON)) {
        status = image_print_json(session, target, &version.raw);
    } else {
        AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
        const struct view view = {&session->out, &out};
        if (target->is_one_of_many)
            view_heading(&view, target->ref);
        layers_view(&view, version.json, LAYERS_FULL);
        status = print_view(session, target, &out);
    }
    return status == EXIT_OK ? check_thresholds(session, target, version.json) : status;
}

static int labels(struct session *session, const struct target *target)
{
    AUTO(image_answer) struct image_answer image = {0};
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    int status = image_answer(session, target, SOURCE_FACTS, &image);
    if (status != EXIT_OK)
        return status;
    if (options_have(&session->options, FLAG_JSON))
        return image_print_json(session, target, &image.raw);
    if (target->is_one_of_many)
        view_heading(&view, target->ref);
    labels_view(&view, image.json);
    return print_view(session, target, &out);
}

static int tags(struct session *session, const struct target *target)
{
    AUTO(image_answer) struct image_answer image = {0};
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(VIEW_MAX_BYTES);
    const struct view view = {&session->out, &out};
    int status = image_answer(session, target, SOURCE_COMPLETE, &image);
    if (status != EXIT_OK)
        return status;
    if (options_have(&session->options, FLAG_JSON)) {
        status = image_print_json(session, target, &image.raw);
    } else {
        tags_view(&view, target->name, image.json);
        status = print_view(session, target, &out);
    }
    return status == EXIT_OK ? check_state(session, target, &image) : status;
}

static int run_inspect(struct session *session, int count, char **words)
{
    return target_each(session, words, count, inspect);
}

static int run_layers(struct session *session, int count, char **words)
{
    return target_each(session, words, count, layers);
}

static int run_labels(struct session *session, int count, char **words)
{
    return target_each(session, words, count, labels);
}

static int run_tags(struct session *session, int count, char **words)
{
    return target_each(session, words, count, tags);
}

#define NAMES                                                                                      \
    "REF is what docker pull takes: nginx, bitnami/redis:7.2, ghcr.io/org/name@sha256:...\n"       \
    "Instead of them, - reads names from standard input; with --json, each image's\n"              \
    "JSON is then a line.\n"
#define FLAGS_IMAGE (FLAGS_WAITING | FLAGS_LOCAL | FLAG_JSON | FLAG_PLATFORM)

const struct command cmd_inspect = {
    .name = "inspect",
    .arguments = "REF...",
    .summary = "facts, layers and labels of an image; the command when none is given",
    .details = NAMES "With --max-size or --max-layers only the version asked for is waited for.\n",
    .flags = FLAGS_IMAGE | FLAG_MAX_SIZE | FLAG_MAX_LAYERS,
    .min_words = 1,
    .max_words = -1,
    .run = run_inspect,
};

const struct command cmd_layers = {
    .name = "layers",
    .arguments = "REF...",
    .summary = "layers with sizes, whole commands and digests",
    .details = NAMES,
    .flags = FLAGS_IMAGE | FLAG_MAX_SIZE | FLAG_MAX_LAYERS,
    .min_words = 1,
    .max_words = -1,
    .run = run_layers,
};

const struct command cmd_labels = {
    .name = "labels",
    .arguments = "REF...",
    .summary = "labels and annotations, with where each is found",
    .details = NAMES,
    .flags = FLAGS_IMAGE,
    .min_words = 1,
    .max_words = -1,
    .run = run_labels,
};

const struct command cmd_tags = {
    .name = "tags",
    .arguments = "REF...",
    .summary = "a repository's tags, grouped by the digest that they point to",
    .details = NAMES,
    .flags = FLAGS_IMAGE,
    .min_words = 1,
    .max_words = -1,
    .run = run_tags,
};
