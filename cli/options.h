/* The command line's options: one table for parsing, help and shell completion. */
#ifndef MB_OPTIONS_H
#define MB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "terminal.h"

/* As bits: a command says which it takes. */
enum flag {
    FLAG_JSON = 1 << 0,
    FLAG_PLATFORM = 1 << 1,
    FLAG_WAIT = 1 << 2,
    FLAG_NO_WAIT = 1 << 3,
    FLAG_TIMEOUT = 1 << 4,
    FLAG_SERVER = 1 << 5,
    FLAG_QUIET = 1 << 6,
    FLAG_MAX_SIZE = 1 << 7,
    FLAG_MAX_LAYERS = 1 << 8,
    FLAG_MARKDOWN = 1 << 9,
    FLAG_CONFIG = 1 << 10,
    FLAG_COLOR = 1 << 11, /* this and all below: every command */
    FLAG_HELP = 1 << 12,
    FLAG_VERSION = 1 << 13,
    FLAG_LOCAL = 1 << 14,
    FLAG_LOCAL_SETTING = 1 << 15, /* what --local is told as a worker is: config.h knows them */
};
#define FLAGS_EVERYWHERE (FLAG_COLOR | FLAG_HELP | FLAG_VERSION)
#define FLAGS_SERVER (FLAG_SERVER | FLAG_TIMEOUT | FLAG_QUIET)
#define FLAGS_WAITING (FLAGS_SERVER | FLAG_WAIT | FLAG_NO_WAIT)
#define FLAGS_LOCAL (FLAG_LOCAL | FLAG_LOCAL_SETTING)

#define OPTIONS_MAX_SETTINGS 8

#define OPTIONS_UNLIMITED INT64_MAX

struct local_setting {
    const char *name; /* "hub-url" */
    const char *value;
};

struct options {
    unsigned given; /* bits */
    bool waits;
    int64_t timeout_ms;
    int64_t max_size_bytes; /* OPTIONS_UNLIMITED if not given, as max_layers */
    int64_t max_layers;
    const char *platform; /* NULL if not given */
    const char *server;
    const char *config;
    enum color_choice color;
    int setting_count;
    struct local_setting settings[OPTIONS_MAX_SETTINGS]; /* in the order they were given */
};

struct flag_row {
    enum flag flag;
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: it takes none */
    const char *choices;  /* words for the argument, NULL: free */
    const char *help;
};

extern const struct flag_row flag_rows[];
extern const int flag_row_count;

static inline bool options_have(const struct options *options, enum flag flag)
{
    return (options->given & flag) != 0;
}

/* Moves the words of argv behind the options; ret_words is where they begin. False after a
 * complaint on standard error. Texts are borrowed from argv and the environment. */
bool options_parse(int argc, char **argv, struct options *ret_options, int *ret_words);
/* The name of the first option given that is not among `allowed`, NULL if all are. */
const char *options_unfit(const struct options *options, unsigned allowed);

#endif
