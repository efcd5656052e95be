#include "about.h"

#include <jansson.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"
#include "version.h"

static const char openapi[] = {
#include "api/web/openapi.json.inc"
};

static const char catalog[] =
    "{\"linkset\":[{\"anchor\":\"/\","
    "\"service-desc\":[{\"href\":\"/openapi.json\",\"type\":\"application/json\"}],"
    "\"service-meta\":[{\"href\":\"/version\",\"type\":\"application/json\"}]}]}";

void about_version(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    (void)route;
    JSON_AUTO
    json_t *version = json_pack("{s:s,s:s,s:s}", "Name", "microbadger-api", "Version",
                                version_number, "Revision", version_revision);
    AUTO(free) char *text = jsonx_dump(version);
    struct httpd_response *response = answer_json(200, text);
    service_reply(request, response);
    httpd_response_unref(response);
}

/* Made when they are asked for first. */
static struct answer *api_answer;
static struct answer *catalog_answer;

void about_forget(void)
{
    answer_unref(TAKE(api_answer));
    answer_unref(TAKE(catalog_answer));
}

static void reply_own(struct httpd_request *request, struct answer **answer, const char *type,
                      const char *text, size_t len)
{
    if (!*answer)
        *answer = answer_own_new(type, xmemdup(text, len), len);
    service_reply(request, answer_choose(*answer, request));
}

void about_api(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    (void)route;
    reply_own(request, &api_answer, "application/json", openapi, sizeof(openapi));
}

void about_catalog(struct service *service, struct httpd_request *request, struct route *route)
{
    (void)service;
    (void)route;
    reply_own(request, &catalog_answer, "application/linkset+json", catalog, strlen(catalog));
}
