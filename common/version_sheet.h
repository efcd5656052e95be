/* What labels and annotations make of one image of a version: the members that depend on both, as
 * an index has annotations of its own (document.h's `m:`). */
#ifndef MB_VERSION_SHEET_H
#define MB_VERSION_SHEET_H

#include <jansson.h>

/* version is the index's record, or the image's facts where it has no index; facts are the image's
 * (store.h, image.h). {"Metadata":[sheet_rows]}, and what version_sheet_annotated adds. base_labels
 * are the base image's "Labels" where it is known, else NULL. Caller owns. */
json_t *version_sheet_members(const json_t *version, const json_t *facts,
                              const json_t *base_labels);

/* Sets "License" and "VersionControl" in object where the facts have none and the index's
 * annotations tell them: those of the image's own entry, else the index's. */
void version_sheet_annotated(const json_t *version, const json_t *facts, json_t *object);

#endif
