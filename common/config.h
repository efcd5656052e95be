/* Configuration from flags and the environment, flags first: one table row an option
 * (config_options.c), all problems reported together at start. The only place that reads the
 * environment but for AWS's own variables (aws*.c) and the address of Kubernetes' API
 * (scaler/kube_access.c). */
#ifndef MB_CONFIG_H
#define MB_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

enum program {
    PROGRAM_API = 1,
    PROGRAM_INSPECTOR = 2,
    PROGRAM_SIZE = 4,
    PROGRAM_CLIENT = 8, /* where it does without a server */
    PROGRAM_SCALER = 16,
};

struct config {
    char *listen;
    char *admin_listen;
    char *cache_url;
    char *redis_ca_file; /* "": the system's certificates */
    char *inspection_queue;
    char *size_queue;
    char *registries;
    char *registry_auth_file; /* "none": no file */
    char *hub_url;
    char *trusted_proxies; /* client_address.h */
    char *featured;        /* names, comma-separated */
    char *webhook_secret;  /* "" where there is none, as the token */
    char *refresh_token;
    char *public_url;     /* "" if not told */
    char *webhook_url_of; /* the name that --webhook-url gives, "" where the api is to serve */
    int64_t fresh_seconds;
    int64_t negative_seconds;
    int64_t keep_seconds;
    int64_t eager_versions;
    int64_t visibility_seconds;
    int64_t max_receives;
    int64_t drain_seconds;
    int64_t max_waiting;
    int64_t max_waiting_per_address;
    int64_t submit_per_address; /* a minute; 0: no limit */
    int64_t submit_total;
    char *policy;     /* of the scaler, as are all below: "drain" or "simple" */
    char *ns;         /* "": the account's own */
    char *kubeconfig; /* KUBECONFIG's outside a cluster; "": the pod's own account */
    char *identity;   /* POD_NAME, else the host's name */
    char *lease;
    char *inspector_deployment;
    char *size_deployment;
    int64_t pool; /* pods of both Deployments together */
    int64_t inspector_min;
    int64_t inspector_max; /* 0: the pool */
    int64_t size_min;
    int64_t size_max;
    int64_t inspection_target; /* messages that may wait, with the policy "simple" */
    int64_t size_target;
    int dry_run;
    enum log_level log_level;
    enum log_format log_format;
};

/* Reads flags and environment for this program. --help and --version print and exit 0; problems
 * are all printed and exit 2. */
void config_load(struct config *ret_config, enum program program, int argc, char **argv);
void config_release(struct config *config);

/* "microbadger-api": for logs, CLIENT SETNAME and User-Agent. */
const char *program_name(enum program program);

#endif
