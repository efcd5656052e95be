/* Webhooks in: a registry, or whoever pushes, tells that an image has changed. The URL's last part
 * is a token that only an operator can make: HMAC of the canonical name under MB_WEBHOOK_SECRET. */
#ifndef MB_WEBHOOK_H
#define MB_WEBHOOK_H

#include "config.h"
#include "httpd.h"
#include "route.h"
#include "service.h"

/* 200 "OK" once the inspection is queued, or one that will see the change is; 403 for another
 * token, 503 where nothing could be queued. Takes route over. */
void webhook_handle(struct service *service, struct httpd_request *request, struct route *route);
/* For --webhook-url: prints what an operator gives to who pushes the image that
 * config->webhook_url_of names, "https://host/images/org/name/TOKEN", without the host where
 * MB_PUBLIC_URL does not tell it. The program's exit code. */
int webhook_print_url(const struct config *config);

#endif
