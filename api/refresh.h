/* `?refresh=TOKEN`, or `?refresh` with `Authorization: Bearer TOKEN`: an operator has an image
 * inspected anew. With another token, or where MB_REFRESH_TOKEN is not set, it is an ordinary GET.
 */
#ifndef MB_REFRESH_H
#define MB_REFRESH_H

#include <stdbool.h>

#include "httpd.h"
#include "route.h"
#include "service.h"

bool refresh_is_asked(const struct service *service, const struct httpd_request *request,
                      const struct route *route);
/* 202 with the status. Takes route over. */
void refresh_handle(struct service *service, struct httpd_request *request, struct route *route);

#endif
