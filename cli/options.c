#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "mem.h"
#include "source_server.h"

#define DEFAULT_SERVER "http://127.0.0.1:8080"
#define DEFAULT_TIMEOUT_MS 60000
#define LONG_ONLY 256 /* getopt's values of options without a letter: this plus their row */

const struct flag_row flag_rows[] = {
    {FLAG_JSON, "json", 0, NULL, NULL, "print the API's JSON as it is"},
    {FLAG_PLATFORM, "platform", 'p', "OS/ARCH", NULL, "whose facts are shown, like linux/arm64"},
    {FLAG_WAIT, "wait", 0, NULL, NULL, "wait until the inspection is through (default)"},
    {FLAG_NO_WAIT, "no-wait", 0, NULL, NULL, "show what is known now"},
    {FLAG_TIMEOUT, "timeout", 't', "TIME", NULL, "wait no longer, an image: 60s (default), 2m"},
    {FLAG_SERVER, "server", 's', "URL", NULL,
     "the MicroBadger API; else MB_SERVER, else " //
     DEFAULT_SERVER},
    {FLAG_LOCAL, "local", 'l', NULL, NULL, "ask the registry from here, without a server"},
    {FLAG_LOCAL_SETTING, "registries", 0, "LIST", NULL, "with --local, as MB_REGISTRIES"},
    {FLAG_LOCAL_SETTING, "registry-auth-file", 0, "FILE", NULL,
     "with --local, as MB_REGISTRY_AUTH_FILE"},
    {FLAG_LOCAL_SETTING, "hub-url", 0, "URL", NULL, "with --local, as MB_HUB_URL"},
    {FLAG_LOCAL_SETTING, "eager-versions", 0, "COUNT", NULL, "with --local, as MB_EAGER_VERSIONS"},
    {FLAG_QUIET, "quiet", 'q', NULL, NULL, "no progress on standard error"},
    {FLAG_MAX_SIZE, "max-size", 0, "SIZE", NULL, "exit with 6 if it is larger, like 50MB"},
    {FLAG_MAX_LAYERS, "max-layers", 0, "COUNT", NULL, "exit with 6 if it has more layers"},
    {FLAG_MARKDOWN, "markdown", 0, NULL, NULL, "a line for a README instead of the picture"},
    {FLAG_CONFIG, "config", 0, "FILE", NULL, "from an image config alone; - reads standard input"},
    {FLAG_COLOR, "color", 0, "WHEN", "auto always never", "auto (default), always or never"},
    {FLAG_HELP, "help", 'h', NULL, NULL, "show help"},
    {FLAG_VERSION, "version", 0, NULL, NULL, "show the version"},
};
const int flag_row_count = (int)ARRAY_LEN(flag_rows);

static bool complain(const struct flag_row *row, const char *value, const char *why)
{
    (void)fprintf(stderr, "microbadger: --%s=%s: %s\n", row->name, value, why);
    return false;
}

static bool set_color(struct options *options, const struct flag_row *row, const char *value)
{
    static const char *const words[] = {
        [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(value, words[i]) == 0) {
            options->color = (enum color_choice)i;
            return true;
        }
    }
    return complain(row, value, "there are auto, always and never");
}

static bool add_setting(struct options *options, const struct flag_row *row, const char *value)
{
    if (options->setting_count == OPTIONS_MAX_SETTINGS)
        return complain(row, value, "too many settings");
    options->settings[options->setting_count++] = (struct local_setting){row->name, value};
    return true;
}

static bool set_argument(struct options *options, const struct flag_row *row, const char *value)
{
    switch (row->flag) {
    case FLAG_PLATFORM:
        options->platform = value;
        if (!strchr(value, '/') || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._-+/"
                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(value))
            return complain(row, value, "a platform is os/architecture, like linux/arm64");
        return true;
    case FLAG_TIMEOUT:
        if (amount_parse_time(value, &options->timeout_ms) != 0)
            return complain(row, value, "a time is like 60s, 500ms, 2m or 1h, up to a week");
        return true;
    case FLAG_SERVER:
        options->server = value;
        return true;
    case FLAG_MAX_SIZE:
        if (amount_parse_size(value, &options->max_size_bytes) != 0)
            return complain(row, value, "a size is like 800KB, 50MB or 1.5GB");
        return true;
    case FLAG_MAX_LAYERS:
        if (amount_parse_count(value, &options->max_layers) != 0)
            return complain(row, value, "a whole number is wanted");
        return true;
    case FLAG_CONFIG:
        options->config = value;
        return true;
    case FLAG_LOCAL_SETTING:
        return add_setting(options, row, value);
    default:
        return set_color(options, row, value);
    }
}

/* getopt's two tables of flag_rows. */
struct getopt_tables {
    struct option long_options[ARRAY_LEN(flag_rows) + 1];
    char letters[2 * ARRAY_LEN(flag_rows) + 1];
};

static void fill_tables(struct getopt_tables *tables)
{
    size_t at = 0;
    *tables = (struct getopt_tables){0};
    for (size_t i = 0; i < ARRAY_LEN(flag_rows); i++) {
        const struct flag_row *row = &flag_rows[i];
        tables->long_options[i] = (struct option){
            row->name, row->argument ? required_argument : no_argument, NULL, LONG_ONLY + (int)i};
        if (row->letter)
            tables->letters[at++] = row->letter;
        if (row->letter && row->argument)
            tables->letters[at++] = ':';
    }
}

static const struct flag_row *row_of(int value)
{
    for (size_t i = 0; i < ARRAY_LEN(flag_rows); i++)
        if (value == LONG_ONLY + (int)i || (flag_rows[i].letter && value == flag_rows[i].letter))
            return &flag_rows[i];
    return NULL;
}

/* Only what was not given is taken from the environment, so that only what is used can be wrong. */
static bool finish(struct options *options)
{
    const char *stray = options_have(options, FLAG_LOCAL) ? (options->server ? "server" : NULL)
                        : options->setting_count          ? options->settings[0].name
                                                          : NULL;
    if (stray) {
        (void)fprintf(stderr, "microbadger: --%s goes %s --local\n", stray,
                      options->server ? "not with" : "with");
        return false;
    }
    const char *from_environment = getenv("MB_SERVER");
    bool is_given = options->server != NULL;
    if (!is_given)
        options->server = from_environment && *from_environment ? from_environment : DEFAULT_SERVER;
    const char *why = source_server_url_problem(options->server);
    if (why)
        (void)fprintf(stderr, "microbadger: %s%s: %s\n",
                      is_given ? "--server=" : "MB_SERVER=", options->server, why);
    return !why;
}

bool options_parse(int argc, char **argv, struct options *ret_options, int *ret_words)
{
    struct options options = {.waits = true,
                              .timeout_ms = DEFAULT_TIMEOUT_MS,
                              .max_size_bytes = OPTIONS_UNLIMITED,
                              .max_layers = OPTIONS_UNLIMITED};
    struct getopt_tables tables;
    int value;
    fill_tables(&tables);
    while ((value = getopt_long(argc, argv, tables.letters, tables.long_options, NULL)) != -1) {
        const struct flag_row *row = row_of(value);
        if (!row)
            return false; /* getopt has said why */
        options.given |= row->flag;
        if (row->argument && !set_argument(&options, row, optarg))
            return false;
        if (row->flag == FLAG_WAIT || row->flag == FLAG_NO_WAIT)
            options.waits = row->flag == FLAG_WAIT;
    }
    if (!finish(&options))
        return false;
    *ret_options = options;
    *ret_words = optind;
    return true;
}

const char *options_unfit(const struct options *options, unsigned allowed)
{
    for (size_t i = 0; i < ARRAY_LEN(flag_rows); i++)
        if (options->given & ~allowed & flag_rows[i].flag)
            return flag_rows[i].name;
    return NULL;
}
