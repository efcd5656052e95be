#include "config_options.h"

#include <stdlib.h>
#include <string.h>

#include "client_address.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "reference.h"
#include "registries.h"
#include "registry_auth.h"

#define PROGRAM_WORKERS (PROGRAM_INSPECTOR | PROGRAM_SIZE)
#define PROGRAM_ALL (PROGRAM_API | PROGRAM_WORKERS)

#define AT(member) offsetof(struct config, member)

const struct option_row config_options[] = {
    {"MB_LISTEN", OPTION_LISTEN, PROGRAM_API, AT(listen), "127.0.0.1:8080", 0, 0,
     "the public address; [::1]:8080 and :8080 (all addresses) work too"},
    {"MB_ADMIN_LISTEN", OPTION_LISTEN, PROGRAM_ALL, AT(admin_listen), NULL, 0, 0,
     "health and metrics"},
    {"MB_CACHE_URL", OPTION_REDIS_URL, PROGRAM_ALL, AT(cache_url), "redis://127.0.0.1:6379/0", 0, 0,
     "Redis for results, job markers and notices; redis://, rediss:// or unix:"},
    {"MB_REDIS_CA_FILE", OPTION_REDIS_CA, PROGRAM_ALL, AT(redis_ca_file), "", 0, 0,
     "certificates (PEM) that rediss:// servers are checked against; none: the system's"},
    {"MB_INSPECTION_QUEUE", OPTION_QUEUE_URL, PROGRAM_API | PROGRAM_INSPECTOR, AT(inspection_queue),
     "redis://127.0.0.1:6379/0?stream=inspection", 0, 0, "an SQS queue URL or redis://...?stream="},
    {"MB_SIZE_QUEUE", OPTION_QUEUE_URL, PROGRAM_WORKERS, AT(size_queue),
     "redis://127.0.0.1:6379/0?stream=size", 0, 0, "an SQS queue URL or redis://...?stream="},
    {"MB_REGISTRIES", OPTION_REGISTRIES, PROGRAM_ALL | PROGRAM_CLIENT, AT(registries), "default", 0,
     0,
     "allowed registries: host or host=URL, comma-separated; default stands for the public ones"},
    {"MB_REGISTRY_AUTH_FILE", OPTION_AUTH_FILE, PROGRAM_WORKERS | PROGRAM_CLIENT,
     AT(registry_auth_file), REGISTRY_AUTH_NONE, 0, 0,
     "credentials for registries: a Docker config.json with \"auths\""},
    {"MB_HUB_URL", OPTION_HUB_URL, PROGRAM_INSPECTOR | PROGRAM_CLIENT, AT(hub_url),
     "https://hub.docker.com", 0, 0, "Docker Hub's web API; none turns it off"},
    {"MB_FRESH_SECONDS", OPTION_NUMBER, PROGRAM_API | PROGRAM_INSPECTOR, AT(fresh_seconds), "3600",
     1, 31536000, "an older answer is looked at again"},
    {"MB_NEGATIVE_SECONDS", OPTION_NUMBER, PROGRAM_API, AT(negative_seconds), "300", 1, 31536000,
     "how long a missing image stays missing"},
    {"MB_KEEP_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(keep_seconds), "2592000", 60, 315360000,
     "how long facts are kept unread"},
    {"MB_EAGER_VERSIONS", OPTION_NUMBER, PROGRAM_SIZE, AT(eager_versions), "20", 0, 10000,
     "versions filled in without being asked for"},
    {"MB_EAGER_VERSIONS", OPTION_NUMBER, PROGRAM_CLIENT, AT(eager_versions), "0", 0, 10000,
     "versions filled in without being asked for"},
    {"MB_VISIBILITY_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(visibility_seconds), "60", 1, 43200,
     "lease of a received message"},
    {"MB_MAX_RECEIVES", OPTION_NUMBER, PROGRAM_ALL, AT(max_receives), "5", 1, 1000,
     "attempts before a message counts as failed"},
    {"MB_DRAIN_SECONDS", OPTION_NUMBER, PROGRAM_ALL, AT(drain_seconds), "45", 1, 3600,
     "time to finish on SIGTERM"},
    {"MB_SUBMIT_PER_ADDRESS", OPTION_NUMBER, PROGRAM_API, AT(submit_per_address), "60", 0, 1000000,
     "inspections a minute that one address (IPv6: one /64) may cause; 0: no limit"},
    {"MB_SUBMIT_TOTAL", OPTION_NUMBER, PROGRAM_API, AT(submit_total), "600", 0, 1000000,
     "inspections a minute that all clients together may cause; 0: no limit"},
    {"MB_MAX_WAITING", OPTION_NUMBER, PROGRAM_API, AT(max_waiting), "15000", 0, 1000000,
     "long polls and event streams held at once; 0: no limit"},
    {"MB_MAX_WAITING_PER_ADDRESS", OPTION_NUMBER, PROGRAM_API, AT(max_waiting_per_address), "500",
     0, 1000000, "those of one address (IPv6: one /64); 0: no limit"},
    {"MB_TRUSTED_PROXIES", OPTION_PROXIES, PROGRAM_API, AT(trusted_proxies), "", 0, 0,
     "whose X-Forwarded-For counts: addresses and networks like 10.0.0.0/8, comma-separated"},
    {"MB_FEATURED", OPTION_NAMES, PROGRAM_API, AT(featured), "", 0, 0,
     "names listed as featured, comma-separated"},
    {"MB_WEBHOOK_SECRET", OPTION_SECRET, PROGRAM_API, AT(webhook_secret), "", 0, 0,
     "key of the tokens in webhook URLs; without it there are none"},
    {"MB_REFRESH_TOKEN", OPTION_SECRET, PROGRAM_API, AT(refresh_token), "", 0, 0,
     "what an operator sends to have an image inspected anew; without it nobody can"},
    {"MB_PUBLIC_URL", OPTION_PUBLIC_URL, PROGRAM_API, AT(public_url), "", 0, 0,
     "where clients reach the api, for URLs that are printed"},
    {"MB_WEBHOOK_URL", OPTION_ACTION, PROGRAM_API, AT(webhook_url_of), "", 0, 0,
     "prints the webhook URL of the image with this name, and ends"},
    {"MB_LOG", OPTION_LOG_LEVEL, PROGRAM_ALL, AT(log_level), "info", 0, 0,
     "debug, info, warn or error"},
    {"MB_LOG_FORMAT", OPTION_LOG_FORMAT, PROGRAM_ALL, AT(log_format), "auto", 0, 0,
     "text, json, or auto: text on a terminal"},
};

const size_t config_option_count = ARRAY_LEN(config_options);

const char *config_fallback(const struct option_row *row, enum program program)
{
    if (row->fallback)
        return row->fallback;
    return program == PROGRAM_API         ? "127.0.0.1:8081"
           : program == PROGRAM_INSPECTOR ? "127.0.0.1:8082"
                                          : "127.0.0.1:8083";
}

bool config_is_secret(const struct option_row *row)
{
    return row->kind == OPTION_SECRET || row->kind == OPTION_REDIS_URL ||
           row->kind == OPTION_QUEUE_URL;
}

bool config_is_text(const struct option_row *row)
{
    return row->kind != OPTION_NUMBER && row->kind != OPTION_LOG_LEVEL &&
           row->kind != OPTION_LOG_FORMAT;
}

static bool listen_is_valid(const char *value)
{
    const char *colon = strrchr(value, ':');
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    return strtol(colon + 1, NULL, 10) <= 65535;
}

static bool is_http_url(const char *value)
{
    return strncmp(value, "https://", 8) == 0 || strncmp(value, "http://", 7) == 0;
}

static char *names_problem(const char *value)
{
    for (const char *at = value; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
        AUTO(free) char *name = xstrndup(at, strcspn(at, ","));
        AUTO(reference) struct reference reference = {0};
        const char *why = NULL;
        if (reference_parse(name, &reference, &why) != 0)
            return xasprintf("%.200s: %s", name, why);
    }
    return NULL;
}

static char *proxies_problem(const char *value)
{
    char *text = NULL;
    struct trusted_proxies *proxies = NULL;
    if (trusted_proxies_parse(value, &proxies, &text) != 0)
        return text;
    trusted_proxies_free(proxies);
    return NULL;
}

char *config_problem(const struct option_row *row, const char *value)
{
    const char *why = NULL;
    char *text = NULL;
    struct registries *registries = NULL;
    switch (row->kind) {
    case OPTION_REDIS_URL:
        return redis_url_check(value, &why) ? xstrdup(why) : NULL;
    case OPTION_REDIS_CA:
        return redis_ca_check(value, &why) ? xstrdup(why) : NULL;
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
        return strcmp(value, "none") == 0 || is_http_url(value) ? NULL
                                                                : xstrdup("neither a URL nor none");
    case OPTION_PUBLIC_URL:
        return !*value || is_http_url(value) ? NULL : xstrdup("not a URL");
    case OPTION_NAMES:
        return names_problem(value);
    case OPTION_PROXIES:
        return proxies_problem(value);
    default:
        return NULL;
    }
}
