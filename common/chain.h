/* ChainIDs (OCI image-spec, config.md, "Layer ChainID"): one identifier for a stack of layers from
 * its lowest, whatever they were compressed with. */
#ifndef MB_CHAIN_H
#define MB_CHAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "digest.h"

/* The diff ID of a tar with nothing in it (1024 zero bytes), as builders write for steps that
 * changed no file. */
#define CHAIN_EMPTY_DIFF_ID                                                                        \
    "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

struct chain {
    size_t count;              /* layers; 0 where there are none or not all have a diff ID */
    size_t first_telling;      /* the shortest stack that holds more than empty layers; count + 1 if
                                  there is none */
    char (*ids)[DIGEST_BYTES]; /* ids[k - 1] is that of the lowest k layers */
};

/* The ChainID with one more layer on top; below is NULL for the lowest. ret_id may not be below. */
void chain_next(const char *below, const char *diff_id, char ret_id[DIGEST_BYTES]);

/* Of an image's facts (image.h). Caller releases. */
void chain_of_facts(const json_t *facts, struct chain *ret_chain);
void chain_release(struct chain *chain);

/* True where the lowest layers of `of` are all those of chain, and tell something. */
bool chain_is_prefix(const struct chain *chain, const struct chain *of);

#endif
