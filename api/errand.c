#include "errand.h"

#include <stdlib.h>

#include "mem.h"

struct errand *errand_new(struct service *service, struct httpd_request *request,
                          struct route *route)
{
    struct errand *errand = xcalloc(1, sizeof(*errand));
    errand->service = service;
    errand->route = *route;
    *route = (struct route){0};
    errand->request = request;
    errand->next = service->errands;
    if (errand->next)
        errand->next->prev = errand;
    service->errands = errand;
    httpd_suspend(request);
    return errand;
}

void errand_end(struct errand *errand, struct httpd_response *response)
{
    if (errand->request)
        service_reply(errand->request, response);
    httpd_response_unref(response);
    if (errand->prev)
        errand->prev->next = errand->next;
    else
        errand->service->errands = errand->next;
    if (errand->next)
        errand->next->prev = errand->prev;
    route_release(&errand->route);
    free(errand);
}

void errand_answer_all(struct service *service)
{
    struct httpd_response *response =
        answer_problem(503, "stopping", "This server is stopping. Try again.", 1);
    for (struct errand *errand = service->errands; errand; errand = errand->next)
        if (errand->request)
            service_reply(TAKE(errand->request), response);
    httpd_response_unref(response);
}
