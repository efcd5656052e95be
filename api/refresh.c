#include "refresh.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "errand.h"
#include "hmac.h"
#include "mem.h"
#include "submit.h"

#define RETRY_SECONDS 5
#define BEARER "Bearer "

bool refresh_is_asked(const struct service *service, const struct httpd_request *request,
                      const struct route *route)
{
    const char *token = service->config->refresh_token;
    if (!route->refresh || strcmp(httpd_method(request), "GET") != 0)
        return false;
    const char *header = httpd_header(request, "Authorization");
    bool is_bearer = header && strncasecmp(header, BEARER, strlen(BEARER)) == 0;
    return secret_equals(token, route->refresh) ||
           (is_bearer && secret_equals(token, header + strlen(BEARER)));
}

static void on_status(void *arg, int err, const struct status *status)
{
    struct errand *errand = arg;
    if (err) {
        errand_end(errand, answer_problem(503, "cache_unavailable",
                                          "The store of results cannot be reached right now.",
                                          RETRY_SECONDS));
        return;
    }
    AUTO(free) char *shown = reference_shown(&errand->route.image);
    errand_end(errand, answer_pending(shown, status, clock_ms()));
}

static void on_submitted(void *arg, int err, enum submit_result result, int64_t wait_ms)
{
    (void)result;
    (void)wait_ms;
    struct errand *errand = arg;
    if (err) {
        errand_end(errand, answer_problem(503, "queue_unavailable",
                                          "The request cannot be queued right now. Try again soon.",
                                          RETRY_SECONDS));
        return;
    }
    AUTO(free) char *name = reference_canonical(&errand->route.image);
    status_read(errand->service->redis, name, on_status, errand);
}

void refresh_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    struct errand *errand = errand_new(service, request, route);
    const struct submission submission = {.image = &errand->route.image, .cause = SUBMIT_OPERATOR};
    submit(service, &submission, on_submitted, errand);
}
