#include "page.h"

#include "assets.h"
#include "html.h"

static void add_links(struct strbuf *out, const struct page_head *head)
{
    html_add(out, "<link rel=\"stylesheet\" href=\"%s\">\n", asset_path(ASSET_STYLE));
    html_add(out, "<link rel=\"icon\" type=\"image/svg+xml\" href=\"%s\">\n",
             asset_path(ASSET_ICON));
    strbuf_adds(out, "<link rel=\"search\" type=\"application/opensearchdescription+xml\" "
                     "title=\"MicroBadger\" href=\"/opensearch.xml\">\n");
    if (head->json_path)
        html_add(out, "<link rel=\"alternate\" type=\"application/json\" href=\"%s\">\n",
                 head->json_path);
    html_add(out, "<script type=\"module\" src=\"%s\"></script>\n", asset_path(ASSET_SCRIPT));
}

void page_search_box(struct strbuf *out, const char *text)
{
    html_add(out,
             "<form role=\"search\" action=\"/search\" class=\"search\">"
             "<label class=\"hidden\" for=\"q\">Image, or a docker pull line</label>"
             "<input id=\"q\" name=\"q\" type=\"search\" value=\"%s\" "
             "placeholder=\"Image, docker pull line or Hub link\" autocomplete=\"off\" "
             "autocapitalize=\"none\" spellcheck=\"false\" list=\"known\" required>"
             "<datalist id=\"known\"></datalist>"
             "<button type=\"submit\">Inspect</button></form>\n",
             text ? text : "");
}

void page_begin(struct strbuf *out, const struct page_head *head)
{
    strbuf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n");
    if (head->title)
        html_add(out, "<title>%s · MicroBadger</title>\n", head->title);
    else
        strbuf_adds(out, "<title>MicroBadger: look into container images</title>\n");
    if (head->description)
        html_add(out, "<meta name=\"description\" content=\"%s\">\n", head->description);
    if (head->refresh_seconds)
        html_add(out, "<noscript><meta http-equiv=\"refresh\" content=\"%lld\"></noscript>\n",
                 (long long)head->refresh_seconds);
    add_links(out, head);
    strbuf_adds(out, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
                     "<header class=\"bar\">");
    html_add(out,
             "<a class=\"brand\" href=\"/\"><img src=\"%s\" alt=\"\" width=\"26\" height=\"26\">"
             "MicroBadger</a>\n",
             asset_path(ASSET_ICON));
    if (!head->has_own_search)
        page_search_box(out, head->query);
    strbuf_adds(out, "</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

/* What needs JavaScript is put in by it: #tools is where. */
void page_end(struct strbuf *out)
{
    strbuf_adds(out, "</main>\n<footer><p>Facts about public container images, without pulling "
                     "them.</p>\n<ul class=\"row\"><li><a href=\"/compare\">Compare images</a></li>"
                     "<li><a href=\"/openapi.json\">API</a></li></ul>\n"
                     "<div id=\"tools\" class=\"row\"></div></footer>\n</body>\n</html>\n");
}
