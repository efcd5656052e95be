#include "config_options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client_address.h"
#include "mem.h"
#include "queue.h"
#include "redis.h"
#include "reference.h"
#include "registries.h"
#include "registry_auth.h"
#include "strbuf.h"

#define PROGRAM_WORKERS (PROGRAM_INSPECTOR | PROGRAM_SIZE)
#define PROGRAM_ALL (PROGRAM_API | PROGRAM_WORKERS)
#define PROGRAM_SERVICES (PROGRAM_ALL | PROGRAM_SCALER)
#define MAX_POOL 1000

#define AT(member) offsetof(struct config, member)

const struct option_row config_options[] = {
    {"MB_LISTEN", OPTION_LISTEN, PROGRAM_API, AT(listen), "127.0.0.1:8080", 0, 0,
     "the public address; [::1]:8080 and :8080 (all addresses) work too"},
    {"MB_ADMIN_LISTEN", OPTION_LISTEN, PROGRAM_SERVICES, AT(admin_listen), NULL, 0, 0,
     "health and metrics"},
    {"MB_CACHE_URL", OPTION_REDIS_URL, PROGRAM_SERVICES, AT(cache_url), "redis://127.0.0.1:6379/0",
     0, 0, "Redis for results, job markers and notices; redis://, rediss:// or unix:"},
    {"MB_REDIS_CA_FILE", OPTION_REDIS_CA, PROGRAM_SERVICES, AT(redis_ca_file), "", 0, 0,
     "certificates (PEM) that rediss:// servers are checked against; none: the system's"},
    {"MB_INSPECTION_QUEUE", OPTION_QUEUE_URL, PROGRAM_API | PROGRAM_INSPECTOR | PROGRAM_SCALER,
     AT(inspection_queue), "redis://127.0.0.1:6379/0?stream=inspection", 0, 0,
     "an SQS queue URL or redis://...?stream="},
    {"MB_SIZE_QUEUE", OPTION_QUEUE_URL, PROGRAM_WORKERS | PROGRAM_SCALER, AT(size_queue),
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
    {"MB_POOL", OPTION_NUMBER, PROGRAM_SCALER, AT(pool), "10", 1, MAX_POOL,
     "pods that inspectors and size workers have together"},
    {"MB_POLICY", OPTION_POLICY, PROGRAM_SCALER, AT(policy), "drain", 0, 0,
     "drain (by load and backlog) or simple (one more, one less)"},
    {"MB_INSPECTOR_DEPLOYMENT", OPTION_KUBE_NAME, PROGRAM_SCALER, AT(inspector_deployment),
     "microbadger-inspector", 0, 0, "the urgent Deployment"},
    {"MB_SIZE_DEPLOYMENT", OPTION_KUBE_NAME, PROGRAM_SCALER, AT(size_deployment),
     "microbadger-size", 0, 0, "the patient one, which gives room to the urgent one"},
    {"MB_INSPECTOR_MIN", OPTION_NUMBER, PROGRAM_SCALER, AT(inspector_min), "1", 0, MAX_POOL,
     "inspectors at rest"},
    {"MB_INSPECTOR_MAX", OPTION_NUMBER, PROGRAM_SCALER, AT(inspector_max), "0", 0, MAX_POOL,
     "inspectors at most; 0: the pool"},
    {"MB_SIZE_MIN", OPTION_NUMBER, PROGRAM_SCALER, AT(size_min), "0", 0, MAX_POOL,
     "size workers at rest"},
    {"MB_SIZE_MAX", OPTION_NUMBER, PROGRAM_SCALER, AT(size_max), "0", 0, MAX_POOL,
     "size workers at most; 0: the pool"},
    {"MB_INSPECTION_TARGET", OPTION_NUMBER, PROGRAM_SCALER, AT(inspection_target), "2", 1, 1000000,
     "simple: messages that may wait for an inspector"},
    {"MB_SIZE_TARGET", OPTION_NUMBER, PROGRAM_SCALER, AT(size_target), "2", 1, 1000000,
     "simple: messages that may wait for a size worker"},
    {"MB_NAMESPACE", OPTION_KUBE_NAME, PROGRAM_SCALER, AT(ns), "", 0, 0,
     "of the Deployments and the Lease, if not the account's own"},
    {"MB_KUBECONFIG", OPTION_TEXT, PROGRAM_SCALER, AT(kubeconfig), "", 0, 0,
     "how to reach the API server; else the pod's account, outside a cluster what KUBECONFIG "
     "names"},
    {"MB_LEASE", OPTION_KUBE_NAME, PROGRAM_SCALER, AT(lease), "microbadger-scaler", 0, 0,
     "who holds this Lease acts; other scalers wait"},
    {"MB_DRY_RUN", OPTION_SWITCH, PROGRAM_SCALER, AT(dry_run), "no", 0, 0,
     "no or yes: decides and logs, and changes nothing"},
    {"MB_LOG", OPTION_LOG_LEVEL, PROGRAM_SERVICES, AT(log_level), "info", 0, 0,
     "debug, info, warn or error"},
    {"MB_LOG_FORMAT", OPTION_LOG_FORMAT, PROGRAM_SERVICES, AT(log_format), "auto", 0, 0,
     "text, json, or auto: text on a terminal"},
};

const size_t config_option_count = ARRAY_LEN(config_options);

const char *config_fallback(const struct option_row *row, enum program program)
{
    if (row->fallback)
        return row->fallback;
    return program == PROGRAM_API         ? "127.0.0.1:8081"
           : program == PROGRAM_INSPECTOR ? "127.0.0.1:8082"
           : program == PROGRAM_SCALER    ? "127.0.0.1:8084"
                                          : "127.0.0.1:8083";
}

bool config_is_secret(const struct option_row *row)
{
    return row->kind == OPTION_SECRET || row->kind == OPTION_REDIS_URL ||
           row->kind == OPTION_QUEUE_URL;
}

bool config_is_text(const struct option_row *row)
{
    return row->kind != OPTION_NUMBER && row->kind != OPTION_SWITCH &&
           row->kind != OPTION_LOG_LEVEL && row->kind != OPTION_LOG_FORMAT;
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

/* A DNS subdomain, as names of Kubernetes' objects are; "" where a name may be missing. */
static bool is_kube_name(const struct option_row *row, const char *value)
{
    size_t len = strlen(value);
    if (len == 0)
        return !*row->fallback;
    return len <= 253 && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len &&
           isalnum((unsigned char)value[0]) && isalnum((unsigned char)value[len - 1]);
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
    case OPTION_POLICY:
        return strcmp(value, "drain") == 0 || strcmp(value, "simple") == 0
                   ? NULL
                   : xstrdup("neither drain nor simple");
    case OPTION_KUBE_NAME:
        return is_kube_name(row, value) ? NULL : xstrdup("not a name of an object of Kubernetes");
    default:
        return NULL;
    }
}

#define POOL_PROBLEMS_MAX_BYTES 1024

static void add_range_problem(struct strbuf *text, const char *group, int64_t min, int64_t max,
                              int64_t pool)
{
    if (max > pool)
        strbuf_addf(text, "  MB_%s_MAX=%lld is more than MB_POOL=%lld\n", group, (long long)max,
                    (long long)pool);
    if (min > (max ? max : pool))
        strbuf_addf(text, "  MB_%s_MIN=%lld is more than %s=%lld\n", group, (long long)min,
                    max ? "its maximum" : "MB_POOL", (long long)(max ? max : pool));
}

char *config_pool_problems(const struct config *config)
{
    struct strbuf text = STRBUF_INIT(POOL_PROBLEMS_MAX_BYTES);
    int64_t pool = config->pool;
    if (pool == 0) /* itself a problem that has been told */
        return NULL;
    add_range_problem(&text, "INSPECTOR", config->inspector_min, config->inspector_max, pool);
    add_range_problem(&text, "SIZE", config->size_min, config->size_max, pool);
    if (config->inspector_min <= pool && config->size_min <= pool &&
        config->inspector_min + config->size_min > pool)
        strbuf_addf(&text,
                    "  MB_INSPECTOR_MIN=%lld and MB_SIZE_MIN=%lld are together more than "
                    "MB_POOL=%lld\n",
                    (long long)config->inspector_min, (long long)config->size_min, (long long)pool);
    if (strcmp(config->inspector_deployment, config->size_deployment) == 0)
        strbuf_addf(&text, "  MB_INSPECTOR_DEPLOYMENT and MB_SIZE_DEPLOYMENT are the same: %s\n",
                    config->size_deployment);
    return text.len ? strbuf_detach(&text) : NULL;
}
