/* What is typed into the search box. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "typed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(free) char *text = fuzz_text(data, size);
    AUTO(free) char *name = typed_name(text);
    FUZZ_CHECK(strlen(name) <= strlen(text) + strlen("quay.io/"));
    FUZZ_CHECK(!strpbrk(name, " \t\r\n"));
    (void)typed_is_exact(text);
    return 0;
}
