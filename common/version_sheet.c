#include "version_sheet.h"

#include <string.h>

#include "jsonx.h"
#include "license.h"
#include "mem.h"
#include "sheet.h"
#include "vcs.h"

/* The annotations of the image's entry in the index. */
static const json_t *descriptor_annotations(const json_t *version, const json_t *facts)
{
    const char *digest = jsonx_str(facts, "Digest");
    size_t i;
    json_t *child;
    json_array_foreach(jsonx_array(version, "Children"), i, child)
    {
        if (strcmp(jsonx_str(child, "Digest"), digest) == 0)
            return jsonx_object(child, "Annotations");
    }
    return NULL;
}

static const json_t *index_annotations(const json_t *version)
{
    return jsonx_array(version, "Children") ? jsonx_object(version, "Annotations") : NULL;
}

void version_sheet_annotated(const json_t *version, const json_t *facts, json_t *object)
{
    const json_t *annotations[] = {descriptor_annotations(version, facts),
                                   index_annotations(version)};
    json_t *license = NULL;
    json_t *control = NULL;
    for (size_t i = 0; i < ARRAY_LEN(annotations); i++) {
        if (!license)
            license = license_of(annotations[i]);
        if (!control)
            control = vcs_of(annotations[i]);
    }
    if (license && !json_object_get(facts, "License"))
        json_object_set(object, "License", license);
    if (control && !json_object_get(facts, "VersionControl"))
        json_object_set(object, "VersionControl", control);
    json_decref(license);
    json_decref(control);
}

json_t *version_sheet_members(const json_t *version, const json_t *facts, const json_t *base_labels)
{
    const struct sheet_sources sources = {
        .labels = jsonx_object(facts, "Labels"),
        .manifest = jsonx_object(facts, "Annotations"),
        .descriptor = descriptor_annotations(version, facts),
        .index = index_annotations(version),
        .author = jsonx_str(facts, "Author"),
        .created = jsonx_str(facts, "Created"),
        .base_labels = base_labels,
    };
    json_t *members = json_object();
    json_object_set_new(members, "Metadata", sheet_rows(&sources));
    version_sheet_annotated(version, facts, members);
    return members;
}
