/* GET /v1/digests/{digest}: which images a digest belongs to, by the reverse index
 * (relations_index.h): {"Digest","Images":[{"ImageName","SHA","Digest","Platform","As"}]}, As being
 * "layer", "diff-id", "config", "chain", "manifest" or "index"; Digest is the version's. */
#ifndef MB_DIGESTS_H
#define MB_DIGESTS_H

#include "httpd.h"
#include "route.h"
#include "service.h"

/* Takes route. The request is suspended and answered later: 200, 404 where no image that was
 * inspected has it, 503 without Redis. */
void digests_handle(struct service *service, struct httpd_request *request, struct route *route);

#endif
