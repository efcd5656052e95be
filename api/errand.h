/* A request that waits for one thing that Redis or the queue owes an answer to: nobody shares it,
 * as lookups are shared, and it ends when that comes. */
#ifndef MB_ERRAND_H
#define MB_ERRAND_H

#include "httpd.h"
#include "route.h"
#include "service.h"

struct errand {
    struct service *service;
    struct route route;
    struct httpd_request *request; /* NULL once it has been answered */
    struct errand *next, *prev;
};

/* Takes route over; the request is suspended. */
struct errand *errand_new(struct service *service, struct httpd_request *request,
                          struct route *route);
/* Answers, unless that has been done (response may then be NULL). Takes response and the errand. */
void errand_end(struct errand *errand, struct httpd_response *response);
/* 503 for all requests; the errands end when what they wait for comes. */
void errand_answer_all(struct service *service);

#endif
