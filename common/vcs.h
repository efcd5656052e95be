/* Where an image's source is kept, and the page of the commit it was built from. */
#ifndef MB_VCS_H
#define MB_VCS_H

#include <jansson.h>

#define VCS_ADDRESS_MAX_BYTES 2048
#define VCS_COMMIT_MAX_BYTES 255

/* The repository that an address names, "host[:port]/path" without scheme, user, password, query,
 * fragment and ".git", so that two ways to write one repository compare equal: https, http, git,
 * ssh, git+https, git+http, git+ssh, "git@host:path", and without a scheme for hosts that are
 * known. NULL for what is none of these, is longer than VCS_ADDRESS_MAX_BYTES or has characters
 * that no such address needs. Caller frees. */
char *vcs_repository(const char *address);

/* {"Type","URL","Commit"} from labels or annotations (an object of texts, may be NULL); NULL unless
 * they tell both repository and commit, and where they name another system than git.
 * Type is "git". URL has no credentials; it shows the commit where the host has a page for it:
 * GitHub, GitLab, Bitbucket, Codeberg, Gitea, and hosts named gitlab.*, gitea.* or forgejo.*.
 * It is https but where an address of an unknown host says http. Commit is the text as it is, cut
 * at VCS_COMMIT_MAX_BYTES. Caller owns. */
json_t *vcs_of(const json_t *labels);

#endif
