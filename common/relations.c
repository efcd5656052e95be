#include "relations.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "jsonx.h"
#include "mem.h"
#include "relations_compose.h"
#include "relations_index.h"
#include "relations_places.h"
#include "relations_write.h"
#include "store.h"
#include "version_fetch.h"

#define MAX_IMAGES 256     /* of one version */
#define MAX_DEPENDENTS 128 /* known images that one update looks at */

/* One image whose relations are written. Facts are borrowed from the array they came in. */
struct subject {
    const char *digest;
    const char *version; /* that it belongs to; NULL of one that is known already */
    const json_t *facts;
    struct chain chain;
};

struct update {
    struct store *store;
    const char *name; /* canonical */
    json_t *written;  /* set of image digests */
    json_t *facts;    /* by digest, of the version's images */
    size_t examined;  /* possible dependents */
};

/* Writing what relates images to others */

static int write_subject(struct update *update, const struct subject *subject, json_t *places)
{
    int err = relations_places_fill(update->store, update->facts, subject->digest, places);
    if (err)
        return err;
    struct relations_fields fields = {0};
    relations_compose(subject->digest, subject->facts, subject->chain.count, places, &fields);
    json_object_set_new(update->written, subject->digest, json_true());
    return relations_write(update->store, subject->digest, &fields, places);
}

static struct index_image image_of(const struct update *update, const struct subject *subject)
{
    return (struct index_image){
        .name = update->name,
        .version = subject->version,
        .child = subject->digest,
        .platform = jsonx_str(subject->facts, "Platform"),
        .facts = subject->facts,
        .chain = &subject->chain,
    };
}

static int write_subjects(struct update *update, const struct subject *subjects, size_t count)
{
    AUTO(free) struct index_image *images = xcalloc(count, sizeof(*images));
    AUTO(free) json_t **places = xcalloc(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        images[i] = image_of(update, &subjects[i]);
    int err = relations_index_find(update->store, images, count, places);
    for (size_t i = 0; i < count; i++) {
        if (err == 0)
            err = write_subject(update, &subjects[i], places[i]);
        json_decref(places[i]);
    }
    return err;
}

/* Known images that a new one is the base of, or has the same layers as */

static int get_facts(struct update *update, const json_t *digests, json_t **facts)
{
    size_t count = json_array_size(digests);
    AUTO(free) const char **texts = xcalloc(count, sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        texts[i] = json_string_value(json_array_get(digests, i));
    return store_get_versions(update->store, texts, count, facts);
}

/* Leaves those that this update has not written yet, and no more than it may still look at. */
static void keep_unwritten(struct update *update, json_t *digests)
{
    for (size_t i = json_array_size(digests); i-- > 0;)
        if (json_object_get(update->written, json_string_value(json_array_get(digests, i))))
            json_array_remove(digests, i);
    while (json_array_size(digests) > MAX_DEPENDENTS - update->examined)
        json_array_remove(digests, json_array_size(digests) - 1);
    update->examined += json_array_size(digests);
}

/* Those whose lowest layers are the base's; caller releases their chains. */
static size_t choose_dependents(const struct subject *base, const json_t *digests,
                                json_t *const *facts, struct subject *ret_subjects)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(digests); i++) {
        struct subject subject = {.digest = json_string_value(json_array_get(digests, i)),
                                  .facts = facts[i]};
        chain_of_facts(facts[i], &subject.chain);
        if (chain_is_prefix(&base->chain, &subject.chain))
            ret_subjects[count++] = subject;
        else
            chain_release(&subject.chain);
    }
    return count;
}

static int write_dependents(struct update *update, const struct subject *base)
{
    JSON_AUTO
    json_t *digests = NULL;
    if (update->examined >= MAX_DEPENDENTS)
        return 0;
    int err = relations_index_holders(update->store, base->digest, base->facts, &digests);
    if (err)
        return err;
    keep_unwritten(update, digests);
    size_t size = json_array_size(digests);
    AUTO(free) json_t **facts = xcalloc(size, sizeof(json_t *));
    AUTO(free) struct subject *subjects = xcalloc(size, sizeof(*subjects));
    err = get_facts(update, digests, facts);
    size_t count = err ? 0 : choose_dependents(base, digests, facts, subjects);
    if (count)
        err = write_subjects(update, subjects, count);
    for (size_t i = 0; i < count; i++)
        chain_release(&subjects[i].chain);
    for (size_t i = 0; i < size; i++)
        json_decref(facts[i]);
    return err;
}

/* One version */

static int register_images(struct update *update, const struct subject *subjects, size_t count,
                           bool *ret_is_new)
{
    AUTO(free) struct index_image *images = xcalloc(count, sizeof(*images));
    for (size_t i = 0; i < count; i++)
        images[i] = image_of(update, &subjects[i]);
    int err = relations_index_put(update->store, images, count);
    for (size_t i = 0; i < count; i++)
        ret_is_new[i] = images[i].is_new;
    return err;
}

static int update_images(struct update *update, struct subject *subjects, size_t count)
{
    AUTO(free) bool *is_new = xcalloc(count, sizeof(*is_new));
    int err = register_images(update, subjects, count, is_new);
    if (err == 0)
        err = write_subjects(update, subjects, count);
    for (size_t i = 0; i < count && err == 0; i++)
        if (is_new[i])
            err = write_dependents(update, &subjects[i]);
    return err;
}

/* digests: of the version's images; those without facts are left out. */
static int update_children(struct update *update, const char *version, const char **digests,
                           size_t count)
{
    AUTO(free) json_t **facts = xcalloc(count, sizeof(json_t *));
    AUTO(free) struct subject *subjects = xcalloc(count, sizeof(*subjects));
    size_t subject_count = 0;
    int err = store_get_versions(update->store, digests, count, facts);
    for (size_t i = 0; i < count && err == 0; i++) {
        if (!jsonx_array(facts[i], "Layers"))
            continue;
        struct subject *subject = &subjects[subject_count++];
        *subject = (struct subject){.digest = digests[i], .version = version, .facts = facts[i]};
        json_object_set(update->facts, digests[i], facts[i]);
        chain_of_facts(facts[i], &subject->chain);
    }
    if (subject_count)
        err = update_images(update, subjects, subject_count);
    for (size_t i = 0; i < subject_count; i++)
        chain_release(&subjects[i].chain);
    json_object_clear(update->facts);
    for (size_t i = 0; i < count; i++)
        json_decref(facts[i]);
    return err;
}

static int update_version(struct update *update, const char *digest)
{
    JSON_AUTO
    json_t *known = NULL;
    int err = store_get_versions(update->store, &digest, 1, &known);
    if (err || !known)
        return err;
    json_t *children = jsonx_array(known, "Children");
    if (!children) {
        AUTO(free) char *version = NULL;
        err = relations_owner(update->store, update->name, digest, &version);
        return err ? err : update_children(update, version, &digest, 1);
    }
    const char *digests[MAX_IMAGES];
    size_t count = 0;
    size_t i;
    json_t *child;
    json_array_foreach(children, i, child) if (count < MAX_IMAGES) digests[count++] =
        jsonx_str(child, "Digest");
    return count ? update_children(update, digest, digests, count) : 0;
}

int relations_update(struct store *store, const struct reference *repository,
                     const struct version_fetch *fetches, size_t count)
{
    AUTO(free) char *name = reference_canonical(repository);
    struct update update = {
        .store = store, .name = name, .written = json_object(), .facts = json_object()};
    int err = 0;
    for (size_t i = 0; i < count && err == 0; i++)
        if (fetches[i].err == 0)
            err = update_version(&update, fetches[i].digest);
    json_decref(update.written);
    json_decref(update.facts);
    return err;
}
