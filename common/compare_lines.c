#include "compare_lines.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compare_table.h"
#include "diff.h"
#include "dockerfile_line.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

#define TEXT_MAX_BYTES (8u << 20)

/* The lines of both sides, a's first. */
struct lines {
    struct diff_text list[2 * DIFF_MAX_ITEMS];
    size_t a_count, b_count;
    size_t a_omitted, b_omitted;
};

/* What is no instruction stands as a comment, as in the Dockerfile that is shown alone. */
static void command_text(const json_t *layer, char escape, struct strbuf *out)
{
    const char *command = jsonx_str(layer, "Command");
    bool is_foreign = strcmp(jsonx_str(layer, "Certainty"), "foreign") == 0;
    if (!*command)
        return;
    if (!is_foreign && dockerfile_is_instruction(command)) {
        dockerfile_instruction(command, escape, out);
        return;
    }
    strbuf_adds(out, "# ");
    dockerfile_escape(command, strlen(command), "", out);
    strbuf_addc(out, '\n');
}

static char escape_of(const char *platform)
{
    return strncmp(platform, "windows", strlen("windows")) == 0 ? '`' : '\\';
}

static void text_of(const json_t *layers, char escape, struct strbuf *out)
{
    size_t i;
    json_t *layer;
    json_array_foreach(layers, i, layer) command_text(layer, escape, out);
}

static size_t split(const struct strbuf *text, struct diff_text *list, size_t *ret_omitted)
{
    size_t count = 0;
    const char *at = strbuf_str(text);
    const char *end = at + text->len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
        if (count == DIFF_MAX_ITEMS)
            ++*ret_omitted;
        else
            list[count++] = (struct diff_text){at, len};
        at += len + 1;
    }
    return count;
}

/* Without the mark that the next line goes on: that one may have come or gone. */
static struct diff_text compared(struct diff_text line, char escape)
{
    if (line.len >= 2 && line.data[line.len - 1] == escape && line.data[line.len - 2] == ' ')
        line.len -= 2;
    return line;
}

static json_t *line_object(const char *change, const struct diff_text *line)
{
    json_t *object = json_object();
    json_object_set_new(object, "Change", json_string(change));
    json_object_set_new(object, "Text", json_stringn(line->data, line->len));
    return object;
}

static json_t *steps_object(const struct lines *lines, const struct diff_step *steps, size_t count)
{
    static const char *const changes[] = {COMPARE_KEPT, COMPARE_ADDED, COMPARE_REMOVED};
    json_int_t counts[ARRAY_LEN(changes)] = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        bool is_a = steps[i].change == DIFF_REMOVED;
        size_t at = is_a ? steps[i].a : lines->a_count + steps[i].b;
        counts[steps[i].change]++;
        json_array_append_new(list, line_object(changes[steps[i].change], &lines->list[at]));
    }
    return json_pack("{s:I,s:I,s:I,s:o}", "Kept", counts[DIFF_KEPT], "Added", counts[DIFF_ADDED],
                     "Removed", counts[DIFF_REMOVED], "Lines", list);
}

static json_t *diff_of(const struct lines *lines, char a_escape, char b_escape)
{
    size_t all = lines->a_count + lines->b_count;
    size_t count;
    AUTO(free) struct diff_text *texts = xcalloc(all, sizeof(*texts));
    AUTO(free) uint32_t *numbers = xcalloc(all, sizeof(*numbers));
    AUTO(free) struct diff_step *steps = NULL;
    for (size_t i = 0; i < all; i++)
        texts[i] = compared(lines->list[i], i < lines->a_count ? a_escape : b_escape);
    diff_number(texts, all, numbers);
    diff_numbers(numbers, lines->a_count, numbers + lines->a_count, lines->b_count, all, &steps,
                 &count);
    return steps_object(lines, steps, count);
}

json_t *compare_lines(const json_t *a, const char *a_platform, const json_t *b,
                      const char *b_platform)
{
    AUTO(strbuf) struct strbuf a_text = STRBUF_INIT(TEXT_MAX_BYTES);
    AUTO(strbuf) struct strbuf b_text = STRBUF_INIT(TEXT_MAX_BYTES);
    AUTO(free) struct lines *lines = xcalloc(1, sizeof(*lines));
    text_of(a, escape_of(a_platform), &a_text);
    text_of(b, escape_of(b_platform), &b_text);
    lines->a_count = split(&a_text, lines->list, &lines->a_omitted);
    lines->b_count = split(&b_text, lines->list + lines->a_count, &lines->b_omitted);
    json_t *object = diff_of(lines, escape_of(a_platform), escape_of(b_platform));
    if (lines->a_omitted)
        json_object_set_new(object, "OmittedA", json_integer((json_int_t)lines->a_omitted));
    if (lines->b_omitted)
        json_object_set_new(object, "OmittedB", json_integer((json_int_t)lines->b_omitted));
    return object;
}
