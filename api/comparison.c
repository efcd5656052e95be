#include "comparison.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "compare.h"
#include "digest.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "page.h"
#include "page_answer.h"
#include "page_compare.h"
#include "version.h"

/* Obstacles */

static struct verdict too_large(const struct inquiry *side)
{
    AUTO(free)
    char *detail = xasprintf("%s has more layers, labels and settings than are compared here: over "
                             "%u KiB of them. Its own answer has them all.",
                             side->shown, COMPARISON_MAX_BYTES >> 10);
    return verdict_problem(&side->route, 422, "too_large_to_compare", detail, 0);
}

static struct httpd_response *pending_response(const struct inquiry *sides,
                                               const struct answer_part *parts)
{
    const struct route *route = &sides[0].route;
    int64_t now_ms = clock_ms();
    if (!route->is_page)
        return answer_pending_two(parts, now_ms);
    struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
    int retry_seconds = answer_parts_retry(parts, now_ms);
    page_compare_pending(route, parts, retry_seconds, &body);
    return page_response(202, &body, retry_seconds);
}

/* A side that waits for what is far off has nothing to hold a client for. */
static struct verdict pending(const struct inquiry *sides)
{
    struct answer_part parts[COMPARISON_SIDES];
    bool is_pending = true;
    for (size_t i = 0; i < COMPARISON_SIDES; i++) {
        const struct inquiry *side = &sides[i];
        parts[i] = (struct answer_part){side->shown, &side->status, side->is_found};
        is_pending = is_pending && (side->is_found || side->verdict.is_pending);
    }
    return (struct verdict){.response = pending_response(sides, parts), .is_pending = is_pending};
}

struct verdict comparison_obstacle(struct inquiry *sides)
{
    bool is_found = true;
    for (size_t i = 0; i < COMPARISON_SIDES; i++) {
        if (inquiry_is_problem(&sides[i]))
            return inquiry_take(&sides[i]);
        is_found = is_found && sides[i].is_found;
    }
    if (!is_found)
        return pending(sides);
    for (size_t i = 0; i < COMPARISON_SIDES; i++)
        if (sides[i].is_too_large)
            return too_large(&sides[i]);
    return (struct verdict){0};
}

/* The program that wrote it is part of it: another one may show it in another way. */
void comparison_etag(const struct inquiry *sides, char ret_etag[ETAG_BYTES])
{
    char digest[DIGEST_BYTES];
    AUTO(free)
    char *parts = xasprintf("%s %s %s %s %s %s", sides[0].tag, sides[0].shown, sides[1].tag,
                            sides[1].shown, version_number, version_revision);
    digest_sha256(parts, strlen(parts), digest);
    (void)snprintf(ret_etag, ETAG_BYTES, "\"%.16s\"", digest_hex(digest));
}

/* In the making */

struct comparison {
    const struct inquiry *sides;
    struct loop_timer *timer;
    size_t parsed; /* sides */
    json_t *versions[COMPARISON_SIDES];
    json_t *result;
    comparison_done *done;
    void *arg;
};

void comparison_free(struct comparison *comparison)
{
    if (!comparison)
        return;
    loop_timer_free(comparison->timer);
    for (size_t i = 0; i < COMPARISON_SIDES; i++)
        json_decref(comparison->versions[i]);
    json_decref(comparison->result);
    free(comparison);
}

static void end(struct comparison *comparison, struct answer *answer)
{
    comparison_done *done = comparison->done;
    void *arg = comparison->arg;
    comparison_free(comparison);
    done(arg, answer);
}

/* False where the stored text is none that a worker writes. */
static bool parse(struct comparison *comparison)
{
    size_t i = comparison->parsed++;
    const struct inquiry *side = &comparison->sides[i];
    if (jsonx_parse(strbuf_str(&side->text), side->text.len, &comparison->versions[i]) != 0)
        return false;
    json_object_set_new(comparison->versions[i], "ImageName", json_string(side->shown));
    return true;
}

static char *reference_of(const struct inquiry *side)
{
    const struct reference *image = &side->route.image;
    const char *sign = image->digest ? "@" : image->tag ? ":" : "";
    const char *version = image->digest ? image->digest : image->tag ? image->tag : "";
    return xasprintf("%s%s%s", side->shown, sign, version);
}

static void set_status(json_t *result, const char *key, const struct inquiry *side)
{
    const char *status = image_status_str(side->status.status);
    json_object_set_new(json_object_get(result, key), "Status", json_string(status));
}

static void compare(struct comparison *comparison)
{
    const struct inquiry *sides = comparison->sides;
    AUTO(free) char *a_reference = reference_of(&sides[0]);
    AUTO(free) char *b_reference = reference_of(&sides[1]);
    const struct compare_side a = {a_reference, sides[0].image_digest, comparison->versions[0]};
    const struct compare_side b = {b_reference, sides[1].image_digest, comparison->versions[1]};
    comparison->result = compare_versions(&a, &b);
    set_status(comparison->result, "A", &sides[0]);
    set_status(comparison->result, "B", &sides[1]);
}

static struct answer *answer_of(const struct comparison *comparison)
{
    const struct inquiry *sides = comparison->sides;
    char etag[ETAG_BYTES];
    bool is_final = status_is_final(&sides[0].status) && status_is_final(&sides[1].status);
    if (sides[0].route.is_page) {
        struct strbuf body = STRBUF_INIT(PAGE_MAX_BYTES);
        page_compare(&sides[0].route, comparison->result, &body);
        return page_answer_new(&body, is_final);
    }
    comparison_etag(sides, etag);
    return answer_tagged(jsonx_dump(comparison->result), etag + 1, is_final);
}

static void on_turn(void *arg)
{
    struct comparison *comparison = arg;
    if (comparison->result) {
        struct answer *answer = answer_of(comparison);
        end(comparison, answer);
        return;
    }
    if (comparison->parsed == COMPARISON_SIDES) {
        compare(comparison);
    } else if (!parse(comparison)) {
        end(comparison, NULL);
        return;
    }
    loop_timer_start(comparison->timer, 0);
}

struct comparison *comparison_start(const struct inquiry *sides, comparison_done *done, void *arg)
{
    struct comparison *comparison = xcalloc(1, sizeof(*comparison));
    comparison->sides = sides;
    comparison->done = done;
    comparison->arg = arg;
    comparison->timer = loop_timer_new(sides[0].service->loop, on_turn, comparison);
    loop_timer_start(comparison->timer, 0);
    return comparison;
}
