#include "cmd_dockerfile.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dockerfile.h"
#include "err.h"
#include "history.h"
#include "input.h"
#include "jsonx.h"
#include "mem.h"

#define MAX_CONFIG_BYTES (8u << 20) /* as the services read */

static const char usage[] =
    "Usage: microbadger dockerfile --config FILE|- [--json]\n"
    "\n"
    "Puts a Dockerfile together from the history in an image config (JSON, the blob that an image\n"
    "manifest names as its config). Comments mark what is not certain.\n"
    "\n"
    "  --config FILE  the config; - reads standard input\n"
    "  --json         an array with one object per history entry, base first: Command, Certainty\n"
    "                 (exact, lossy, guess, foreign, missing), CreatedBy (as recorded), Empty (no\n"
    "                 layer), and where there are any DiffID, BuildArgs, Note, FlattenedFrom\n"
    "  --help         this text\n";

struct options {
    const char *config; /* a path or "-" */
    bool is_json;
    bool is_help;
};

static bool parse_options(int argc, char **argv, struct options *ret_options)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *ret_options = (struct options){0};
    while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (option == 'c')
            ret_options->config = optarg;
        else if (option == 'j')
            ret_options->is_json = true;
        else if (option == 'h')
            ret_options->is_help = true;
        else
            return false; /* getopt has said why */
    }
    if (optind < argc)
        (void)fprintf(stderr, "microbadger dockerfile: unexpected '%s'\n", argv[optind]);
    else if (!ret_options->config && !ret_options->is_help)
        (void)fputs("microbadger dockerfile: --config is missing\n", stderr);
    return optind == argc && (ret_options->config || ret_options->is_help);
}

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

static int run(int argc, char **argv)
{
    struct options options;
    if (!parse_options(argc, argv, &options)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (options.is_help) {
        (void)fputs(usage, stdout);
        return EXIT_OK;
    }
    JSON_AUTO
    json_t *config = NULL;
    const char *why = read_config(options.config, &config);
    if (why) {
        (void)fprintf(stderr, "microbadger dockerfile: %s: %s\n", options.config, why);
        return EXIT_BAD_INPUT;
    }
    AUTO(free) char *text = render(config, options.is_json);
    if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
        (void)fprintf(stderr, "microbadger dockerfile: cannot write: %s\n", strerror(errno));
        return EXIT_BAD_INPUT;
    }
    return EXIT_OK;
}

const struct command cmd_dockerfile = {
    .name = "dockerfile",
    .summary = "put a Dockerfile together from an image config",
    .run = run,
};
