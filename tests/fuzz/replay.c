/* Runs a target on its corpus, as a unit test whose output tools/run-unit-tests counts: the inputs
 * that the fuzzer kept stay tested where there is no libFuzzer. */
#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mem.h"

#define INPUT_MAX_BYTES (1 << 20)

static void replay(const char *directory, const char *name, uint8_t *data)
{
    AUTO(free) char *path = xasprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        exit(1);
    }
    size_t size = fread(data, 1, INPUT_MAX_BYTES, file);
    (void)fclose(file);
    /* Before it runs: the last line of a run that died names the input. */
    printf("%s (%zu bytes)\n", path, size);
    (void)fflush(stdout);
    /* Of its own size, so that reading beyond its end is seen. */
    AUTO(free) uint8_t *input = xmalloc(size ? size : 1);
    memcpy(input, data, size);
    (void)LLVMFuzzerTestOneInput(input, size);
}

int main(int argc, char **argv)
{
    (void)argc;
    const char *target = basename(argv[0]);
    AUTO(free) char *directory = xasprintf("%s/%s", FUZZ_CORPUS, target);
    AUTO(free) uint8_t *data = xmalloc(INPUT_MAX_BYTES);
    size_t count = 0;
    struct dirent **entries;
    int found = scandir(directory, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (entries[i]->d_name[0] != '.') {
            replay(directory, entries[i]->d_name, data);
            count++;
        }
        free(entries[i]);
    }
    if (count == 0) {
        printf("[  FAILED  ] corpus of %s: no input in %s\n", target, directory);
        return 1;
    }
    free(entries);
    printf("[       OK ] corpus of %s: %zu inputs\n", target, count);
    return 0;
}
