/* What every unit test starts with: cmocka and its prerequisites, and the files of tests/data. */
#ifndef MB_UNIT_H
#define MB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

/* A file below tests/data, NUL-terminated; fails the test if it cannot be read. Caller frees. */
char *unit_read_file(const char *name, size_t *ret_len);
json_t *unit_read_json(const char *name);
/* JSON written with ' for ", so that tests stay readable. Caller owns. */
json_t *unit_json(const char *text);

/* No AWS_* variable is set, and the home directory has no files of AWS's. A test's setup. */
int unit_clear_aws(void **state);

#endif
