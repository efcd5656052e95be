/* What the files of the registry client share. */
#ifndef MB_REGISTRY_INTERNAL_H
#define MB_REGISTRY_INTERNAL_H

#include "registry_call.h"

struct registry {
    struct registry_calls calls;
    const struct registries *registries;
    struct tags_reading *readings; /* under way */
    bool is_wanted;                /* for the budget */
};

#endif
