/* The options of all programs: one row each, and what their values must look like. */
#ifndef MB_CONFIG_OPTIONS_H
#define MB_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum option_kind {
    OPTION_TEXT,
    OPTION_SECRET, /* never shown; may be kept in a file */
    OPTION_REDIS_URL,
    OPTION_REDIS_CA,
    OPTION_QUEUE_URL,
    OPTION_REGISTRIES,
    OPTION_AUTH_FILE,
    OPTION_HUB_URL,
    OPTION_PUBLIC_URL,
    OPTION_LISTEN,
    OPTION_NAMES,
    OPTION_PROXIES,
    OPTION_POLICY,
    OPTION_KUBE_NAME,
    OPTION_NUMBER,
    OPTION_SWITCH, /* "no" or "yes"; the flag alone means yes */
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_ACTION, /* a text that only a flag gives: something else than serving is asked for */
};

struct option_row {
    const char *env; /* the flag is derived: MB_CACHE_URL is --cache-url */
    enum option_kind kind;
    int programs;
    size_t offset;        /* in struct config */
    const char *fallback; /* NULL: config_fallback() knows */
    int64_t min, max;     /* numbers */
    const char *help;
};

extern const struct option_row config_options[];
extern const size_t config_option_count;

const char *config_fallback(const struct option_row *row, enum program program);
/* True where the value may hold a secret: it is not repeated, and VARIABLE_FILE may name a file. */
bool config_is_secret(const struct option_row *row);
/* True where the member in struct config is a text of its own. */
bool config_is_text(const struct option_row *row);
/* Why a text value cannot be, NULL if it can; caller frees. */
char *config_problem(const struct option_row *row, const char *value);
/* What is wrong with the scaler's numbers and Deployments, each by itself right, taken together:
 * lines of text, NULL if nothing is; caller frees. */
char *config_pool_problems(const struct config *config);

#endif
