#include "deployment_view.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"

void deployment_view_release(struct deployment_view *view)
{
    free(view->version);
    *view = (struct deployment_view){0};
}

/* Versions of built-in kinds are numbers that grow; of what is none, nothing is said. */
static bool is_older(const char *version, const char *than)
{
    size_t len = strlen(version);
    size_t than_len = strlen(than);
    if (strspn(version, "0123456789") != len || strspn(than, "0123456789") != than_len)
        return false;
    return len != than_len ? len < than_len : strcmp(version, than) < 0;
}

static int small_int(const json_t *object, const char *key)
{
    int64_t value = jsonx_int(object, key);
    return value < 0 ? 0 : value > INT_MAX ? INT_MAX : (int)value;
}

/* A Scale's status has no generation to compare. */
static bool has_current_status(const json_t *object)
{
    const json_t *status = jsonx_object(object, "status");
    int64_t generation = jsonx_int(jsonx_object(object, "metadata"), "generation");
    return strcmp(jsonx_str(object, "kind"), "Scale") != 0 && status &&
           jsonx_int(status, "observedGeneration") >= generation;
}

bool deployment_view_apply(struct deployment_view *view, const json_t *object, bool is_newest)
{
    const char *version = jsonx_str(jsonx_object(object, "metadata"), "resourceVersion");
    if (!*version || (!is_newest && view->version && is_older(version, view->version)))
        return false;
    struct deployment_view before = *view;
    view->is_seen = true;
    view->version = xstrdup(version);
    view->replicas = small_int(jsonx_object(object, "spec"), "replicas");
    if (has_current_status(object))
        view->available = small_int(jsonx_object(object, "status"), "availableReplicas");
    free(before.version);
    return !before.is_seen || before.replicas != view->replicas ||
           before.available != view->available;
}

bool deployment_view_forget(struct deployment_view *view)
{
    bool was_seen = view->is_seen;
    deployment_view_release(view);
    return was_seen;
}
