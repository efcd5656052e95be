/* dockerfile: an image's, from the server; or put together from an image config alone. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "dockerfile.h"
#include "err.h"
#include "history.h"
#include "image_answers.h"
#include "input.h"
#include "jsonx.h"
#include "mem.h"
#include "text.h"
#include "usage.h"

#define MAX_CONFIG_BYTES (8u << 20) /* as the services read */

/* Why the bytes are no image config; NULL if they are one. */
static const char *read_config(const char *path, json_t **ret_config)
{
    AUTO(free) char *text = NULL;
    size_t len;
    int err = input_read(path, MAX_CONFIG_BYTES, &text, &len);
    if (err == ERR_TOOBIG)
        return "larger than 8 MiB";
    if (err)
        return strerror(errno);
    JSON_AUTO
    json_t *config = NULL;
    if (jsonx_parse(text, len, &config) != 0 || !json_is_object(config))
        return "not a JSON object";
    if (json_object_get(config, "schemaVersion"))
        return "a manifest, not the config that it names";
    *ret_config = json_incref(config);
    return NULL;
}

static json_t *step_object(const struct history_step *step, const json_t *diff_ids)
{
    json_t *object = json_object();
    json_t *diff_id = step->layer >= 0 ? json_array_get(diff_ids, (size_t)step->layer) : NULL;
    json_object_set_new(object, "Command", json_string(step->command));
    json_object_set_new(object, "Certainty", json_string(certainty_str(step->certainty)));
    json_object_set_new(object, "CreatedBy", json_string(step->created_by));
    json_object_set_new(object, "Empty", json_boolean(step->empty));
    if (json_is_string(diff_id))
        json_object_set(object, "DiffID", diff_id);
    history_step_details(step, object);
    return object;
}

/* is_entries: only what the history has, without layers that it does not explain. */
static json_t *steps_array(const json_t *config, bool is_entries)
{
    const json_t *diff_ids = jsonx_array(jsonx_object(config, "rootfs"), "diff_ids");
    json_t *list = json_array();
    struct history_step *steps;
    size_t count;
    history_steps(config, history_layer_count(config), &steps, &count);
    for (size_t i = 0; i < count; i++)
        if (steps[i].is_entry || !is_entries)
            json_array_append_new(list, step_object(&steps[i], diff_ids));
    history_steps_free(steps, count);
    return list;
}

static char *render(const json_t *config, bool is_json)
{
    JSON_AUTO
    json_t *steps = steps_array(config, is_json);
    if (!is_json)
        return dockerfile_text(steps, jsonx_str(config, "os"));
    AUTO(free) char *text = json_dumps(steps, JSON_INDENT(2));
    return xasprintf("%s\n", text);
}

static int from_config(struct session *session)
{
    const char *path = session->options.config;
    JSON_AUTO
    json_t *config = NULL;
    const char *why = read_config(path, &config);
    if (why) {
        session_complain(session, "%s: %s", path, why);
        return EXIT_TROUBLE;
    }
    AUTO(free) char *text = render(config, options_have(&session->options, FLAG_JSON));
    return session_print(session, text, strlen(text));
}

static int from_server(struct session *session, const struct target *target)
{
    AUTO(source_answer) struct source_answer answer = {0};
    AUTO(free) char *path = xasprintf("/v1/dockerfile/%s", target->ref);
    AUTO(free) char *full_path = image_path(session, path);
    session_start(session);
    const struct source_request request = {
        .path = full_path,
        .wait = image_wait(session, SOURCE_FACTS),
        .ref = target->name,
        .deadline_ms = session_deadline(session),
    };
    int status = session_get(session, &request, target->ref, &answer);
    if (status != EXIT_OK)
        return status;
    AUTO(free) char *text = text_escape(answer.body, "\n\t", session->out.is_utf8);
    return session_print(session, text, strlen(text));
}

static int run(struct session *session, int count, char **words)
{
    bool is_json = options_have(&session->options, FLAG_JSON);
    if (session->options.config && count == 0)
        return from_config(session);
    if (session->options.config || count == 0 || is_json) {
        session_complain(session, is_json && count
                                      ? "--json goes with --config only; 'microbadger layers "
                                        "--json REF' has an image's"
                                      : "either REF or --config FILE is wanted");
        (void)fputs("\n", stderr);
        usage_command(stderr, &cmd_dockerfile);
        return EXIT_USAGE;
    }
    return target_each(session, words, count, from_server);
}

const struct command cmd_dockerfile = {
    .name = "dockerfile",
    .arguments = "REF... | --config FILE",
    .summary = "a Dockerfile put together from an image's history",
    .details =
        "Comments mark what is not certain. --config works without a server, on an image config:\n"
        "the JSON blob that an image manifest names as its config. With it, --json prints an "
        "array\n"
        "with one object per history entry, base first: Command, Certainty (exact, lossy, guess,\n"
        "foreign, missing), CreatedBy (as recorded), Empty (no layer), and where there are any\n"
        "DiffID, BuildArgs, Note, FlattenedFrom.\n",
    .flags = FLAGS_WAITING | FLAGS_LOCAL | FLAG_PLATFORM | FLAG_CONFIG | FLAG_JSON,
    .min_words = 0,
    .max_words = -1,
    .run = run,
};
