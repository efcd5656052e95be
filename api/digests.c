#include "digests.h"

#include <jansson.h>
#include <stdlib.h>

#include "errand.h"
#include "jsonx.h"
#include "mem.h"
#include "place.h"
#include "relations_index.h"

#define REDIS_RETRY_SECONDS 5

static json_t *image_row(const json_t *place)
{
    const char *digest = jsonx_str(place, "Version");
    AUTO(free) char *shown = place_shown_name(place);
    return json_pack("{s:s,s:s,s:s,s:O,s:O}", "ImageName", shown, "SHA", digest_hex(digest),
                     "Digest", digest, "Platform", json_object_get(place, "Platform"), "As",
                     json_object_get(place, "As"));
}

static char *body_of(const char *digest, const json_t *places)
{
    JSON_AUTO
    json_t *answer = json_pack("{s:s,s:[]}", "Digest", digest, "Images");
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
        json_array_append_new(json_object_get(answer, "Images"), image_row(place));
    return jsonx_dump(answer);
}

static void on_places(void *arg, int err, const json_t *places)
{
    struct errand *errand = arg;
    struct httpd_response *response;
    if (err) {
        response =
            answer_problem(503, "cache_unavailable",
                           "The store of results cannot be reached right now. Try again soon.",
                           REDIS_RETRY_SECONDS);
    } else if (!json_array_size(places)) {
        AUTO(free)
        char *detail = xasprintf("No image that was inspected here has %s.", errand->route.digest);
        response = answer_problem(404, "digest_unknown", detail, 0);
    } else {
        struct answer *answer = answer_list_new(body_of(errand->route.digest, places));
        response = errand->request ? answer_choose(answer, errand->request) : answer->plain;
        httpd_response_ref(response);
        answer_unref(answer);
    }
    errand_end(errand, response);
}

void digests_handle(struct service *service, struct httpd_request *request, struct route *route)
{
    struct errand *errand = errand_new(service, request, route);
    relations_index_lookup(service->redis, errand->route.digest, on_places, errand);
}
