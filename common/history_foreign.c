#include "history_foreign.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "history_value.h"
#include "jsonx.h"
#include "mem.h"
#include "strbuf.h"
#include "utf8.h"

#define MAX_NOTE_BYTES 1000
#define MAX_FLATTENED 4096

/* How entries of builders without Dockerfiles begin; they say best what they are. */
static const char *const starts[] = {
    "#",
    "apko",
    "bazel ",
    "Buildpacks ",
    "buildpacksio",
    "Layer: '",
    "Application ",
    "Process Types",
    "Software Bill-of-Materials",
    "crane ",
    "gcrane ",
    "Install update ",
    "kaniko ",
    "KIWI ",
    "ko build ",
    "mkosi ",
    "nixpacks ",
    "umoci ",
    "pulled from ",
};

static char *short_note(const char *comment)
{
    return xstrndup(comment, utf8_cut(comment, MAX_NOTE_BYTES));
}

static void set(struct history_step *step, char *command, char *note, enum certainty certainty)
{
    step->command = command;
    step->note = note;
    step->certainty = certainty;
}

/* "store paths: ['/nix/store/a', '/nix/store/b']" to "nix: /nix/store/a /nix/store/b". */
static char *nix_paths(const char *list)
{
    char *text = xasprintf("nix: %s", list);
    size_t kept = 0;
    for (const char *c = text; *c; c++)
        if (!strchr("[]',", *c))
            text[kept++] = *c;
    text[kept] = '\0';
    return text;
}

void history_no_command(const char *comment, struct history_step *step)
{
    static const char nix[] = "store paths: ";
    if (has_prefix(comment, nix))
        set(step, nix_paths(comment + sizeof(nix) - 1), NULL, CERTAINTY_FOREIGN);
    else if (has_prefix(comment, "Imported from "))
        set(step, xstrdup("docker import"), short_note(comment), CERTAINTY_FOREIGN);
    else if (has_prefix(comment, "merge sha256:") || has_prefix(comment, "create new from sha256:"))
        set(step, xstrdup("docker build --squash"), NULL, CERTAINTY_FOREIGN);
    else if (has_prefix(comment, "buildkit.exporter.image."))
        set(step, xstrdup(""), xstrdup("base without a history"), CERTAINTY_MISSING);
    else if (*comment)
        set(step, xasprintf("# %s", comment), NULL, CERTAINTY_FOREIGN);
    else
        set(step, xstrdup(""), NULL, CERTAINTY_MISSING);
}

/* crane flatten keeps the histories of the layers that it made one as JSON in the comment. */
static void flattened(const char *text, const char *comment, struct history_step *step)
{
    JSON_AUTO
    json_t *history = NULL;
    (void)jsonx_parse(comment, strlen(comment), &history); /* what is no JSON has no steps */
    json_t *commands = json_array();
    size_t i;
    json_t *entry;
    json_array_foreach(history, i, entry)
    {
        const json_t *created_by = json_object_get(entry, "created_by");
        if (json_is_string(created_by) && i < MAX_FLATTENED)
            json_array_append(commands, (json_t *)created_by);
    }
    size_t count = json_array_size(commands);
    step->flattened = commands;
    set(step, xstrdup(text),
        count ? xasprintf("flattened, %zu steps", count) : xstrdup("flattened"), CERTAINTY_FOREIGN);
}

bool history_foreign(const char *text, const char *comment, struct history_step *step)
{
    static const char windows[] = "Apply image ";
    if (has_prefix(text, windows)) {
        set(step, xasprintf("FROM (Windows base) %s", text + sizeof(windows) - 1), NULL,
            CERTAINTY_FOREIGN);
        return true;
    }
    if (has_prefix(text, "jib-")) {
        set(step, *comment ? xasprintf("jib: %s", comment) : xstrdup(text), xstrdup(text),
            CERTAINTY_FOREIGN);
        return true;
    }
    if (has_prefix(text, "crane flatten ") || has_prefix(text, "gcrane flatten ")) {
        flattened(text, comment, step);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (has_prefix(text, starts[i])) {
            set(step, xstrdup(text), *comment ? short_note(comment) : NULL, CERTAINTY_FOREIGN);
            return true;
        }
    }
    return false;
}

/* True for what a container runs where nobody says otherwise. */
static bool is_container_command(const char *text, const json_t *config)
{
    static const char *const shells[] = {"/bin/bash", "/bin/sh", "bash", "sh",
                                         "/bin/ash",  "ash",     "cmd",  "powershell"};
    for (size_t i = 0; i < ARRAY_LEN(shells); i++)
        if (strcmp(text, shells[i]) == 0)
            return true;
    const json_t *command = jsonx_array(config, "Cmd");
    const char *behind = value_skip_joined(jsonx_array(config, "Entrypoint"), text);
    return value_is_joined(command, text) ||
           (behind && (!*behind || (*behind == ' ' && value_is_joined(command, behind + 1))));
}

void history_unknown(const char *text, const char *comment, const json_t *config, bool is_first,
                     struct history_step *step)
{
    if (has_prefix(comment, "buildkit."))
        set(step, xstrdup(text), NULL, CERTAINTY_GUESS);
    else if (*comment)
        set(step, xasprintf("docker commit: \"%s\" (ran %s)", comment, text), NULL,
            CERTAINTY_GUESS);
    else if (is_first)
        set(step, xstrdup(text), NULL, CERTAINTY_FOREIGN);
    else if (is_container_command(text, config))
        set(step, xasprintf("docker commit (ran %s)", text), NULL, CERTAINTY_GUESS);
    else
        set(step, xasprintf("RUN %s", text), xstrdup("exec form, or docker commit"),
            CERTAINTY_GUESS);
}
