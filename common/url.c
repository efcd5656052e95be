#include "url.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"

static char *part(CURLU *handle, CURLUPart which, unsigned flags)
{
    char *text = NULL;
    char *copy;
    if (curl_url_get(handle, which, &text, flags) == CURLUE_OK)
        copy = xstrdup(text);
    else
        copy = xstrdup("");
    curl_free(text);
    return copy;
}

/* libcurl wants an authority after "//"; a socket's path has none: it gets a host to take off. */
static char *with_authority(const char *text)
{
    if (strncmp(text, "unix:", 5) != 0)
        return xstrdup(text);
    const char *rest = text + 5;
    if (strncmp(rest, "//", 2) == 0)
        rest += 2;
    const char *at = strchr(rest, '@');
    const char *slash = strchr(rest, '/');
    if (at && slash && at < slash)
        return xasprintf("unix://%.*ssocket%s", (int)(at - rest + 1), rest, at + 1);
    return xasprintf("unix://socket%s", rest);
}

int url_parse(const char *text, struct url *ret_url)
{
    CURLU *handle = curl_url();
    AUTO(free) char *full = with_authority(text);
    if (!handle ||
        curl_url_set(handle, CURLUPART_URL, full, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        curl_url_cleanup(handle);
        return ERR_INVALID;
    }
    struct url url = {
        .scheme = part(handle, CURLUPART_SCHEME, 0),
        .user = part(handle, CURLUPART_USER, CURLU_URLDECODE),
        .password = part(handle, CURLUPART_PASSWORD, CURLU_URLDECODE),
        .host = part(handle, CURLUPART_HOST, 0),
        .path = part(handle, CURLUPART_PATH, CURLU_URLDECODE),
        .query = part(handle, CURLUPART_QUERY, 0),
    };
    AUTO(free) char *port = part(handle, CURLUPART_PORT, 0);
    url.port = (int)strtol(port, NULL, 10);
    curl_url_cleanup(handle);
    if (strcmp(url.scheme, "unix") == 0)
        url.host[0] = '\0';
    size_t host_len = strlen(url.host);
    if (host_len > 2 && url.host[0] == '[') { /* an IPv6 address without its brackets */
        memmove(url.host, url.host + 1, host_len - 2);
        url.host[host_len - 2] = '\0';
    }
    *ret_url = url;
    return 0;
}

void url_release(struct url *url)
{
    free(url->scheme);
    free(url->user);
    free(url->password);
    free(url->host);
    free(url->path);
    free(url->query);
    memset(url, 0, sizeof(*url));
}

char *url_query_get(const struct url *url, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *at = url->query; *at;) {
        size_t len = strcspn(at, "&");
        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            int value_len = (int)(len - name_len - 1);
            if (value_len == 0) /* to libcurl, a length of 0 means all that follows */
                return xstrdup("");
            char *decoded = curl_easy_unescape(NULL, at + name_len + 1, value_len, &value_len);
            char *value = decoded ? xstrdup(decoded) : NULL;
            curl_free(decoded);
            return value;
        }
        at += len + (at[len] == '&');
    }
    return NULL;
}

char *url_resolve(const char *base, const char *target)
{
    CURLU *handle = curl_url();
    char *resolved = NULL;
    if (handle && curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_URL, target, 0) == CURLUE_OK) {
        char *text = NULL;
        if (curl_url_get(handle, CURLUPART_URL, &text, 0) == CURLUE_OK)
            resolved = xstrdup(text);
        curl_free(text);
    }
    curl_url_cleanup(handle);
    return resolved;
}

static char *origin(const char *text)
{
    CURLU *handle = curl_url();
    char *result = NULL;
    if (handle && curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK) {
        AUTO(free) char *scheme = part(handle, CURLUPART_SCHEME, 0);
        AUTO(free) char *host = part(handle, CURLUPART_HOST, 0);
        AUTO(free) char *port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
        result = xasprintf("%s://%s:%s", scheme, host, port);
    }
    curl_url_cleanup(handle);
    return result;
}

int url_same_origin(const char *a, const char *b)
{
    AUTO(free) char *origin_a = origin(a);
    AUTO(free) char *origin_b = origin(b);
    return origin_a && origin_b && strcasecmp(origin_a, origin_b) == 0;
}

int url_may_lead_to(const char *from, const char *to)
{
    bool to_https = strncasecmp(to, "https://", 8) == 0;
    bool both_http = strncasecmp(from, "http://", 7) == 0 && strncasecmp(to, "http://", 7) == 0;
    return to_https || both_http;
}

char *url_encode(const char *text)
{
    char *encoded = curl_easy_escape(NULL, text, 0);
    char *copy = xstrdup(encoded ? encoded : "");
    curl_free(encoded);
    return copy;
}
