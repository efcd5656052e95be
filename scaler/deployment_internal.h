/* What deployment.c (looking) and deployment_scale.c (scaling) share. */
#ifndef MB_DEPLOYMENT_INTERNAL_H
#define MB_DEPLOYMENT_INTERNAL_H

#include "deployment.h"
#include "deployment_view.h"

struct kube_answer;
struct kube_request;
struct scaling;

struct deployment {
    struct loop *loop;
    struct kube *kube;
    char *name;
    struct deployment_view view;
    int64_t heard_ms; /* when the server last told that the view is right */
    char *last_error; /* NULL: none */
    struct kube_call *list;
    struct kube_watch *watch;
    char *watch_version; /* to resume from; NULL: list first */
    int64_t watch_start_ms;
    int failures; /* of list and watch, in a row */
    struct loop_timer *look_timer;
    struct kube_call *poll;
    struct loop_timer *poll_timer;
    struct scaling *scalings;
    void (*changed)(void *arg);
    void *arg;
};

/* A request about this Deployment; resource is "deployments" or "deployments/scale". */
struct kube_request deployment_request(const struct deployment *deployment, const char *verb,
                                       const char *resource);
/* The view was right just now. */
void deployment_heard(struct deployment *deployment);
/* Keeps why a call failed, or that it did not. */
void deployment_note(struct deployment *deployment, const struct kube_answer *answer);

/* Ends all scalings without callbacks. */
void deployment_cancel_scalings(struct deployment *deployment);

#endif
