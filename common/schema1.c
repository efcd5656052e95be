#include "schema1.h"

#include <string.h>

#include "base64.h"
#include "jsonx.h"
#include "mem.h"

/* {"formatLength","formatTail"} of the first signature; NULL if there is none. Caller owns. */
static json_t *format_of(const char *body, size_t len)
{
    JSON_AUTO
    json_t *manifest = NULL;
    if (!memmem(body, len, "fsLayers", 8) || jsonx_parse(body, len, &manifest) != 0)
        return NULL;
    json_t *first = json_array_get(jsonx_array(manifest, "signatures"), 0);
    const char *protected = jsonx_str(first, "protected");
    AUTO(free) char *text = NULL;
    size_t text_len;
    json_t *format = NULL;
    if (!*protected || base64url_decode(protected, &text, &text_len) != 0)
        return NULL;
    (void)jsonx_parse(text, text_len, &format);
    return format;
}

/* Else anybody could hang signatures on a manifest of another kind and pass for it. */
static bool is_schema1(const char *payload, size_t len)
{
    JSON_AUTO
    json_t *json = NULL;
    return jsonx_parse(payload, len, &json) == 0 && jsonx_array(json, "fsLayers");
}

bool schema1_digest(const char *body, size_t len, char ret_digest[DIGEST_BYTES])
{
    JSON_AUTO
    json_t *format = format_of(body, len);
    int64_t kept = jsonx_int(format, "formatLength");
    const char *tail = jsonx_str(format, "formatTail");
    AUTO(free) char *end = NULL;
    size_t end_len;
    if (kept <= 0 || (size_t)kept > len || base64url_decode(tail, &end, &end_len) != 0)
        return false;
    AUTO(free) char *payload = xcalloc(1, (size_t)kept + end_len + 1);
    memcpy(payload, body, (size_t)kept);
    memcpy(payload + kept, end, end_len);
    if (!is_schema1(payload, (size_t)kept + end_len))
        return false;
    digest_sha256(payload, (size_t)kept + end_len, ret_digest);
    return true;
}
