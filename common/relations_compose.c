#include "relations_compose.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "badge_facts.h"
#include "base_image.h"
#include "dockerfile.h"
#include "jsonx.h"
#include "mem.h"
#include "relations_view.h"
#include "version_facts.h"

/* One image with what was found for it, sorted. Borrows digest and facts. */
struct image {
    const char *digest;
    const json_t *facts;
    json_t *own;        /* its own places */
    json_t *same;       /* places of images with the same layers, its own first */
    json_t *candidates; /* places that may be its base's */
};

static void sort_places(struct image *image, size_t layer_count, json_t *places)
{
    image->own = json_array();
    image->same = json_array();
    image->candidates = json_array();
    size_t i;
    json_t *place;
    json_array_foreach(places, i, place)
    {
        bool is_own = strcmp(jsonx_str(place, "Child"), image->digest) == 0;
        if (is_own)
            json_object_set(place, "Facts", (json_t *)image->facts);
        if (!jsonx_object(place, "Facts"))
            continue; /* it is not kept any more */
        if (jsonx_int(place, "Layers") == (json_int_t)layer_count)
            json_array_append(image->same, place);
        json_array_append(is_own ? image->own : image->candidates, place);
    }
}

static void image_release(struct image *image)
{
    json_decref(image->own);
    json_decref(image->same);
    json_decref(image->candidates);
}

/* What a field's name ends with at a place. Caller frees. */
static char *suffix_of(const json_t *place)
{
    return xasprintf(" %s %s", jsonx_str(place, "Name"), jsonx_str(place, "Version"));
}

static void add_members(struct relations_fields *fields, char *name, json_t *object)
{
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    members_text(object, &text);
    relations_fields_add(fields, name, &text);
    json_decref(object);
}

/* The base */

static void find_base(const struct image *image, const json_t *place, struct base_answer *answer)
{
    const struct base_question question = {
        .facts = image->facts,
        .descriptor_annotations = jsonx_object(place, "Descriptor"),
        .index_annotations = jsonx_object(place, "Index"),
        .provenance = jsonx_object(place, "Provenance"),
        .candidates = image->candidates,
    };
    base_image_find(&question, answer);
}

static void add_answers(struct relations_fields *fields, const struct base_answer *answer,
                        const char *suffix)
{
    if (!answer->base)
        return;
    json_t *version = json_pack("{s:O}", "Base", answer->base);
    if (json_array_size(answer->parents))
        json_object_set_new(version, "Parents", relations_parents(answer->parents));
    add_members(fields, xasprintf("version%s", suffix), version);
    add_members(fields, xasprintf("top%s", suffix), json_pack("{s:O}", "Base", answer->base));
}

static void add_steps(struct relations_fields *fields, const struct image *image, size_t steps,
                      const char *suffix)
{
    JSON_AUTO
    json_t *layers = relations_layers(image->facts, steps);
    AUTO(strbuf) struct strbuf packed = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    version_facts_layers(layers, &packed);
    relations_fields_add_packed(fields, xasprintf("layers%s", suffix), &packed);
    AUTO(free) char *dockerfile = dockerfile_text(layers, jsonx_str(image->facts, "Platform"));
    AUTO(strbuf) struct strbuf text = STRBUF_INIT(VERSION_FACTS_MAX_BYTES);
    strbuf_adds(&text, dockerfile);
    relations_fields_add(fields, xasprintf("dockerfile%s", suffix), &text);
}

/* A badge has no room to say that it is a guess. */
static void badge_lines(const json_t *base, struct strbuf *out)
{
    const char *name = jsonx_str(base, "Name");
    const char *tag = jsonx_str(base, "Tag");
    if (!*name || strcmp(jsonx_str(base, "Certainty"), "guess") == 0)
        return;
    AUTO(free) char *shown = xasprintf("%s%s%s", name, *tag ? ":" : "", tag);
    badge_facts_base(shown, out);
}

static const char *base_digest(const struct base_answer *answer)
{
    return answer->steps ? jsonx_str(json_array_get(answer->parents, 0), "Child") : "";
}

/* Plain fields: at a place also where they are empty, as they stand in for others. */
static void add_plain(struct relations_fields *fields, const struct base_answer *answer,
                      const char *suffix)
{
    AUTO(strbuf) struct strbuf lines = STRBUF_INIT(BADGE_LINES_MAX_BYTES);
    badge_lines(answer->base, &lines);
    if (lines.len || *suffix)
        relations_fields_add_text(fields, xasprintf("badge%s", suffix), strbuf_str(&lines));
    if (*base_digest(answer) || *suffix)
        relations_fields_add_text(fields, xasprintf("base%s", suffix), base_digest(answer));
}

/* At a place whose version claims something of the image, only what that changes. */
static void add_base_at(struct relations_fields *fields, const struct image *image,
                        const struct base_answer *general, const json_t *place)
{
    struct base_answer answer;
    find_base(image, place, &answer);
    if (answer.base && !json_equal(answer.base, general->base)) {
        AUTO(free) char *suffix = suffix_of(place);
        add_answers(fields, &answer, suffix);
        add_plain(fields, &answer, suffix);
        if (answer.steps != general->steps)
            add_steps(fields, image, answer.steps, suffix);
    }
    base_answer_release(&answer);
}

static void add_base(struct relations_fields *fields, const struct image *image)
{
    struct base_answer general;
    find_base(image, NULL, &general);
    add_answers(fields, &general, "");
    add_plain(fields, &general, "");
    if (general.steps)
        add_steps(fields, image, general.steps, "");
    size_t i;
    json_t *place;
    json_array_foreach(image->own, i, place) add_base_at(fields, image, &general, place);
    base_answer_release(&general);
}

/* Identical ones: a reader at one place is shown the others. */

static void add_identical(struct relations_fields *fields, const struct image *image)
{
    const char *config = jsonx_str(image->facts, "ConfigDigest");
    bool is_alone = json_array_size(image->own) == 1;
    size_t i;
    json_t *place;
    json_array_foreach(image->own, i, place)
    {
        if (is_alone)
            break;
        AUTO(free) char *suffix = suffix_of(place);
        json_t *list = relations_identical(image->same, place, config);
        add_members(fields, xasprintf("identical%s", suffix),
                    json_pack("{s:o}", "Identical", list));
    }
    json_t *only = is_alone ? json_array_get(image->own, 0) : NULL;
    json_t *list = relations_identical(image->same, only, config);
    if (json_array_size(list))
        add_members(fields, xstrdup("identical"), json_pack("{s:o}", "Identical", list));
    else
        json_decref(list);
}

void relations_compose(const char *digest, const json_t *facts, size_t layer_count, json_t *places,
                       struct relations_fields *fields)
{
    struct image image = {.digest = digest, .facts = facts};
    sort_places(&image, layer_count, places);
    add_base(fields, &image);
    add_identical(fields, &image);
    image_release(&image);
}
