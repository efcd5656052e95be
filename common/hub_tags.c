#include "hub_tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "hub_call.h"
#include "jsonx.h"
#include "mem.h"

#define PAGE_MAX_BYTES (8u << 20)
#define STREAMS 4                     /* pages side by side */
#define MAX_TOTAL INT64_C(1000000000) /* no more is believed */

/* One of the pages under way. */
struct stream {
    struct hub_tags_reading *reading;
    struct hub_call *call;
    unsigned page;
};

struct hub_tags_reading {
    struct hub *hub;
    struct hub_tags *tags;
    char *namespace;
    char *name;
    enum hub_path path;
    int64_t deadline_ms;
    json_t *by_name; /* name: index of its row */
    size_t alloc;
    unsigned first_page;
    unsigned next_page; /* to be asked for */
    unsigned last_page;
    bool is_stopped; /* no more pages are asked for */
    unsigned running;
    struct stream streams[STREAMS];
};

/* Rows */

/* The image that stands for the others, as in a version without a choice. */
static int64_t size_of(const json_t *images)
{
    int64_t size_bytes = 0;
    size_t i;
    json_t *image;
    json_array_foreach(images, i, image)
    {
        bool is_default = strcmp(jsonx_str(image, "os"), "linux") == 0 &&
                          strcmp(jsonx_str(image, "architecture"), "amd64") == 0;
        int64_t own_bytes = jsonx_int(image, "size");
        if (own_bytes > 0 && (is_default || size_bytes == 0))
            size_bytes = own_bytes;
        if (is_default)
            break;
    }
    return size_bytes;
}

static void take_row(struct hub_tags_reading *reading, const json_t *json)
{
    struct hub_tags *tags = reading->tags;
    const char *name = jsonx_str(json, "name");
    const char *digest = jsonx_str(json, "digest");
    int64_t pushed_ms = 0;
    if (!reference_is_tag(name))
        return;
    if (clock_parse(jsonx_str(json, "tag_last_pushed"), &pushed_ms) != 0)
        (void)clock_parse(jsonx_str(json, "last_updated"), &pushed_ms);
    json_t *known = json_object_get(reading->by_name, name);
    if (known && tags->rows[json_integer_value(known)].pushed_ms >= pushed_ms)
        return;
    if (!known && tags->count == reading->alloc) {
        reading->alloc = reading->alloc ? reading->alloc * 2 : HUB_PAGE_TAGS;
        tags->rows = xrealloc(tags->rows, reading->alloc * sizeof(*tags->rows));
    }
    struct hub_tag *row = &tags->rows[known ? (size_t)json_integer_value(known) : tags->count];
    if (!known) {
        row->name = xstrdup(name);
        json_object_set_new(reading->by_name, name, json_integer((json_int_t)tags->count++));
    }
    row->pushed_ms = pushed_ms;
    row->size_bytes = size_of(jsonx_array(json, "images"));
    (void)snprintf(row->digest, sizeof(row->digest), "%s", digest_is_valid(digest) ? digest : "");
}

/* How many rows the page had; -1 where it is none. */
static int64_t take_page(struct hub_tags_reading *reading, const json_t *json)
{
    json_t *results = jsonx_array(json, "results");
    size_t i;
    json_t *row;
    if (!results)
        return -1;
    json_array_foreach(results, i, row) take_row(reading, row);
    int64_t total = jsonx_int(json, "count");
    if (total > 0)
        reading->tags->total = total < MAX_TOTAL ? total : MAX_TOTAL;
    return (int64_t)json_array_size(results);
}

/* The end */

static void reading_free(struct hub_tags_reading *reading)
{
    for (size_t i = 0; i < STREAMS; i++)
        hub_call_cancel(reading->streams[i].call);
    json_decref(reading->by_name);
    free(reading->namespace);
    free(reading->name);
    free(reading);
}

static void finish(struct hub_tags_reading *reading)
{
    struct hub_tags *tags = reading->tags;
    tags->reading = NULL;
    tags->done = true;
    reading_free(reading);
}

/* Pages */

static void start_pages(struct hub_tags_reading *reading);

static void stop_at_limit(struct hub_tags_reading *reading, unsigned page, int64_t retry_at_ms)
{
    struct hub_tags *tags = reading->tags;
    reading->is_stopped = true;
    if (!tags->next_page || page < tags->next_page)
        tags->next_page = page;
    if (retry_at_ms > tags->retry_at_ms)
        tags->retry_at_ms = retry_at_ms;
}

/* A page that does not come: the list is cut there, or ends there. */
static void page_failed(struct hub_tags_reading *reading, unsigned page,
                        const struct hub_outcome *outcome)
{
    struct hub_tags *tags = reading->tags;
    /* The cap on how far a client without a login may page. */
    bool is_capped = outcome->status == 403;
    if (outcome->err == ERR_RATELIMIT) {
        stop_at_limit(reading, page, outcome->retry_at_ms);
    } else if (outcome->err == ERR_NOTFOUND && page > 1) {
        reading->is_stopped = true; /* past the end */
    } else {
        reading->is_stopped |= is_capped;
        tags->is_cut = true;
    }
    if (page == reading->first_page && !is_capped && (outcome->err != ERR_NOTFOUND || page == 1))
        tags->err = outcome->err;
}

/* The first page tells how many there are. */
static void plan(struct hub_tags_reading *reading, int64_t rows)
{
    struct hub_tags *tags = reading->tags;
    int64_t before = (int64_t)(reading->first_page - 1) * HUB_PAGE_TAGS;
    bool is_smaller = rows < HUB_PAGE_TAGS && before + rows < tags->total;
    int64_t page_tags = is_smaller ? rows : HUB_PAGE_TAGS;
    int64_t pages = (tags->total + page_tags - 1) / page_tags;
    reading->last_page = pages > HUB_MAX_PAGES ? HUB_MAX_PAGES : (unsigned)pages;
    tags->is_cut |= pages > HUB_MAX_PAGES;
}

static void on_page(void *arg, const struct hub_outcome *outcome)
{
    struct stream *stream = arg;
    struct hub_tags_reading *reading = stream->reading;
    bool is_first = stream->page == reading->first_page;
    struct hub_outcome result = *outcome;
    int64_t rows = 0;
    stream->call = NULL;
    reading->running--;
    if (result.err == 0) {
        rows = take_page(reading, outcome->json);
        result.err = rows < 0 ? ERR_PROTO : rows == 0 && is_first ? ERR_NOTFOUND : 0;
    }
    if (result.err)
        page_failed(reading, stream->page, &result);
    else if (is_first)
        plan(reading, rows);
    reading->path = outcome->path;
    start_pages(reading);
    if (reading->running == 0)
        finish(reading);
}

static void start_page(struct hub_tags_reading *reading, struct stream *stream)
{
    unsigned page = reading->next_page++;
    AUTO(free) char *tail = xasprintf("/tags?page_size=%d&page=%u", HUB_PAGE_TAGS, page);
    const struct hub_request request = {
        .namespace = reading->namespace,
        .name = reading->name,
        .new_tail = tail,
        .old_tail = tail,
        .path = reading->path,
        .is_path_known = page != reading->first_page,
        .max_body_bytes = PAGE_MAX_BYTES,
        .deadline_ms = reading->deadline_ms,
    };
    stream->reading = reading;
    stream->page = page;
    reading->running++;
    stream->call = hub_call_start(reading->hub, &request, on_page, stream);
}

static void start_pages(struct hub_tags_reading *reading)
{
    for (size_t i = 0; i < STREAMS; i++) {
        struct stream *stream = &reading->streams[i];
        int64_t retry_at_ms = 0;
        if (reading->is_stopped || reading->next_page > reading->last_page)
            return;
        if (stream->call)
            continue;
        bool is_wanted = reading->next_page == reading->first_page;
        if (hub_take(reading->hub, is_wanted, &retry_at_ms) != 0)
            stop_at_limit(reading, reading->next_page, retry_at_ms);
        else
            start_page(reading, stream);
    }
}

void hub_tags_start(struct hub *hub, const struct reference *repository, unsigned first_page,
                    struct hub_tags *tags, int64_t deadline_ms)
{
    struct hub_tags_reading *reading = xcalloc(1, sizeof(*reading));
    reading->hub = hub;
    reading->tags = tags;
    reading->first_page = reading->next_page = reading->last_page = first_page;
    reading->deadline_ms = deadline_ms;
    reading->by_name = json_object();
    tags->reading = reading;
    if (hub_knows(hub, repository, &reading->namespace, &reading->name))
        start_pages(reading);
    else
        tags->err = ERR_NOTFOUND;
    if (tags->next_page)
        tags->err = ERR_RATELIMIT;
    if (reading->running == 0)
        finish(reading);
}

void hub_tags_cancel(struct hub_tags *tags)
{
    struct hub_tags_reading *reading = TAKE(tags->reading);
    if (reading)
        reading_free(reading);
}

void hub_tags_release(struct hub_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        free(tags->rows[i].name);
    free(TAKE(tags->rows));
    tags->count = 0;
}
