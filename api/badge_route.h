/* GET /badges/{type}/{ref}.svg: pictures for READMEs. Nothing is enqueued for one, and whatever
 * goes wrong there is a picture that says so, under 200 (but 400 for a type that is none). */
#ifndef MB_BADGE_ROUTE_H
#define MB_BADGE_ROUTE_H

#include "answer.h"
#include "document.h"
#include "route.h"

/* What follows "/badges/"; settles on the kind NOT_FOUND or BAD where it is no badge's. The image
 * is empty where its name is none. */
void badge_route_read(struct route *route, char *rest);
/* At the program's start. */
void badge_route_declare_metrics(void);
/* Counts a request by its type: mb_badges_total. Other targets are left alone. */
void badge_route_count(const char *target);

/* Caller unrefs. */
struct answer *badge_route_answer(const struct route *route, const struct document_view *view);
struct answer *badge_route_no_image(void);
/* While Redis is down and nothing is remembered. */
struct answer *badge_route_try_later(const struct route *route);

#endif
