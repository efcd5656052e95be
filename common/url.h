/* URLs taken apart by libcurl's URL interface (RFC 3986); the only other file besides httpc.c that
 * includes it. */
#ifndef MB_URL_H
#define MB_URL_H

struct url {
    char *scheme; /* lower case */
    char *user;   /* decoded, "" if none; password, host and path likewise */
    char *password;
    char *host;
    int port; /* 0 if none is given */
    char *path;
    char *query; /* as it came: url_query_get() decodes its members */
};

/* 0 or ERR_INVALID. "unix:/path" and "unix:///path" have an empty host. Caller releases. */
int url_parse(const char *text, struct url *ret_url);
void url_release(struct url *url);
/* The decoded value of a member of the query, NULL if absent. Caller frees. */
char *url_query_get(const struct url *url, const char *name);

/* `target` as seen from `base` (RFC 3986 5.2): absolute, or relative to it. NULL if it cannot be.
 * Caller frees. */
char *url_resolve(const char *base, const char *target);
/* True where scheme, host and port are the same. */
int url_same_origin(const char *a, const char *b);

/* True where a redirect may go there: from https to https only, from http to either. */
int url_may_lead_to(const char *from, const char *to);

/* Percent-encoded for a query member. Caller frees. */
char *url_encode(const char *text);

static inline void url_cleanup(struct url *url)
{
    url_release(url);
}

#endif
