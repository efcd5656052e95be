#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "registries.h"
#include "registry_auth.h"
#include "strbuf.h"
#include "version.h"

#define PROGRAM_WORKERS (PROGRAM_INSPECTOR | PROGRAM_SIZE)
#define PROGRAM_ALL (PROGRAM_API | PROGRAM_WORKERS)
#define PROBLEMS_MAX_BYTES 16384
#define VALUE_FILE_MAX_BYTES 65536

enum option_kind {
    OPTION_TEXT,
    OPTION_REDIS_URL,
    OPTION_QUEUE_URL,
    OPTION_REGISTRIES,
    OPTION_AUTH_FILE,
    OPTION_HUB_URL,
    OPTION_LISTEN,
    OPTION_NUMBER,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
};

struct option_row {
    const char *env; /* the flag is derived: MB_CACHE_URL is --cache-url */
    enum option_kind kind;
    int programs;
    size_t offset; /* in struct config */
    const char *fallback;
    int64_t min, max; /* numbers */
    const char *help;
};

#define AT(member) offsetof(struct config, member)

static const struct option_row options[] = {
    {"MB_LISTEN", OPTION_LISTEN, PROGRAM_API, AT(listen), "127.0.0.1:8080", 0, 0,
     "the public address; [::1]:8080 and :8080 (all addresses) work too"},
    {"MB_ADMIN_LISTEN", OPTION_LISTEN, PROGRAM_ALL, AT(admin_listen), NULL, 0, 0,
     "health and metrics"},
    {"MB_CACHE_URL", OPTION_REDIS_URL, PROGRAM_ALL, AT(cache_url), "redis://127.0.0.1:6379/0", 0, 0,
     "Redis for results, job markers and notices; redis:// or unix:"},
    {"MB_INSPECTION_QUEUE", OPTION_QUEUE_URL, PROGRAM_API | PROGRAM_INSPECTOR, AT(inspection_queue),
     "redis://127.0.0.1:6379/0?stream=inspection", 0, 0, "an SQS queue URL or redis://...?stream="},
    {"MB_SIZE_QUEUE", OPTION_QUEUE_URL, PROGRAM_WORKERS, AT(size_queue),
     "redis://127.0.0.1:6379/0?stream=size", 0, 0, "an SQS queue URL or redis://...?stream="},
    {"MB_REGISTRIES", OPTION_REGISTRIES, PROGRAM_ALL, AT(registries), "default", 0, 0,
     "allowed registries: host or host=URL, comma-separated; default stands for the public ones"},
    {"MB_REGISTRY_AUTH_FILE", OPTION_AUTH_FILE, PROGRAM_WORKERS, AT(registry_auth_file),
     REGISTRY_AUTH_NONE, 0, 0, "credentials for registries: a Docker config.json with \"auths\""},
    {"MB_HUB_URL", OPTION_HUB_URL, PROGRAM_INSPECTOR, AT(hub_url), "https://hub.docker.com", 0, 0,
     "Docker Hub's web API; none turns it off"},
    {"MB_FRESH_SECONDS", OPTION_NUMBER, PROGRAM_API | PROGRAM_INSPECTOR, AT(fresh_seconds), "3600",
     1, 31536000, "an older answer is looked at again"},
    {"MB_NEGATIVE_SECONDS", OPTION_NUMBER, PROGRAM_API, AT(negative_seconds), "300", 1, 31536000,
     "how long a missing image stays missing"},
    {"MB_KEEP_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(keep_seconds), "2592000", 60, 315360000,
     "how long facts are kept unread"},
    {"MB_EAGER_VERSIONS", OPTION_NUMBER, PROGRAM_SIZE, AT(eager_versions), "20", 0, 10000,
     "versions filled in without being asked for"},
    {"MB_VISIBILITY_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(visibility_seconds), "60", 1, 43200,
     "lease of a received message"},
    {"MB_MAX_RECEIVES", OPTION_NUMBER, PROGRAM_ALL, AT(max_receives), "5", 1, 1000,
     "attempts before a message counts as failed"},
    {"MB_DRAIN_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(drain_seconds), "45", 1, 3600,
     "time to finish on SIGTERM"},
    {"MB_MAX_WAITING", OPTION_NUMBER, PROGRAM_API, AT(max_waiting), "15000", 0, 1000000,
     "long polls and event streams held at once; 0: no limit"},
    {"MB_MAX_WAITING_PER_CLIENT", OPTION_NUMBER, PROGRAM_API, AT(max_waiting_per_client), "500", 0,
     1000000, "those of one address; 0: no limit"},
    {"MB_LOG", OPTION_LOG_LEVEL, PROGRAM_ALL, AT(log_level), "info", 0, 0,
     "debug, info, warn or error"},
    {"MB_LOG_FORMAT", OPTION_LOG_FORMAT, PROGRAM_ALL, AT(log_format), "auto", 0, 0,
     "text, json, or auto: text on a terminal"},
};

/* Names that later versions and other programs of the suite read: one environment may serve all. */
static const char *const names_elsewhere[] = {
    "MB_WEBHOOK_SECRET", "MB_WEBHOOK_SECRET_FILE", "MB_REFRESH_TOKEN", "MB_REFRESH_TOKEN_FILE",
    "MB_FEATURED",       "MB_TRUSTED_PROXIES",     "MB_SERVER",
};

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
    }
    return "microbadger";
}

static const char *fallback_of(const struct option_row *row, enum program program)
{
    if (row->fallback)
        return row->fallback;
    return program == PROGRAM_API         ? "127.0.0.1:8081"
           : program == PROGRAM_INSPECTOR ? "127.0.0.1:8082"
                                          : "127.0.0.1:8083";
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
    printf("Usage: %s [--OPTION=VALUE ...]\n\n"
           "Every option may be given as a flag or by its environment variable; the flag wins.\n"
           "An address with a password in it may be kept in a file that VARIABLE_FILE names.\n\n",
           program_name(program));
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct option_row *row = &options[i];
        if (!(row->programs & (int)program))
            continue;
        char flag[64];
        flag_of(row, flag);
        printf("  --%s, %s\n      %s (default: %s)\n", flag, row->env, row->help,
               fallback_of(row, program));
    }
    printf(
        "  --help\n  --version\n\n"
        "SQS queues take region, endpoint and keys from the AWS_* variables, as AWS's tools do.\n");
}

static void problem(struct loading *loading, const struct option_row *row, const char *value,
                    const char *why)
{
    /* An address may carry a password: it is not repeated. */
    bool show = row->kind != OPTION_REDIS_URL && row->kind != OPTION_QUEUE_URL;
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

static bool listen_is_valid(const char *value)
{
    const char *colon = strrchr(value, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    return strtol(colon + 1, NULL, 10) <= 65535;
}

static bool hub_url_is_valid(const char *value)
{
    return strcmp(value, "none") == 0 || strncmp(value, "https://", 8) == 0 ||
           strncmp(value, "http://", 7) == 0;
}

/* Why a text value cannot be, NULL if it can; caller frees. */
static char *text_problem(const struct option_row *row, const char *value)
{
    const char *why = NULL;
    char *text = NULL;
    struct registries *registries = NULL;
    switch (row->kind) {
    case OPTION_REDIS_URL:
        return redis_url_check(value, &why) ? xstrdup(why) : NULL;
    case OPTION_QUEUE_URL:
        return queue_url_check(value, &text) ? text : NULL;
    case OPTION_REGISTRIES:
        if (registries_parse(value, &registries, &text) != 0)
            return text;
        registries_free(registries);
        return NULL;
    case OPTION_AUTH_FILE:
        return registry_auth_check(value, &text) ? text : NULL;
    case OPTION_LISTEN:
        return listen_is_valid(value) ? NULL : xstrdup("not an address like 127.0.0.1:8080");
    case OPTION_HUB_URL:
        return hub_url_is_valid(value) ? NULL : xstrdup("neither a URL nor none");
    default:
        return NULL;
    }
}

static void set_value(struct loading *loading, const struct option_row *row, const char *value)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const formats[] = {"auto", "text", "json"};
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
    default:
        break;
    }
    char *why = text_problem(row, value);
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

static bool takes_file(const struct option_row *row)
{
    return row->kind == OPTION_REDIS_URL || row->kind == OPTION_QUEUE_URL;
}

static void set_from_environment(struct loading *loading, const struct option_row *row)
{
    AUTO(free) char *file_name = xasprintf("%s_FILE", row->env);
    const char *path = takes_file(row) ? secure_getenv(file_name) : NULL;
    const char *value = secure_getenv(row->env);
    if (path && *path) {
        AUTO(free) char *text = read_value_file(path);
        if (text)
            set_value(loading, row, text);
        else
            strbuf_addf(&loading->problems, "  %s=\"%s\": cannot be read: %s\n", file_name, path,
                        strerror(errno));
    } else {
        set_value(loading, row, value && *value ? value : fallback_of(row, loading->program));
    }
}

static bool name_is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        size_t row_len = strlen(options[i].env);
        if (strncmp(name, options[i].env, row_len) != 0)
            continue;
        bool is_file = takes_file(&options[i]) && strncmp(name + row_len, "_FILE=", 6) == 0;
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
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        char flag[64];
        flag_of(&options[i], flag);
        if ((options[i].programs & (int)program) && strlen(flag) == len &&
            strncmp(flag, name, len) == 0)
            return &options[i];
    }
    return NULL;
}

/* "--name=value" or "--name value". */
static void set_from_flags(struct loading *loading, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
        size_t len = strcspn(name, "=");
        const struct option_row *row = row_by_flag(loading->program, name, len);
        const char *value = NULL;
        if (row)
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

void config_load(struct config *ret_config, enum program program, int argc, char **argv)
{
    answer_help_and_version(program, argc, argv);
    struct config config = {0};
    struct loading loading = {
        .config = &config, .program = program, .problems = STRBUF_INIT(PROBLEMS_MAX_BYTES)};
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if ((options[i].programs & (int)program) && !flag_is_given(&options[i], argc, argv))
            set_from_environment(&loading, &options[i]);
    set_from_flags(&loading, argc, argv);
    check_unknown_names(&loading);
    if (loading.problems.len) {
        (void)fprintf(stderr, "%s cannot start with this configuration:\n%s", program_name(program),
                      strbuf_str(&loading.problems));
        exit(2);
    }
    strbuf_release(&loading.problems);
    *ret_config = config;
}

void config_release(struct config *config)
{
    free(config->listen);
    free(config->admin_listen);
    free(config->cache_url);
    free(config->inspection_queue);
    free(config->size_queue);
    free(config->registries);
    free(config->registry_auth_file);
    free(config->hub_url);
    memset(config, 0, sizeof(*config));
}
