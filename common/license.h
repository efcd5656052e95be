/* License expressions (SPDX specification, annex D) and the license that labels tell. The
 * identifiers are those of the SPDX lists that the program was built with. */
#ifndef MB_LICENSE_H
#define MB_LICENSE_H

#include <jansson.h>

#define LICENSE_CODE_MAX_BYTES 1024

/* The expression as SPDX writes it: identifiers and exceptions in their own spelling (deprecated
 * ones stay what they are), operators in capitals, one blank between words. NULL where the text is
 * none, one identifier in it is not SPDX's (LicenseRef-... counts as SPDX's), or it is longer than
 * LICENSE_CODE_MAX_BYTES. Caller frees. */
char *license_expression(const char *text);

/* {"Code","URL"} from labels or annotations (an object of texts, may be NULL), NULL where they tell
 * of no license. Looked for in org.label-schema.license, org.opencontainers.image.licenses, then in
 * whatever key contains "license" (labels_value_containing). Code is the SPDX expression, else the
 * text as it is, cut at LICENSE_CODE_MAX_BYTES. URL is the page of a single identifier and left out
 * otherwise: an expression has no page. Caller owns. */
json_t *license_of(const json_t *labels);

#endif
