#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_INPUT_BYTES ((size_t)4 * 1024 * 1024)

static struct strbuf input = STRBUF_INIT(MAX_INPUT_BYTES);
static bool has_input;

static void on_stdin(void *arg, int events)
{
    (void)arg;
    (void)events;
    has_input = true;
}

/* False at the end of the input. */
static bool read_some(void)
{
    char data[65536];
    ssize_t count = read(STDIN_FILENO, data, sizeof(data));
    if (count > 0)
        strbuf_add(&input, data, (size_t)count);
    return count > 0 || (count < 0 && errno == EAGAIN);
}

static void run_lines(void (*run)(const char *line, size_t len))
{
    char *line;
    char *end;
    while ((line = (char *)strbuf_str(&input)) && (end = strchr(line, '\n'))) {
        AUTO(free) char *copy = xstrndup(line, (size_t)(end - line));
        size_t rest = input.len - (size_t)(end + 1 - line);
        memmove(input.buf, end + 1, rest + 1);
        input.len = rest;
        run(copy, strlen(copy));
    }
}

void commands_run(struct loop *loop, void (*run)(const char *line, size_t len))
{
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    struct loop_io *io = loop_io_new(loop, STDIN_FILENO, LOOP_READ, on_stdin, NULL);
    while (read_some()) {
        run_lines(run);
        has_input = false;
        loop_run_until(loop, &has_input, INT64_MAX / 2);
    }
    loop_io_free(io);
    strbuf_release(&input);
}
