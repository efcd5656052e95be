/* HEALTHCHECK as Docker and BuildKit note it, a Go structure, to a Dockerfile's arguments. */
#ifndef MB_HISTORY_HEALTH_H
#define MB_HISTORY_HEALTH_H

#include <jansson.h>

#include "history.h"
#include "strbuf.h"

/* `&{["CMD-SHELL" "curl x"] "5m0s" "3s" "1s" "0s" '\x03'}` (two to four times) and
 * `{Test:[CMD-SHELL curl x] Interval:5m0s ... Retries:3}` to `--interval=5m ... CMD curl x`, and
 * how sure that is. config_test, the final config's Healthcheck.Test, may be NULL; it tells words
 * apart where it is this very check. Other text is written as it is. */
enum certainty history_health(const char *text, const json_t *config_test, struct strbuf *out);

#endif
