/* What --version, User-Agent and mb_build_info tell. */
#ifndef MB_VERSION_H
#define MB_VERSION_H

extern const char version_number[];   /* "0.1.0" */
extern const char version_revision[]; /* the commit, "unknown" outside a checkout */

#endif
