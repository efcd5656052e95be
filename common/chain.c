#include "chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonx.h"
#include "mem.h"

void chain_next(const char *below, const char *diff_id, char ret_id[DIGEST_BYTES])
{
    char text[2 * DIGEST_BYTES];
    if (!below) {
        (void)snprintf(ret_id, DIGEST_BYTES, "%s", diff_id);
        return;
    }
    int len = snprintf(text, sizeof(text), "%s %s", below, diff_id);
    digest_sha256(text, (size_t)len, ret_id);
}

void chain_of_facts(const json_t *facts, struct chain *ret_chain)
{
    json_t *layers = jsonx_array(facts, "Layers");
    struct chain chain = {.ids = xcalloc(json_array_size(layers), sizeof(*chain.ids))};
    bool tells = false;
    size_t i;
    json_t *layer;
    json_array_foreach(layers, i, layer)
    {
        if (json_is_true(json_object_get(layer, "Empty")))
            continue;
        const char *diff_id = jsonx_str(layer, "DiffID");
        if (!digest_is_valid(diff_id)) {
            chain.count = 0;
            break;
        }
        chain_next(chain.count ? chain.ids[chain.count - 1] : NULL, diff_id,
                   chain.ids[chain.count]);
        chain.count++;
        if (!tells)
            chain.first_telling = chain.count;
        tells |= strcmp(diff_id, CHAIN_EMPTY_DIFF_ID) != 0;
    }
    if (!tells)
        chain.first_telling = chain.count + 1;
    *ret_chain = chain;
}

void chain_release(struct chain *chain)
{
    free(chain->ids);
    *chain = (struct chain){0};
}

bool chain_is_prefix(const struct chain *chain, const struct chain *of)
{
    return chain->count >= chain->first_telling && chain->count <= of->count && chain->count > 0 &&
           strcmp(chain->ids[chain->count - 1], of->ids[chain->count - 1]) == 0;
}
