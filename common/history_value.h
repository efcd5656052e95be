/* The arguments of an instruction as builders note them, to those of a Dockerfile. Each writes to
 * `out` and says how well that went; text that is of no known form is written as it is. */
#ifndef MB_HISTORY_VALUE_H
#define MB_HISTORY_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"
#include "strbuf.h"

/* CMD and ENTRYPOINT: `["a" "b"]` (Go's %q) to `["a", "b"]`. */
enum certainty value_array(const char *text, struct strbuf *out);
/* EXPOSE: `map[80/tcp:{} 53/udp:{}]` and `[80/tcp]` to `80/tcp 53/udp`. */
enum certainty value_ports(const char *text, struct strbuf *out);
/* VOLUME: `[/data /v]` (Go's %v) to `/data /v`. */
enum certainty value_volumes(const char *text, struct strbuf *out);
/* SHELL: `[/bin/bash -o pipefail -c]` to a JSON array, by config.Shell where that is the one. */
enum certainty value_shell(const char *text, const json_t *config_shell, struct strbuf *out);
/* ADD and COPY of the classic builder: `--chown=u:gfile:HASH in /dst ` to
 * `--chown=u:g file:HASH /dst`. is_rootfs_add: a sole file into / is a base's root file system. */
enum certainty value_copy(const char *text, bool is_rootfs_add, struct strbuf *out);
/* ENV and LABEL: kept, but told apart where blanks in values cannot be. */
enum certainty value_pairs(const char *text, struct strbuf *out);

#endif
