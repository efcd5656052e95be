/* What the API server's answers mean to us, and how they are told to people. Pure functions. */
#ifndef MB_KUBE_STATUS_H
#define MB_KUBE_STATUS_H

#include <stdint.h>

struct kube_request;

/* 0 for 2xx; ERR_UNAUTHORIZED (401), ERR_FORBIDDEN (403), ERR_NOTFOUND (404, and 410: too old a
 * version), ERR_CONFLICT (409), ERR_RATELIMIT (429), ERR_UPSTREAM (5xx), ERR_INVALID (other 4xx),
 * ERR_PROTO (what an API server does not answer). */
int kube_status_err(int status);

/* "cannot patch deployments/scale microbadger-size: 403: WHY; NEXT STEP". status is 0 where no
 * answer came. message is the server's or libcurl's, of any content: it is cut, and its control
 * characters are blanked. Caller frees. */
char *kube_status_text(const struct kube_request *request, int status, const char *message);

/* A Retry-After header in seconds, as API servers send it, capped at a minute; 0 for NULL and for
 * anything else. */
int64_t kube_retry_after_ms(const char *header);

#endif
