#include "tags_view.h"

#include <string.h>

#include "amount.h"
#include "jsonx.h"
#include "mem.h"
#include "text.h"

#define DATE_CHARACTERS 10 /* of "2026-01-20 10:15 UTC" */
#define TAGS_INDENT (2 + VIEW_DIGEST_CHARACTERS + 2 + DATE_CHARACTERS + 2 + 9 + 2)

/* When it was built; of one that nobody has looked into, when its first tag was pushed. */
static void date_of(const json_t *version, char ret_date[AMOUNT_BYTES])
{
    const json_t *first = json_array_get(jsonx_array(version, "Tags"), 0);
    amount_time_text(jsonx_str(version, "Created"), ret_date);
    if (!*ret_date)
        amount_time_text(jsonx_str(first, "PushedAt"), ret_date);
    ret_date[DATE_CHARACTERS] = '\0';
}

static void add_version(const struct view *view, const json_t *version, const char *latest)
{
    char date[AMOUNT_BYTES] = "";
    char size[AMOUNT_BYTES] = "";
    bool is_pending = json_is_true(json_object_get(version, "Pending"));
    size_t platforms = json_array_size(jsonx_array(version, "Platforms"));
    size_t room = (size_t)view->terminal->columns - TAGS_INDENT;
    AUTO(free) char *digest = view_short_digest(view, jsonx_str(version, "Digest"));
    AUTO(free) char *tags = view_tags(view, jsonx_array(version, "Tags"));
    AUTO(free)
    char *text = platforms > 1 ? xasprintf("%s (%zu platforms)", tags, platforms) : xstrdup(tags);
    bool is_latest = strcmp(jsonx_str(version, "SHA"), latest) == 0;
    date_of(version, date);
    if (!is_pending)
        amount_size_text(jsonx_int(version, "DownloadSize"), size);
    AUTO(strbuf) struct strbuf wrapped = STRBUF_INIT(VIEW_MAX_BYTES);
    text_add_wrapped(&wrapped, text, room, TAGS_INDENT);
    AUTO(strbuf) struct strbuf padded = STRBUF_INIT(VIEW_MAX_BYTES);
    text_add_padded(&padded, digest, VIEW_DIGEST_CHARACTERS);
    view_add(view, "  ");
    view_styled(view, STYLE_DIM, strbuf_str(&padded));
    view_addf(view, "  %-*s  %9s  ", DATE_CHARACTERS, date, is_pending ? "-" : size);
    if (is_latest)
        view_styled(view, STYLE_BOLD, strbuf_str(&wrapped));
    else
        view_add(view, strbuf_str(&wrapped));
    view_add(view, "\n");
}

void tags_view(const struct view *view, const char *shown, const json_t *image)
{
    const char *latest = jsonx_str(image, "LatestSHA");
    int64_t omitted = jsonx_int(image, "VersionsOmitted");
    size_t i;
    json_t *version;
    view_heading(view, shown);
    json_array_foreach(jsonx_array(image, "Versions"), i, version)
    {
        add_version(view, version, latest);
    }
    if (omitted > 0)
        view_addf(view, "  and %lld older versions\n", (long long)omitted);
}
