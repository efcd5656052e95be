#include "badge_route.h"

#include <stdio.h>
#include <string.h>

#include "badge.h"
#include "digest.h"
#include "mem.h"
#include "metrics.h"

#define BADGES "/badges/"
#define SUFFIX ".svg"

/* Public for GitHub's picture proxy, which asks again after s-maxage and keeps what it has where
 * this server fails. */
#define CACHE_KNOWN                                                                                \
    "public, max-age=300, s-maxage=300, stale-while-revalidate=3600, stale-if-error=604800"
/* What an inspection or a push may change at any time. */
#define CACHE_MISSING "public, max-age=60, s-maxage=60, stale-if-error=3600"
#define CACHE_SHORT "public, max-age=15, s-maxage=15"

/* Requests */

void badge_route_read(struct route *route, char *rest)
{
    char *name = strchr(rest, '/');
    size_t len = name ? strlen(name + 1) : 0;
    if (len && name[len] == '/')
        name[len--] = '\0';
    if (len <= strlen(SUFFIX) || name == rest ||
        strcmp(name + 1 + len - strlen(SUFFIX), SUFFIX) != 0) {
        route->kind = ROUTE_NOT_FOUND;
        return;
    }
    *name++ = '\0';
    name[len - strlen(SUFFIX)] = '\0';
    if (!badge_type_parse(rest, &route->badge)) {
        route->kind = ROUTE_BAD;
        route->why = "The badge is one of image, commit, version, license, layers, size, pulls, "
                     "stars, platforms, updated and base.";
        return;
    }
    (void)reference_parse(name, &route->image, NULL); /* a name that is none is not found */
}

static struct metric *counts[BADGE_TYPES];

void badge_route_declare_metrics(void)
{
    static char labels[BADGE_TYPES][32];
    for (enum badge_type type = 0; type < BADGE_TYPES; type++) {
        (void)snprintf(labels[type], sizeof(labels[type]), "type=\"%s\"", badge_type_str(type));
        counts[type] =
            metric_counter("mb_badges_total", "Requests for badges by type.", labels[type]);
    }
}

void badge_route_count(const char *target)
{
    if (strncmp(target, BADGES, strlen(BADGES)) != 0)
        return;
    const char *name = target + strlen(BADGES);
    AUTO(free) char *type_name = xstrndup(name, strcspn(name, "/"));
    enum badge_type type;
    if (badge_type_parse(type_name, &type))
        metric_add(counts[type], 1);
}

/* Answers */

static struct answer *nothing_yet(enum badge_type type)
{
    bool is_pending;
    const struct badge badge = {.type = type, .platforms = "", .facts = BADGE_FACTS_NONE};
    return answer_svg(badge_draw(&badge, &is_pending), CACHE_SHORT);
}

static struct answer *not_found(const struct route *route, const struct document_view *view)
{
    const struct reference *image = &route->image;
    enum image_status status = view->status.status;
    if (view->find == DOCUMENT_NO_PLATFORM)
        return answer_svg(badge_not_found("platform"), CACHE_MISSING);
    if (view->find == DOCUMENT_NONE && (status == STATUS_UNKNOWN || status == STATUS_MISSING))
        return badge_route_no_image();
    /* The first inspection shows the version that was asked for before it knows all tags. */
    bool has_begun = status == STATUS_SUBMITTED || status == STATUS_INSPECTING;
    if (view->find == DOCUMENT_NONE || has_begun)
        return nothing_yet(route->badge);
    return answer_svg(badge_not_found(image->digest ? digest_hex(image->digest) : image->tag),
                      CACHE_MISSING);
}

struct answer *badge_route_answer(const struct route *route, const struct document_view *view)
{
    if (view->find != DOCUMENT_FOUND && view->find != DOCUMENT_PENDING)
        return not_found(route, view);
    const struct reference *image = &route->image;
    struct badge badge = {.type = route->badge,
                          .tag = image->digest ? NULL : image->tag,
                          .is_pinned = image->digest || image->tag,
                          .is_complete = view->find == DOCUMENT_FOUND,
                          .platforms = view->platforms,
                          .facts = BADGE_FACTS_NONE};
    badge_facts_read(view->badge.repository, &badge.facts);
    badge_facts_read(view->badge.version, &badge.facts);
    badge_facts_read(view->badge.image, &badge.facts);
    badge_facts_read(view->badge.relations, &badge.facts);
    bool is_pending;
    char *svg = badge_draw(&badge, &is_pending);
    return answer_svg(svg, is_pending ? CACHE_SHORT : CACHE_KNOWN);
}

struct answer *badge_route_no_image(void)
{
    return answer_svg(badge_not_found(NULL), CACHE_MISSING);
}

struct answer *badge_route_try_later(const struct route *route)
{
    return answer_svg(badge_try_later(route->badge), CACHE_SHORT);
}
