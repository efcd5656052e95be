#include "history_align.h"

#include <string.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"

bool history_belongs(const json_t *config, size_t layer_count)
{
    const json_t *diff_ids = jsonx_array(jsonx_object(config, "rootfs"), "diff_ids");
    size_t count = json_array_size(diff_ids);
    return count == 0 || count == layer_count;
}

/* Where layers outnumber the steps that own one, the base comes first and what was put on top has
 * no history; but a last step as old as the image itself made the top layer, so it is the base that
 * came without history (docker import, squashing, Nix). */
static bool base_is_unexplained(const json_t *config)
{
    const json_t *history = jsonx_array(config, "history");
    const json_t *last = json_array_get(history, json_array_size(history) - 1);
    const char *created = jsonx_str(config, "created");
    int64_t created_ms = 0;
    (void)clock_parse(created, &created_ms); /* no date: 0 */
    return created_ms > 0 && strcmp(jsonx_str(last, "created"), created) == 0;
}

static size_t owner_count(const struct history_step *steps, size_t count)
{
    size_t owners = 0;
    for (size_t i = 0; i < count; i++)
        owners += !steps[i].empty;
    return owners;
}

static void claim_nothing(struct history_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!steps[i].empty && !steps[i].note)
            steps[i].note = xstrdup("misaligned: its layer is not known");
        steps[i].empty = true;
    }
}

size_t history_align(const json_t *config, struct history_step *steps, size_t count,
                     size_t layer_count)
{
    size_t layer = 0;
    size_t owners = owner_count(steps, count);
    if (owners && owners < layer_count && base_is_unexplained(config)) {
        claim_nothing(steps, count);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!steps[i].empty && layer < layer_count)
            steps[i].layer = (long)layer++;
        else
            steps[i].empty = true;
    }
    return layer;
}

static bool begins_with(const struct history_step *step, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(step->command, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static bool writes_files(const struct history_step *step)
{
    static const char *const words[] = {"ADD ", "COPY ", "RUN "};
    return begins_with(step, words, ARRAY_LEN(words));
}

static bool writes_metadata(const struct history_step *step)
{
    static const char *const words[] = {"ARG ",     "CMD ",         "ENTRYPOINT ", "ENV ",
                                        "EXPOSE ",  "HEALTHCHECK ", "LABEL ",      "MAINTAINER ",
                                        "ONBUILD ", "SHELL ",       "STOPSIGNAL ", "USER ",
                                        "VOLUME "};
    return begins_with(step, words, ARRAY_LEN(words));
}

void history_note_squashed(struct history_step *steps, size_t count)
{
    size_t others = 0;
    bool has_files = false;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].empty) {
            others++;
            has_files = has_files || writes_files(&steps[i]);
            continue;
        }
        bool is_squash = strcmp(steps[i].command, "docker build --squash") == 0;
        if (has_files && (is_squash || writes_metadata(&steps[i]))) {
            char *note = xasprintf("squashed build, %zu steps%s%s", others + !is_squash,
                                   steps[i].note ? "; " : "", steps[i].note ? steps[i].note : "");
            free(steps[i].note);
            steps[i].note = note;
        }
        others = 0;
        has_files = false;
    }
}
