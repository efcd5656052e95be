#include "attached.h"

#include "attachments.h"
#include "dockerfile.h"
#include "err.h"
#include "jsonx.h"
#include "mem.h"
#include "store.h"

int attached_read(struct store *store, const char *name, json_t **ret_attached)
{
    JSON_AUTO
    json_t *stored = NULL;
    int err = store_get_attachments(store, name, &stored);
    if (err && err != ERR_NOTFOUND)
        return err;
    json_t *attached = json_object();
    size_t i;
    json_t *version;
    json_array_foreach(jsonx_array(stored, "Versions"), i, version) json_object_set(
        attached, jsonx_str(version, "Digest"), json_object_get(version, "Attachments"));
    *ret_attached = attached;
    return 0;
}

json_t *attached_list(const json_t *attached, const json_t *known)
{
    json_t *list = jsonx_array(attached, jsonx_str(known, "Digest"));
    if (list)
        return json_incref(list);
    if (json_array_size(jsonx_array(known, "Attestations")) == 0)
        return NULL;
    list = json_array();
    attachments_add_record(list, known);
    return list;
}

int attached_dockerfile(struct store *store, const json_t *attached, const char *digest,
                        char **ret_image, char **ret_dockerfile)
{
    JSON_AUTO
    json_t *provenance = NULL;
    if (json_array_size(jsonx_array(attached, digest)) == 0)
        return ERR_NOTFOUND;
    int err = store_get_provenance(store, digest, &provenance);
    if (err)
        return err;
    const char *recorded = jsonx_str(provenance, "Dockerfile");
    if (!*recorded)
        return ERR_NOTFOUND;
    *ret_image = xstrdup(jsonx_str(provenance, "Image"));
    *ret_dockerfile = dockerfile_recorded(recorded, "SLSA provenance");
    return 0;
}
