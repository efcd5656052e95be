/* What every fuzz target starts with. A target is one file fuzz_<name>.c with the entry point
 * below; its inputs are in corpus/<name>/. Built with libFuzzer it looks for new ones, with
 * replay.c it is one more unit test. */
#ifndef MB_FUZZ_H
#define MB_FUZZ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Always 0, as libFuzzer wants it; what is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process where a promise of the code under test does not hold. */
#define FUZZ_CHECK(holds) fuzz_check((holds) ? 1 : 0, #holds, __FILE__, __LINE__)
void fuzz_check(int holds, const char *what, const char *file, int line);

/* Ends the process where the text is no valid UTF-8. */
void fuzz_check_utf8(const char *text);
/* The value can be written as JSON and reads back as the same. */
void fuzz_check_json(const json_t *json);

/* NUL-terminated copy of the input, or of the part of it before / behind its first newline. Caller
 * frees. */
char *fuzz_text(const uint8_t *data, size_t size);
char *fuzz_first_line(const uint8_t *data, size_t size);
char *fuzz_other_lines(const uint8_t *data, size_t size);

#endif
