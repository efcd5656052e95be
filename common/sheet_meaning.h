/* Which keys of labels and annotations mean the same, and when two values of one meaning agree.
 * Meanings are named as the OCI image-spec's annotations without their prefix ("licenses",
 * "revision"). */
#ifndef MB_SHEET_MEANING_H
#define MB_SHEET_MEANING_H

#include <stdbool.h>

/* How well a key says what it means; the lower the better. */
enum key_family { FAMILY_OCI, FAMILY_LABEL_SCHEMA, FAMILY_OTHER };

/* The meaning of a label's or an annotation's key, NULL where it has none but its own: an
 * org.opencontainers.image key of the specification, its org.label-schema counterpart (`usage` only
 * where the value is a web address), `maintainer`. Static. */
const char *sheet_meaning(const char *key, const char *value, enum key_family *ret_family);

/* True where both say the same, blanks around them aside. By meaning: `created` within a day of
 * each other (builds take the date at one step and the label at another), `revision` also in short,
 * `source` the same repository in whatever form, `licenses` as SPDX expressions, `version` with and
 * without "v", `url` and `documentation` with and without a slash at the end. meaning may be NULL.
 */
bool sheet_values_agree(const char *meaning, const char *a, const char *b);

#endif
