/* Which image another one was built on, from what is declared (org.opencontainers.image.base.name
 * and .digest, OCI image-spec annotations.md), measured (its lowest layers are all of another's)
 * and hinted (the images that a build used), each shown as evidence. Pure functions. */
#ifndef MB_BASE_IMAGE_H
#define MB_BASE_IMAGE_H

#include <jansson.h>
#include <stddef.h>

#define BASE_MAX_ALTERNATIVES 8
#define BASE_MAX_EVIDENCE 16

struct base_question {
    const json_t *facts; /* of the image (image.h) */
    /* Of its entry in the index that it belongs to and of that index, NULL if none: they count
     * where those before them, the image manifest's own first, name no base. */
    const json_t *descriptor_annotations;
    const json_t *index_annotations;
    /* {"Materials":[{"URI","Digest"}]}, what its build used; NULL where not known. */
    const json_t *provenance;
    /* Places (relations_index.h) of images whose layers are all among its lowest: each has
     * "Layers", how many, and beside what a place has "Facts" and "Tag", the longest tag, "" if
     * none. */
    const json_t *candidates;
};

struct base_answer {
    /* The member "Base", NULL where nothing is known: {"Name","Tag","Digest","Platform","Layers",
     * "Certainty","Evidence":[{"Kind","Name","Tag","Digest",...}],"Alternatives":[{"Name","Tag",
     * "Digest"}]}. Certainty is "exact" (its layers are there), "declared" or "guess". Owned. */
    json_t *base;
    /* The candidates that are the base by their layers, likeliest first; [] if none. Owned. */
    json_t *parents;
    /* How many of the image's Layers (steps) are the base's, by parents[0]; else 0. */
    size_t steps;
};

void base_image_find(const struct base_question *question, struct base_answer *ret_answer);
void base_answer_release(struct base_answer *answer);

#endif
