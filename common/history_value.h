/* The arguments of an instruction as builders note them, to those of a Dockerfile. Each writes to
 * `out` and says how well that went; text that is of no known form is written as it is. */
#ifndef MB_HISTORY_VALUE_H
#define MB_HISTORY_VALUE_H

#include <jansson.h>
#include <stdbool.h>

#include "history.h"
#include "strbuf.h"

/* CMD, ENTRYPOINT, SHELL: `["a" "b"]` (Go's %q) to `["a", "b"]`; SHELL's and old Docker's `[a b]`
 * (Go's %v) too, by the final config's list where that is the one; old Docker's `&{["a"]}`. */
enum certainty value_list(const char *text, const json_t *config_list, struct strbuf *out);
/* EXPOSE: `map[80/tcp:{} 53/udp:{}]` and `[80/tcp]` to `80/tcp 53/udp`. */
enum certainty value_ports(const char *text, struct strbuf *out);
/* VOLUME: `[/data /v]` (Go's %v) to `/data /v`, or to a JSON array by the paths that are members of
 * config.Volumes where one has a blank. */
enum certainty value_volumes(const char *text, const json_t *config_volumes, struct strbuf *out);
/* ADD and COPY of the classic builder: `--chown=u:gfile:HASH in /dst ` to
 * `--chown=u:g file:HASH /dst`. is_rootfs_add: a sole file into / is a base's root file system,
 * written as `rootfs /`. */
enum certainty value_copy(const char *text, bool is_rootfs_add, struct strbuf *out);

/* The text behind the list's strings with blanks between them; NULL if it does not begin so. list
 * may be NULL. */
const char *value_skip_joined(const json_t *list, const char *text);
/* True if they are the whole text. */
bool value_is_joined(const json_t *list, const char *text);
/* `["a", "b"]` */
void value_write_array(const json_t *array, struct strbuf *out);

#endif
