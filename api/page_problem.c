#include "page_problem.h"

#include "html.h"
#include "mem.h"
#include "page.h"

static const char *heading_of(int status)
{
    switch (status) {
    case 400:
        return "This is not the name of an image";
    case 404:
        return "Not found";
    case 429:
        return "Too many new images at once";
    default:
        return "Not available right now";
    }
}

void page_problem(const struct route *route, int status, const char *detail,
                  int retry_after_seconds, struct strbuf *out)
{
    AUTO(free) char *shown = route->image.path ? reference_shown(&route->image) : NULL;
    const struct page_head head = {
        .title = heading_of(status), .query = shown, .refresh_seconds = retry_after_seconds};
    page_begin(out, &head);
    html_add(out, "<h1>%s</h1>\n<p class=\"lead\">%s</p>\n", heading_of(status), detail);
    if (retry_after_seconds)
        html_add(out,
                 "<p id=\"retry\" data-seconds=\"%lld\">This page tries again in %lld "
                 "seconds.</p>\n",
                 (long long)retry_after_seconds, (long long)retry_after_seconds);
    else if (status == 404 && shown && (route->image.tag || route->image.digest || route->platform))
        html_add(out, "<p><a class=\"button\" href=\"/images/%s\">What there is of %s</a></p>\n",
                 shown, shown);
    else
        strbuf_adds(out, "<p>Names look like <code>nginx</code>, <code>grafana/grafana:11.0</code> "
                         "or <code>ghcr.io/org/name</code>. Search above, or go to the "
                         "<a href=\"/\">start page</a>.</p>\n");
    page_end(out);
}
