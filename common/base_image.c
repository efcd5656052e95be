#include "base_image.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "jsonx.h"
#include "mem.h"
#include "place.h"
#include "purl.h"
#include "reference.h"

#define BASE_NAME "org.opencontainers.image.base.name"
#define BASE_DIGEST "org.opencontainers.image.base.digest"
#define NAME_MAX_BYTES 512

/* An image as somebody names it; texts are owned, "" where not told. */
struct claim {
    char *canonical; /* "" where the name is no reference: it is shown as it stands */
    char *shown;
    char *tag;
    char *digest;
};

/* One candidate with what it is ranked by. Borrows from it. */
struct ranked {
    json_t *place;
    json_int_t layers;
    bool has_history; /* its steps are the image's first ones too */
    bool is_claimed;  /* it is what the image declares */
    json_int_t steps;
};

/* Claims */

static struct claim claim_of(const char *name, const char *digest)
{
    struct claim claim = {.digest = xstrdup(digest_is_valid(digest) ? digest : "")};
    struct reference reference = {0};
    if (strcmp(name, "scratch") != 0 && reference_parse(name, &reference, NULL) == 0) {
        claim.canonical = reference_canonical(&reference);
        claim.shown = reference_shown(&reference);
        claim.tag = xstrdup(reference.tag ? reference.tag : "");
        if (reference.digest && !*claim.digest) {
            free(claim.digest);
            claim.digest = xstrdup(reference.digest);
        }
        reference_release(&reference);
    } else {
        claim.canonical = xstrdup("");
        claim.shown = xstrdup(name);
        claim.tag = xstrdup("");
    }
    return claim;
}

static void claim_cleanup(struct claim *claim)
{
    free(claim->canonical);
    free(claim->shown);
    free(claim->tag);
    free(claim->digest);
}

static bool claim_is_empty(const struct claim *claim)
{
    return !claim->shown || (!*claim->shown && !*claim->digest);
}

static bool claim_is_scratch(const struct claim *claim)
{
    return claim->shown && strcmp(claim->shown, "scratch") == 0;
}

static bool claim_fits(const struct claim *claim, const json_t *place)
{
    if (claim_is_empty(claim))
        return false;
    bool is_same_digest =
        *claim->digest && (strcmp(claim->digest, jsonx_str(place, "Version")) == 0 ||
                           strcmp(claim->digest, jsonx_str(place, "Child")) == 0);
    return is_same_digest ||
           (*claim->canonical && strcmp(claim->canonical, jsonx_str(place, "Name")) == 0);
}

/* What annotations or labels declare; empty where they do not. */
static struct claim claim_in(const json_t *texts)
{
    const char *name = jsonx_str(texts, BASE_NAME);
    const char *digest = jsonx_str(texts, BASE_DIGEST);
    return strlen(name) > NAME_MAX_BYTES ? (struct claim){0} : claim_of(name, digest);
}

static void set_image(json_t *object, const char *shown, const char *tag, const char *digest)
{
    json_object_set_new(object, "Name", json_string(shown));
    if (*tag)
        json_object_set_new(object, "Tag", json_string(tag));
    if (*digest)
        json_object_set_new(object, "Digest", json_string(digest));
}

static void set_place(json_t *object, const json_t *place)
{
    AUTO(free) char *shown = place_shown_name(place);
    set_image(object, shown, jsonx_str(place, "Tag"), jsonx_str(place, "Version"));
}

/* Candidates */

static bool same_step(const json_t *a, const json_t *b)
{
    return strcmp(jsonx_str(a, "CreatedBy"), jsonx_str(b, "CreatedBy")) == 0 &&
           strcmp(jsonx_str(a, "DiffID"), jsonx_str(b, "DiffID")) == 0;
}

static bool history_is_prefix(const json_t *base, const json_t *of)
{
    const json_t *steps = jsonx_array(base, "Layers");
    const json_t *all = jsonx_array(of, "Layers");
    size_t i;
    json_t *step;
    if (json_array_size(steps) > json_array_size(all))
        return false;
    json_array_foreach(steps, i, step) if (!same_step(step, json_array_get(all, i))) return false;
    return true;
}

static size_t layer_count(const json_t *facts)
{
    size_t count = 0;
    size_t i;
    json_t *step;
    json_array_foreach(jsonx_array(facts, "Layers"), i, step) count +=
        !json_is_true(json_object_get(step, "Empty"));
    return count;
}

static json_int_t step_count(const json_t *facts)
{
    return (json_int_t)json_array_size(jsonx_array(facts, "Layers"));
}

/* An image with the same layers is the base only where steps without a layer were put on it. */
static bool is_below(const struct ranked *candidate, const json_t *facts)
{
    return candidate->layers < (json_int_t)layer_count(facts) ||
           (candidate->has_history && candidate->steps < step_count(facts));
}

/* Most layers first. Of images with the same layers: what is declared, what has the history too and
 * the most of it (an image that only adds a label has the layers of its own base), official ones,
 * what was seen first, the name. */
static int rank_order(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    if (a->layers != b->layers)
        return a->layers > b->layers ? -1 : 1;
    if (a->is_claimed != b->is_claimed)
        return a->is_claimed ? -1 : 1;
    if (a->has_history != b->has_history)
        return a->has_history ? -1 : 1;
    if (a->has_history && a->steps != b->steps)
        return a->steps > b->steps ? -1 : 1;
    return place_order(a->place, b->place);
}

/* Those with the most layers, best first. */
static json_t *ranked_parents(const struct base_question *question, const struct claim *claim)
{
    size_t count = 0;
    AUTO(free)
    struct ranked *ranked = xcalloc(json_array_size(question->candidates), sizeof(*ranked));
    size_t i;
    json_t *place;
    json_array_foreach(question->candidates, i, place)
    {
        const json_t *facts = jsonx_object(place, "Facts");
        struct ranked candidate = {
            .place = place,
            .layers = jsonx_int(place, "Layers"),
            .has_history = history_is_prefix(facts, question->facts),
            .is_claimed = claim_fits(claim, place),
            .steps = step_count(facts),
        };
        if (is_below(&candidate, question->facts))
            ranked[count++] = candidate;
    }
    if (count)
        qsort(ranked, count, sizeof(*ranked), rank_order);
    json_t *parents = json_array();
    for (i = 0; i < count && ranked[i].layers == ranked[0].layers; i++)
        json_array_append(parents, ranked[i].place);
    return parents;
}

/* A label that the base has too may just be inherited from it: it speaks of the base's base. */
static bool is_inherited(const json_t *labels, const json_t *candidates)
{
    size_t i;
    json_t *place;
    json_array_foreach(candidates, i, place)
    {
        const json_t *theirs = jsonx_object(jsonx_object(place, "Facts"), "Labels");
        if (json_object_get(theirs, BASE_NAME) &&
            strcmp(jsonx_str(theirs, BASE_NAME), jsonx_str(labels, BASE_NAME)) == 0)
            return true;
    }
    return false;
}

/* Evidence */

struct evidence {
    json_t *list;
    const json_t *parent; /* NULL where no layers were found */
};

static json_t *add_evidence(struct evidence *evidence, const char *kind)
{
    json_t *row = json_object();
    json_object_set_new(row, "Kind", json_string(kind));
    json_array_append_new(evidence->list, row);
    return row;
}

static json_t *add_claim(struct evidence *evidence, const char *kind, const struct claim *claim)
{
    if (claim_is_empty(claim) || json_array_size(evidence->list) >= BASE_MAX_EVIDENCE)
        return NULL;
    json_t *row = add_evidence(evidence, kind);
    set_image(row, claim->shown, claim->tag, claim->digest);
    if (evidence->parent)
        json_object_set_new(row, "Agrees", json_boolean(claim_fits(claim, evidence->parent)));
    return row;
}

static void add_chain(struct evidence *evidence, const json_t *facts)
{
    if (!evidence->parent)
        return;
    json_t *row = add_evidence(evidence, "chain");
    set_place(row, evidence->parent);
    json_object_set(row, "Layers", json_object_get(evidence->parent, "Layers"));
    json_object_set_new(
        row, "History",
        json_boolean(history_is_prefix(jsonx_object(evidence->parent, "Facts"), facts)));
}

/* The images that a build used, all its stages' among them. Returns their number; ret_only is the
 * claim of the last. */
static size_t add_provenance(struct evidence *evidence, const json_t *provenance,
                             struct claim *ret_only)
{
    size_t count = 0;
    size_t i;
    json_t *material;
    json_array_foreach(jsonx_array(provenance, "Materials"), i, material)
    {
        AUTO(free) char *name = purl_docker_image(jsonx_str(material, "URI"));
        if (!name || strlen(name) > NAME_MAX_BYTES)
            continue;
        struct claim claim = claim_of(name, jsonx_str(material, "Digest"));
        add_claim(evidence, "provenance", &claim);
        claim_cleanup(ret_only);
        *ret_only = claim;
        count++;
    }
    return count;
}

/* Buildah notes what a step was built on (history.h: "base: NAME" ends a note): the last such step
 * is the image's own. Returns whether there is one; ret_claim is what it says. */
static bool add_noted(struct evidence *evidence, const json_t *facts, struct claim *ret_claim)
{
    const char *noted = NULL;
    size_t i;
    json_t *step;
    json_array_foreach(jsonx_array(facts, "Layers"), i, step)
    {
        const char *at = strstr(jsonx_str(step, "Note"), "base: ");
        noted = at ? at + strlen("base: ") : noted;
    }
    if (!noted || !*noted || strlen(noted) > NAME_MAX_BYTES)
        return false;
    struct claim claim = claim_of(noted, "");
    add_claim(evidence, "history", &claim);
    claim_cleanup(ret_claim);
    *ret_claim = claim;
    return true;
}

static json_t *alternatives_of(const json_t *parents)
{
    json_t *alternatives = json_array();
    for (size_t i = 1; i < json_array_size(parents) && i <= BASE_MAX_ALTERNATIVES; i++) {
        json_t *row = json_object();
        set_place(row, json_array_get(parents, i));
        json_array_append_new(alternatives, row);
    }
    return alternatives;
}

/* The answer */

static void set_measured(json_t *base, const struct claim *claim, const json_t *parent)
{
    bool is_claimed = claim_fits(claim, parent);
    AUTO(free) char *shown = place_shown_name(parent);
    const char *tag = is_claimed && *claim->tag ? claim->tag : jsonx_str(parent, "Tag");
    set_image(base, shown, tag, jsonx_str(parent, "Version"));
    json_object_set(base, "Platform", json_object_get(parent, "Platform"));
    json_object_set(base, "Layers", json_object_get(parent, "Layers"));
    json_object_set_new(base, "Certainty", json_string("exact"));
}

static void set_claimed(json_t *base, const struct claim *claim, const char *certainty)
{
    set_image(base, claim->shown, claim->tag, claim->digest);
    if (claim_is_scratch(claim))
        json_object_set_new(base, "Layers", json_integer(0));
    json_object_set_new(base, "Certainty", json_string(certainty));
}

/* Declared stands above measured where they differ: the declared image may be one that nobody has
 * looked at yet, built on the one that was found. */
static json_t *base_object(const struct claim *declared, const struct claim *hint,
                           size_t hint_count, const json_t *parents, json_t *evidence)
{
    const json_t *parent = json_array_get(parents, 0);
    json_t *base = json_object();
    if (parent && (claim_is_empty(declared) || claim_fits(declared, parent)))
        set_measured(base, declared, parent);
    else if (!claim_is_empty(declared))
        set_claimed(base, declared, "declared");
    else if (hint_count == 1)
        set_claimed(base, hint, "guess");
    else
        json_object_set_new(base, "Certainty", json_string("guess"));
    json_object_set(base, "Evidence", evidence);
    json_object_set_new(base, "Alternatives", alternatives_of(parents));
    return base;
}

static size_t owned_steps(const json_t *facts, json_int_t layers)
{
    size_t i;
    json_t *step;
    json_array_foreach(jsonx_array(facts, "Layers"), i, step)
    {
        layers -= !json_is_true(json_object_get(step, "Empty"));
        if (layers == 0)
            return i + 1;
    }
    return i;
}

/* Where the histories differ, the steps up to the base's last layer. */
static size_t base_steps(const json_t *facts, const json_t *parent)
{
    const json_t *theirs = jsonx_object(parent, "Facts");
    return history_is_prefix(theirs, facts) ? (size_t)step_count(theirs)
                                            : owned_steps(facts, jsonx_int(parent, "Layers"));
}

/* The first that name a base. */
static const json_t *telling_annotations(const struct base_question *question)
{
    const json_t *sources[] = {jsonx_object(question->facts, "Annotations"),
                               question->descriptor_annotations, question->index_annotations};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (json_object_get(sources[i], BASE_NAME) || json_object_get(sources[i], BASE_DIGEST))
            return sources[i];
    return NULL;
}

void base_image_find(const struct base_question *question, struct base_answer *ret_answer)
{
    const json_t *labels = jsonx_object(question->facts, "Labels");
    AUTO(claim) struct claim annotated = claim_in(telling_annotations(question));
    AUTO(claim) struct claim labelled = claim_in(labels);
    AUTO(claim) struct claim hint = {0};
    bool inherited = is_inherited(labels, question->candidates);
    const struct claim *declared =
        claim_is_empty(&annotated) && !inherited ? &labelled : &annotated;
    json_t *parents = ranked_parents(question, declared);
    struct evidence evidence = {json_array(), json_array_get(parents, 0)};
    add_claim(&evidence, "annotation", &annotated);
    json_t *label = add_claim(&evidence, "label", &labelled);
    if (label && inherited)
        json_object_set_new(label, "Inherited", json_true());
    add_chain(&evidence, question->facts);
    size_t hints = add_provenance(&evidence, question->provenance, &hint);
    if (add_noted(&evidence, question->facts, &hint))
        hints = 1; /* it names the one that the last stage began with */
    *ret_answer = (struct base_answer){.parents = parents};
    if (json_array_size(evidence.list))
        ret_answer->base = base_object(declared, &hint, hints, parents, evidence.list);
    if (evidence.parent && !claim_is_scratch(declared))
        ret_answer->steps = base_steps(question->facts, evidence.parent);
    json_decref(evidence.list);
}

void base_answer_release(struct base_answer *answer)
{
    json_decref(answer->base);
    json_decref(answer->parents);
    *answer = (struct base_answer){0};
}
