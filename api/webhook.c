#include "webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errand.h"
#include "hmac.h"
#include "mem.h"
#include "registries.h"
#include "submit.h"

#define RETRY_SECONDS 5

static void token_of(const char *secret, const struct reference *image,
                     char ret_token[HMAC_TOKEN_BYTES])
{
    AUTO(free) char *name = reference_canonical(image);
    hmac_token(secret, name, ret_token);
}

static bool token_is_right(const struct service *service, const struct route *route)
{
    char token[HMAC_TOKEN_BYTES];
    const char *secret = service->config->webhook_secret;
    token_of(secret, &route->image, token);
    return secret_equals(token, route->token) && *secret;
}

static void on_submitted(void *arg, int err, enum submit_result result, int64_t wait_ms)
{
    (void)result;
    (void)wait_ms;
    struct httpd_response *response =
        err ? answer_problem(503, "queue_unavailable",
                             "The request cannot be queued right now. Try again soon.",
                             RETRY_SECONDS)
            : answer_text(200, "OK");
    errand_end(arg, response);
}

static void refuse(struct httpd_request *request, int status, const char *code, const char *detail)
{
    struct httpd_response *response = answer_problem(status, code, detail, 0);
    service_reply(request, response);
    httpd_response_unref(response);
}

void webhook_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    if (!token_is_right(service, route)) {
        refuse(request, 403, "bad_token", "This is not the token of this image's webhook.");
        return;
    }
    if (!registries_find(service->registries, route->image.registry)) {
        refuse(request, 404, "image_missing", "This server does not ask this image's registry.");
        return;
    }
    struct errand *errand = errand_new(service, request, route);
    const struct submission submission = {.image = &errand->route.image, .cause = SUBMIT_HOOK};
    submit(service, &submission, on_submitted, errand);
}

int webhook_print_url(const struct config *config)
{
    AUTO(reference) struct reference image = {0};
    const char *why = NULL;
    if (!*config->webhook_secret)
        why = "MB_WEBHOOK_SECRET is not set: there are no webhook URLs.";
    else if (reference_parse(config->webhook_url_of, &image, &why) == 0 &&
             (image.tag || image.digest))
        why = "A webhook is an image's, not a tag's.";
    if (why) {
        (void)fprintf(stderr, "%s\n", why);
        return 2;
    }
    char token[HMAC_TOKEN_BYTES];
    AUTO(free) char *shown = reference_shown(&image);
    const char *base = config->public_url;
    size_t len = strlen(base);
    token_of(config->webhook_secret, &image, token);
    printf("%.*s/images/%s/%s\n", (int)(len && base[len - 1] == '/' ? len - 1 : len), base, shown,
           token);
    return 0;
}
