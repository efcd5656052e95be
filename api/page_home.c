#include "page_home.h"

#include "html.h"
#include "page.h"

static void add_names(struct strbuf *out, const char *heading, const struct page_names *names)
{
    if (!names->count)
        return;
    html_add(out, "<section><h2>%s</h2>\n<ul class=\"names\">\n", heading);
    for (size_t i = 0; i < names->count; i++)
        html_add(out, "<li><a href=\"/images/%s\">%s</a></li>\n", names->names[i], names->names[i]);
    strbuf_adds(out, "</ul></section>\n");
}

void page_home(const struct page_home *home, struct strbuf *out)
{
    const struct page_head head = {
        .description = "Sizes, layers, commands, labels and tags of any public container image, "
                       "without pulling it.",
        .json_path = "/v1/images?query=recent",
        .has_own_search = true,
    };
    page_begin(out, &head);
    strbuf_adds(out, "<div class=\"hero\"><h1>What is in that image?</h1>\n"
                     "<p class=\"lead\">Size, layers, commands, labels, platforms and tags of any "
                     "public container image, without pulling it.</p>\n");
    page_search_box(out, NULL);
    strbuf_adds(out, "<p class=\"hint\">Try <code>grafana/grafana:latest</code>, "
                     "<code>docker pull redis</code> or a link to Docker Hub.</p></div>\n");
    strbuf_adds(out, "<div class=\"columns\">\n");
    add_names(out, "Featured", &home->featured);
    add_names(out, "Looked into lately", &home->recent);
    strbuf_adds(out, "</div>\n");
    page_end(out);
}

void page_found(const struct page_found *found, struct strbuf *out)
{
    const struct page_head head = {.title = "Search", .query = found->typed};
    page_begin(out, &head);
    html_add(out, "<h1>Images like “%s”</h1>\n", found->typed);
    if (found->path)
        html_add(out,
                 "<p><a class=\"button\" href=\"%s\">Inspect the image of just this "
                 "name</a></p>\n",
                 found->path);
    if (found->names.count)
        add_names(out, "Known here", &found->names);
    else
        strbuf_adds(out, "<p>Nothing here has such a name, and no image can have it: names are "
                         "lower-case letters, digits and <code>. _ - /</code>, then perhaps "
                         "<code>:tag</code>.</p>\n");
    page_end(out);
}
