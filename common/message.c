#include "message.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"

#define TRACE_PARENT_MAX_BYTES 128

static int image_of(const json_t *body, struct reference *ret_image)
{
    const char *tag = jsonx_str(body, "Tag");
    const char *digest = jsonx_str(body, "Digest");
    if (reference_parse(jsonx_str(body, "ImageName"), ret_image, NULL) != 0)
        return ERR_INVALID;
    if (*tag && reference_is_tag(tag)) {
        free(ret_image->tag);
        ret_image->tag = xstrdup(tag);
    }
    if (*digest && digest_is_valid(digest)) {
        free(ret_image->digest);
        ret_image->digest = xstrdup(digest);
    }
    return 0;
}

int message_parse(const char *body, size_t len, struct message *ret_message)
{
    JSON_AUTO
    json_t *json = NULL;
    struct message message = {.version = MESSAGE_VERSION};
    if (jsonx_parse(body, len, &json) != 0 || image_of(json, &message.image) != 0)
        return ERR_INVALID;
    int64_t version = jsonx_int(json, "Version");
    if (json_object_get(json, "Version"))
        message.version = version > INT_MAX ? INT_MAX : (int)version;
    message.requested_ms = jsonx_int(json, "RequestedAt");
    int64_t deferrals = jsonx_int(json, "Deferrals");
    message.deferrals = deferrals > 0 && deferrals < 1000000 ? (int)deferrals : 0;
    const char *trace_parent = jsonx_str(json, "TraceParent");
    if (*trace_parent && strlen(trace_parent) <= TRACE_PARENT_MAX_BYTES)
        message.trace_parent = xstrdup(trace_parent);
    *ret_message = message;
    return message.version > MESSAGE_VERSION ? ERR_UNSUPPORTED : 0;
}

char *message_format(const struct message *message)
{
    AUTO(free) char *name = reference_message_name(&message->image);
    JSON_AUTO
    json_t *json = json_object();
    json_object_set_new(json, "ImageName", json_string(name));
    if (message->image.tag)
        json_object_set_new(json, "Tag", json_string(message->image.tag));
    if (message->image.digest)
        json_object_set_new(json, "Digest", json_string(message->image.digest));
    json_object_set_new(json, "Version", json_integer(message->version));
    json_object_set_new(json, "RequestedAt", json_integer(message->requested_ms));
    json_object_set_new(json, "Deferrals", json_integer(message->deferrals));
    if (message->trace_parent)
        json_object_set_new(json, "TraceParent", json_string(message->trace_parent));
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    return text ? text : xstrdup("{}");
}

void message_release(struct message *message)
{
    reference_release(&message->image);
    free(message->trace_parent);
    message->trace_parent = NULL;
}
