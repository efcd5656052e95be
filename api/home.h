/* The start page, what is typed into its box, and the files that pages need. */
#ifndef MB_HOME_H
#define MB_HOME_H

#include "route.h"
#include "service.h"

void home_handle(struct service *service, struct httpd_request *request, struct route *route);
void find_handle(struct service *service, struct httpd_request *request, struct route *route);
void asset_handle(struct service *service, struct httpd_request *request, struct route *route);
void opensearch_handle(struct service *service, struct httpd_request *request, struct route *route);

#endif
