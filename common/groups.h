/* Tags grouped by the digest that they point to: the `grp` record of store.h,
 * {"Revision","Next","Versions":[{"Digest","Tags":[...]}],"Rest":[...]}. Next counts the tags that
 * were looked at, in the order of the image's Tags. */
#ifndef MB_GROUPS_H
#define MB_GROUPS_H

#include <jansson.h>
#include <stdint.h>

/* In the making. */
struct groups {
    json_t *by_digest; /* digest: array of tags, in the order of arrival */
    json_t *rest;
};

void groups_init(struct groups *groups);
void groups_release(struct groups *groups);
/* tag may be NULL: the version is known, no tag points to it. */
void groups_add(struct groups *groups, const char *digest, const char *tag);
void groups_add_rest(struct groups *groups, const char *tag);
/* Caller owns the record. */
json_t *groups_record(const struct groups *groups, int64_t revision, size_t next);

/* tag: digest of a record (NULL is fine), "" for the rest; caller owns. */
json_t *groups_by_tag(const json_t *record);
/* True if the digest is a version of the record. */
int groups_has_version(const json_t *record, const char *digest);

#endif
