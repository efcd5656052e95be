#include "dockerfile.h"

#include <stdlib.h>
#include <string.h>

#include "dockerfile_line.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"

static const char header[] =
    "# Reconstructed from the image's history: not the Dockerfile that built it. Stages that only\n"
    "# lent files, comments, and names of copied files (classic builder) are in no history.\n"
    "# Lines without a mark are as the builder noted them; marks:\n"
    "#   lossy    the instruction, but for what is not recorded\n"
    "#   guess    it may have been another one\n"
    "#   foreign  no instruction: noted by another kind of builder\n"
    "#   missing  nothing is recorded\n"
    "\n"
    "# The base image's own steps, where they are known, are among those below.\n"
    "FROM scratch\n";

static void comment(const char *mark, const char *text, struct strbuf *out)
{
    strbuf_addf(out, "# %s", mark);
    dockerfile_escape(text, strlen(text), "", out);
    strbuf_addc(out, '\n');
}

static void comment_arguments(const json_t *arguments, struct strbuf *out)
{
    size_t i;
    json_t *argument;
    json_array_foreach(arguments, i, argument)
    {
        const char *text = json_is_string(argument) ? json_string_value(argument) : "";
        strbuf_adds(out, i ? " " : "# build arguments: ");
        dockerfile_escape(text, strlen(text), "", out);
    }
    strbuf_adds(out, json_array_size(arguments) ? "\n" : "");
}

static void comment_flattened(const json_t *entries, struct strbuf *out)
{
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        if (json_is_string(entry))
            comment("    ", json_string_value(entry), out);
    }
}

/* One of the header's words; what is none of them promises nothing. */
static const char *certainty_of(const json_t *layer)
{
    static const char *const known[] = {"exact", "lossy", "guess", "foreign", "missing"};
    const char *certainty = jsonx_str(layer, "Certainty");
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(certainty, known[i]) == 0)
            return known[i];
    return *jsonx_str(layer, "Command") ? "guess" : "missing";
}

/* "# lossy: exec form" above its instruction, "# foreign: apko" in place of one. */
static void marks(const json_t *layer, bool is_instruction, struct strbuf *out)
{
    const char *certainty = certainty_of(layer);
    const char *note = jsonx_str(layer, "Note");
    const char *command = jsonx_str(layer, "Command");
    bool is_exact = strcmp(certainty, "exact") == 0;
    AUTO(free) char *mark = xasprintf("%s: ", certainty);
    if (!is_instruction) {
        if (*command)
            comment(mark, command + strspn(command, "# "), out);
        else
            comment(mark, *note ? note : "a layer without a history entry", out);
        if (*command && *note)
            comment("note: ", note, out);
    } else if (*note) {
        comment(is_exact ? "note: " : mark, note, out);
    } else if (!is_exact) {
        comment(certainty, "", out);
    }
    comment_arguments(jsonx_array(layer, "BuildArgs"), out);
    comment_flattened(jsonx_array(layer, "FlattenedFrom"), out);
}

static void step(const json_t *layer, char escape, struct strbuf *out)
{
    const char *command = jsonx_str(layer, "Command");
    bool is_foreign = strcmp(certainty_of(layer), "foreign") == 0;
    bool is_instruction = !is_foreign && dockerfile_is_instruction(command);
    marks(layer, is_instruction, out);
    if (is_instruction)
        dockerfile_instruction(command, escape, out);
}

char *dockerfile_text(const json_t *layers, const char *platform)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(DOCKERFILE_MAX_BYTES);
    bool is_windows = strncmp(platform, "windows", 7) == 0;
    bool was_base = false;
    size_t i;
    json_t *layer;
    strbuf_adds(&out, is_windows ? "# escape=`\n" : "");
    strbuf_adds(&out, header);
    json_array_foreach(layers, i, layer)
    {
        bool is_base = json_is_true(json_object_get(layer, "Base"));
        if (is_base && !was_base)
            strbuf_adds(&out, "\n# Steps of the base image:\n");
        else if (was_base && !is_base)
            strbuf_adds(&out, "\n# Steps of this image:\n");
        was_base = is_base;
        step(layer, is_windows ? '`' : '\\', &out);
    }
    return strbuf_detach(&out);
}

/* Length of the parser directives, which count only at the very top. */
static size_t directives_len(const char *text)
{
    static const char *const names[] = {"syntax", "escape", "check"};
    size_t len = 0;
    for (bool found = true; found;) {
        found = false;
        const char *end = strchr(text + len, '\n');
        const char *word = text + len + (text[len] == '#');
        word += strspn(word, " \t");
        for (size_t i = 0; end && text[len] == '#' && i < ARRAY_LEN(names); i++) {
            size_t name = strncmp(word, names[i], strlen(names[i])) == 0 ? strlen(names[i]) : 0;
            found = found || (name && word[name + strspn(word + name, " \t")] == '=');
        }
        if (found)
            len = (size_t)(end + 1 - text);
    }
    return len;
}

char *dockerfile_recorded(const char *text, const char *source)
{
    AUTO(strbuf) struct strbuf out = STRBUF_INIT(DOCKERFILE_MAX_BYTES);
    AUTO(free) char *unix_text = xstrdup(text);
    size_t len = 0;
    for (const char *c = text; *c; c++)
        if (*c != '\r' || c[1] != '\n')
            unix_text[len++] = *c;
    unix_text[len] = '\0';
    size_t top = directives_len(unix_text);
    dockerfile_escape(unix_text, top, "\n\t", &out);
    comment("The Dockerfile as the builder recorded it: ", source, &out);
    dockerfile_escape(unix_text + top, len - top, "\n\t", &out);
    strbuf_adds(&out, len && unix_text[len - 1] != '\n' ? "\n" : "");
    return strbuf_detach(&out);
}
