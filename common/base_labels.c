#include "base_labels.h"

#include <stdio.h>
#include <stdlib.h>

#include "digest.h"
#include "jsonx.h"
#include "mem.h"
#include "redis_keys.h"
#include "store.h"

struct asking {
    char base[DIGEST_BYTES]; /* "" where none is known */
};

/* What is true at this place stands before what is true anywhere, also where it is "". */
static int find_bases(struct store *store, const char *field, const char *const *images,
                      size_t count, struct asking *askings)
{
    AUTO(free) struct store_get *gets = xcalloc(count, sizeof(*gets));
    for (size_t i = 0; i < count; i++)
        gets[i] = (struct store_get){.key = xasprintf(KEY_RELATIONS "%s", images[i]),
                                     .fields = {xstrdup(field), xstrdup("base")}};
    int err = store_get_fields(store, gets, count);
    for (size_t i = 0; i < count && err == 0; i++) {
        const char *base = gets[i].values[0] ? gets[i].values[0] : gets[i].values[1];
        if (base && digest_is_valid(base))
            (void)snprintf(askings[i].base, sizeof(askings[i].base), "%s", base);
    }
    store_get_release(gets, count);
    return err;
}

static int learn(struct store *store, const struct asking *askings, size_t count, json_t *known)
{
    AUTO(free) const char **digests = xcalloc(count, sizeof(*digests));
    AUTO(free) json_t **facts = xcalloc(count, sizeof(json_t *));
    size_t wanted_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!*askings[i].base || json_object_get(known, askings[i].base))
            continue;
        json_object_set_new(known, askings[i].base, json_null());
        digests[wanted_count++] = askings[i].base;
    }
    if (!wanted_count)
        return 0;
    int err = store_get_versions(store, digests, wanted_count, facts);
    for (size_t i = 0; i < wanted_count; i++) {
        json_t *labels = jsonx_object(facts[i], "Labels");
        if (labels)
            json_object_set(known, digests[i], labels);
        json_decref(facts[i]);
    }
    return err;
}

int base_labels_read(struct store *store, const char *name, const char *version,
                     const char *const *images, size_t count, json_t *known,
                     const json_t **ret_labels)
{
    AUTO(free) struct asking *askings = xcalloc(count, sizeof(*askings));
    AUTO(free) char *field = xasprintf("base %s %s", name, version);
    for (size_t i = 0; i < count; i++)
        ret_labels[i] = NULL;
    int err = find_bases(store, field, images, count, askings);
    if (err == 0)
        err = learn(store, askings, count, known);
    for (size_t i = 0; i < count && err == 0; i++)
        ret_labels[i] = jsonx_object(known, askings[i].base);
    return err;
}
