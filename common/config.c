#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_options.h"
#include "mem.h"
#include "strbuf.h"
#include "version.h"

#define PROBLEMS_MAX_BYTES 16384
#define VALUE_FILE_MAX_BYTES 65536

/* Names that later versions and other programs of the suite read: one environment may serve all. */
static const char *const names_elsewhere[] = {"MB_SERVER"};

struct loading {
    struct config *config;
    enum program program;
    struct strbuf problems;
};

const char *program_name(enum program program)
{
    switch (program) {
    case PROGRAM_API:
        return "microbadger-api";
    case PROGRAM_INSPECTOR:
        return "microbadger-inspector";
    case PROGRAM_SIZE:
        return "microbadger-size";
    case PROGRAM_SCALER:
        return "microbadger-scaler";
    case PROGRAM_CLIENT:
        return "microbadger";
    }
    return "microbadger";
}

/* "MB_CACHE_URL" gives "cache-url". */
static void flag_of(const struct option_row *row, char ret_flag[64])
{
    size_t at = 0;
    for (const char *c = row->env + 3; *c && at < 63; c++)
        ret_flag[at++] = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
    ret_flag[at] = '\0';
}

static void print_help(enum program program)
{
    printf(
        "Usage: %s [--OPTION=VALUE ...]\n%s\n"
        "Every option may be given as a flag or by its environment variable; the flag wins.\n"
        "A secret, or an address with a password in it, may be kept in a file that VARIABLE_FILE "
        "names.\n\n",
        program_name(program),
        program == PROGRAM_SCALER ? "       microbadger-scaler simulate [--help]\n" : "");
    for (size_t i = 0; i < config_option_count; i++) {
        const struct option_row *row = &config_options[i];
        if (!(row->programs & (int)program))
            continue;
        char flag[64];
        flag_of(row, flag);
        const char *fallback = config_fallback(row, program);
        if (row->kind == OPTION_ACTION)
            printf("  --%s\n      %s\n", flag, row->help);
        else
            printf("  --%s, %s\n      %s (default: %s)\n", flag, row->env, row->help,
                   *fallback ? fallback : "none");
    }
    printf("  --help\n  --version\n\n"
           "SQS queues take region, endpoint and keys from where AWS's tools take them: the AWS_* "
           "variables,\nAWS's shared files, a web identity, a container's agent, the instance.\n");
}

static void problem(struct loading *loading, const struct option_row *row, const char *value,
                    const char *why)
{
    bool show = !config_is_secret(row);
    strbuf_addf(&loading->problems, "  %s%s%s%s: %s\n", row->env, show ? "=\"" : "",
                show ? value : "", show ? "\"" : "", why);
}

static void *member(const struct loading *loading, const struct option_row *row)
{
    return (char *)loading->config + row->offset;
}

static void set_number(struct loading *loading, const struct option_row *row, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (*value && !*end && errno == 0 && number >= row->min && number <= row->max) {
        *(int64_t *)member(loading, row) = number;
        return;
    }
    AUTO(free)
    char *why =
        xasprintf("not a whole number from %lld to %lld", (long long)row->min, (long long)row->max);
    problem(loading, row, value, why);
}

static void set_choice(struct loading *loading, const struct option_row *row, const char *value,
                       const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            *(int *)member(loading, row) = i;
            return;
        }
    }
    problem(loading, row, value, row->help);
}

static void set_value(struct loading *loading, const struct option_row *row, const char *value)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const formats[] = {"auto", "text", "json"};
    static const char *const switches[] = {"no", "yes"};
    switch (row->kind) {
    case OPTION_NUMBER:
        set_number(loading, row, value);
        return;
    case OPTION_LOG_LEVEL:
        set_choice(loading, row, value, levels, ARRAY_LEN(levels));
        return;
    case OPTION_LOG_FORMAT:
        set_choice(loading, row, value, formats, ARRAY_LEN(formats));
        return;
    case OPTION_SWITCH:
        set_choice(loading, row, value, switches, ARRAY_LEN(switches));
        return;
    default:
        break;
    }
    char *why = config_problem(row, value);
    if (why)
        problem(loading, row, value, why);
    free(why);
    char **text = member(loading, row);
    free(*text);
    *text = xstrdup(value);
}

/* The first line of a file, for values with secrets; NULL if it cannot be read. Caller frees. */
static char *read_value_file(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = xcalloc(1, VALUE_FILE_MAX_BYTES);
    size_t len = fread(text, 1, VALUE_FILE_MAX_BYTES - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return text;
}

static void set_from_environment(struct loading *loading, const struct option_row *row)
{
    AUTO(free) char *file_name = xasprintf("%s_FILE", row->env);
    const char *path = config_is_secret(row) ? secure_getenv(file_name) : NULL;
    const char *value = row->kind == OPTION_ACTION ? NULL : secure_getenv(row->env);
    if (path && *path) {
        AUTO(free) char *text = read_value_file(path);
        if (text)
            set_value(loading, row, text);
        else
            strbuf_addf(&loading->problems, "  %s=\"%s\": cannot be read: %s\n", file_name, path,
                        strerror(errno));
    } else {
        set_value(loading, row, value && *value ? value : config_fallback(row, loading->program));
    }
}

static bool name_is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < config_option_count; i++) {
        size_t row_len = strlen(config_options[i].env);
        if (config_options[i].kind == OPTION_ACTION ||
            strncmp(name, config_options[i].env, row_len) != 0)
            continue;
        bool is_file =
            config_is_secret(&config_options[i]) && strncmp(name + row_len, "_FILE=", 6) == 0;
        if (len == row_len || is_file)
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(names_elsewhere); i++)
        if (strlen(names_elsewhere[i]) == len && strncmp(name, names_elsewhere[i], len) == 0)
            return true;
    return false;
}

static void check_unknown_names(struct loading *loading)
{
    for (char **entry = environ; *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        if (strncmp(*entry, "MB_", 3) == 0 && !name_is_known(*entry, len))
            strbuf_addf(&loading->problems, "  %.*s: no program of the suite knows this name\n",
                        (int)len, *entry);
    }
}

static const struct option_row *row_by_flag(enum program program, const char *name, size_t len)
{
    for (size_t i = 0; i < config_option_count; i++) {
        char flag[64];
        flag_of(&config_options[i], flag);
        if ((config_options[i].programs & (int)program) && strlen(flag) == len &&
            strncmp(flag, name, len) == 0)
            return &config_options[i];
    }
    return NULL;
}

/* "--name=value" or "--name value"; "--name" alone switches on what is a switch. */
static void set_from_flags(struct loading *loading, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
        size_t len = strcspn(name, "=");
        const struct option_row *row = row_by_flag(loading->program, name, len);
        const char *value = NULL;
        if (row && row->kind == OPTION_SWITCH && name[len] != '=')
            value = "yes";
        else if (row)
            value = name[len] == '=' ? name + len + 1 : (i + 1 < argc ? argv[++i] : NULL);
        if (!row)
            strbuf_addf(&loading->problems, "  %s: no such flag; --help lists them\n", argv[i]);
        else if (!value)
            strbuf_addf(&loading->problems, "  --%s: its value is missing\n", name);
        else
            set_value(loading, row, value);
    }
}

static void answer_help_and_version(enum program program, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(program);
            exit(0);
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s (%s)\n", program_name(program), version_number, version_revision);
            exit(0);
        }
    }
}

static bool flag_is_given(const struct option_row *row, int argc, char **argv)
{
    char flag[64];
    flag_of(row, flag);
    size_t len = strlen(flag);
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--", 2) == 0 && strncmp(argv[i] + 2, flag, len) == 0 &&
            (argv[i][len + 2] == '=' || argv[i][len + 2] == '\0'))
            return true;
    return false;
}

/* What Kubernetes' own names tell the scaler. */
static void read_kubernetes_names(struct config *config)
{
    const char *kubeconfig = secure_getenv("KUBECONFIG");
    if (!*config->kubeconfig && kubeconfig && !secure_getenv("KUBERNETES_SERVICE_HOST")) {
        free(config->kubeconfig);
        config->kubeconfig = xstrdup(kubeconfig);
    }
    char host[HOST_NAME_MAX + 1] = "";
    const char *pod = secure_getenv("POD_NAME");
    if (!pod || !*pod)
        (void)gethostname(host, HOST_NAME_MAX);
    config->identity = xstrdup(pod && *pod ? pod : host);
}

void config_load(struct config *ret_config, enum program program, int argc, char **argv)
{
    answer_help_and_version(program, argc, argv);
    struct config config = {0};
    struct loading loading = {
        .config = &config, .program = program, .problems = STRBUF_INIT(PROBLEMS_MAX_BYTES)};
    for (size_t i = 0; i < config_option_count; i++)
        if ((config_options[i].programs & (int)program) &&
            !flag_is_given(&config_options[i], argc, argv))
            set_from_environment(&loading, &config_options[i]);
    set_from_flags(&loading, argc, argv);
    check_unknown_names(&loading);
    AUTO(free) char *pool_problems = config_pool_problems(&config);
    strbuf_adds(&loading.problems, pool_problems ? pool_problems : "");
    if (loading.problems.len) {
        (void)fprintf(stderr, "%s cannot start with this configuration:\n%s", program_name(program),
                      strbuf_str(&loading.problems));
        exit(2);
    }
    strbuf_release(&loading.problems);
    if (program == PROGRAM_SCALER)
        read_kubernetes_names(&config);
    *ret_config = config;
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config_option_count; i++)
        if (config_is_text(&config_options[i]))
            free(*(char **)((char *)config + config_options[i].offset));
    free(config->identity);
    memset(config, 0, sizeof(*config));
}
