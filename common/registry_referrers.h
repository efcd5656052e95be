/* The referrers of a digest (distribution-spec "Listing Referrers"), all pages. */
#ifndef MB_REGISTRY_REFERRERS_H
#define MB_REGISTRY_REFERRERS_H

#include "manifest.h"
#include "registry.h"

#define REFERRERS_MAX_PAGES 8

/* Zero it; it must not move until done. registry_referrers_release frees the results. */
struct registry_referrers {
    bool done;
    int err; /* ERR_NOTFOUND also where the registry has no such API */
    char error_text[REGISTRY_ERROR_BYTES];
    struct manifest *pages[REFERRERS_MAX_PAGES]; /* indexes of referrers */
    size_t page_count;
    struct registry_call *call; /* while under way */

    struct registry *registry; /* these for the next page only */
    const struct reference *repository;
    char *url;
};

/* repository is borrowed until done. */
void registry_referrers_start(struct registry *registry, const struct reference *repository,
                              const char *digest, struct registry_referrers *referrers);
/* Ends what is under way. */
void registry_referrers_release(struct registry_referrers *referrers);

#endif
