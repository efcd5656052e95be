/* The api's service against a real redis-server, for its unit tests: a fresh one for each test.
 * What workers would write is planted by hand. */
#ifndef TEST_SERVICE_FIXTURE_H
#define TEST_SERVICE_FIXTURE_H

#include <stdint.h>

#include "config.h"
#include "http_client.h"
#include "redis_server.h"
#include "service.h"

#define NAME "docker.io/library/app"
#define HEX "1111111111111111111111111111111111111111111111111111111111111111"
#define ARM_HEX "2222222222222222222222222222222222222222222222222222222222222222"
#define INDEX_HEX "3333333333333333333333333333333333333333333333333333333333333333"
#define HOUR_MS (3600 * 1000LL)

extern struct redis_server results;
extern struct redis_server queues;
extern struct loop *loop;
extern struct redis *redis; /* the test's own */
extern struct redis *queue_redis;
extern struct httpd *httpd;
extern struct service service;
extern struct http_client client;
extern struct config config; /* a test may change it: each starts with the defaults */

int start(void **state);
int start_with(char *trusted_proxies);
int stop(void **state);
int stop_the_rest(void **state); /* after service_stop() */
#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

void wait_until_subscribed(void);

/* Planting and looking */
void redis_do(const char *format, const char *key, const char *a, const char *b);
int64_t redis_number(struct redis *on, const char *format, const char *key);
int64_t messages(void); /* in the Inspection queue */
void last_message_has(const char *text);
void plant(const char *key, const char *field, const char *value, size_t len);
void plant_text(const char *key, const char *field, const char *value);
void plant_fragment(const char *key, const char *field, const char *text);
void plant_status_times(const char *status, const char *stage, int64_t updated_ms,
                        int64_t retry_ms);
void plant_status(const char *status, const char *stage);
/* Tags latest and 1 on an index of two platforms; tag 2 on a version without facts. */
void plant_document(int64_t inspected_ms, const char *description);
void plant_inspected(void);
void notice(void);

/* Asking */
const char *ask(const char *target, int status);
const char *ask_with(const char *target, const char *header, int status);
#define ANY_STATUS (-1)
/* text is a whole request. */
const char *ask_raw(const char *text, int status);
void has(const char *answer, const char *text);
char *header_of(const char *answer, const char *name);
const char *body_of(const char *answer);
/* The service has taken the request when this returns. */
void open_and_ask(struct http_client *other, const char *target);
void ask_and_leave(const char *target);

#endif
