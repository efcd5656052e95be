/* The api's service: requests in, answers from memory, from Redis, or a submission. */
#ifndef MB_SERVICE_H
#define MB_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "config.h"

struct cache;
struct errand;
struct events;
struct httpd_request;
struct httpd_response;
struct loop;
struct lookup;
struct queue;
struct redis;
struct redis_sub;
struct registries;
struct trusted_proxies;
struct waiting;

struct service {
    struct loop *loop;
    const struct config *config;
    struct redis *redis;
    struct redis_sub *notices;
    struct queue *queue; /* inspections */
    struct registries *registries;
    struct trusted_proxies *proxies;
    struct cache *cache;
    struct lookup *lookups;
    struct errand *errands;
    struct waiting *waiting;
    struct events *events;
    bool is_subscribed;
    bool is_draining;
};

/* loop, config, redis, queue and registries are set and stay the caller's; notices, proxies
 * and cache are made here. */
void service_start(struct service *service);
/* Answers every request; to be called before the httpd ends. */
void service_stop(struct service *service);
/* After redis and queue are freed: until then their callbacks come. */
void service_free(struct service *service);
/* An httpd_handler; arg is the service. */
void service_handle(void *arg, struct httpd_request *request);
/* From now on: long polls end with what there is, connections close after their answer. */
void service_drain(struct service *service);
/* Answers and counts. */
void service_reply(struct httpd_request *request, struct httpd_response *response);
/* Counts an answer with this status. */
void service_count(int code);
/* Whose request it is (client_address.h); text has CLIENT_ADDRESS_BYTES. */
void service_client(const struct service *service, const struct httpd_request *request,
                    char *ret_text);
/* For readiness. */
bool service_is_ready(void *arg, const char **ret_why);

#endif
