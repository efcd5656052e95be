#include "provenance_fetch.h"

#include <stdio.h>
#include <string.h>

#include "err.h"
#include "jsonx.h"
#include "loop.h"
#include "provenance.h"
#include "registry.h"
#include "store.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* the registry has the job's deadline */

const char *provenance_statement(const json_t *attestation)
{
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(attestation, "Layers"), i, layer)
    {
        const char *predicate = jsonx_str(layer, "PredicateType");
        if (strstr(predicate, "slsa.dev/provenance/") || strstr(predicate, "slsa-provenance"))
            return jsonx_str(layer, "BlobSum");
    }
    return "";
}

static json_t *fetch_facts(struct loop *loop, struct registry *registry,
                           const struct reference *repository, const char *statement)
{
    struct registry_fetch fetch = {.what = REGISTRY_GET_BLOB,
                                   .max_body_bytes = PROVENANCE_FETCH_MAX_BYTES};
    (void)snprintf(fetch.reference, sizeof(fetch.reference), "%s", statement);
    registry_fetch_start(registry, repository, &fetch);
    loop_run_until(loop, &fetch.done, WAIT_FOREVER_MS);
    json_t *facts = fetch.err ? NULL : provenance_facts(fetch.body, fetch.body_bytes);
    registry_fetch_release(&fetch);
    return facts;
}

int provenance_fetch(struct loop *loop, struct registry *registry, struct store *store,
                     const struct reference *repository, const json_t *record,
                     const char *statement)
{
    const char *digest = jsonx_str(record, "Digest");
    const json_t *image = json_array_get(jsonx_array(record, "Children"), 0);
    JSON_AUTO
    json_t *known = NULL;
    int err = store_get_provenance(store, digest, &known);
    if (err != ERR_NOTFOUND)
        return err;
    JSON_AUTO
    json_t *facts = fetch_facts(loop, registry, repository, statement);
    if (!facts)
        return 0;
    json_object_set_new(facts, "Image", json_string(jsonx_str(image, "Digest")));
    return store_put_provenance(store, digest, facts);
}
