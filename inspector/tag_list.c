#include "tag_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attachments.h"
#include "err.h"
#include "hub.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "natural.h"

#define WAIT_FOREVER_MS (INT64_MAX / 2) /* all that is waited for has its own deadline */
#define HUB_TIMEOUT_MS 60000

static struct tag_row *add_row(struct tag_list *list, const char *name)
{
    json_t *index = json_object_get(list->by_name, name);
    if (index)
        return &list->rows[json_integer_value(index)];
    if (!list->rows || list->count == list->alloc) {
        list->alloc = list->alloc ? list->alloc * 2 : 64;
        list->rows = xrealloc(list->rows, list->alloc * sizeof(*list->rows));
    }
    json_object_set_new(list->by_name, name, json_integer((json_int_t)list->count));
    struct tag_row *row = &list->rows[list->count++];
    *row = (struct tag_row){.name = xstrdup(name)};
    return row;
}

struct tag_row *tag_list_find(const struct tag_list *list, const char *name)
{
    json_t *index = json_object_get(list->by_name, name);
    return index ? &list->rows[json_integer_value(index)] : NULL;
}

void tag_list_add(struct tag_list *list, const char *name)
{
    (void)add_row(list, name);
}

/* The rows that an earlier reading brought, with what it knew of them. */
static void take_earlier(struct tag_list *list, const json_t *earlier, const json_t *digests)
{
    const json_t *pushed = jsonx_object(earlier, "Pushed");
    size_t i;
    json_t *name;
    json_array_foreach(jsonx_array(earlier, "Tags"), i, name)
    {
        struct tag_row *row = add_row(list, json_string_value(name));
        row->pushed_ms = jsonx_int(pushed, row->name);
        (void)snprintf(row->digest, DIGEST_BYTES, "%s", jsonx_str(digests, row->name));
    }
    if (jsonx_object(earlier, "Sizes"))
        json_object_update(list->sizes, jsonx_object(earlier, "Sizes"));
}

void tag_list_start(struct tag_list *list, const json_t *earlier, const json_t *earlier_digests)
{
    unsigned first_page = (unsigned)jsonx_int(earlier, "NextPage");
    list->by_name = json_object();
    list->sizes = json_object();
    list->attachments = json_array();
    if (first_page > 1)
        take_earlier(list, earlier, earlier_digests);
    if (strcmp(list->repository->registry, "docker.io") == 0)
        hub_tags_start(list->hub, list->repository, first_page ? first_page : 1, &list->from_hub,
                       loop_now_ms(list->loop) + HUB_TIMEOUT_MS);
    else
        list->from_hub = (struct hub_tags){.done = true, .err = ERR_NOTFOUND};
    if (list->from_hub.done && !list->from_hub.next_page)
        registry_tags_start(list->registry, list->repository, &list->from_registry);
}

static void take_hub(struct tag_list *list)
{
    const struct hub_tags *tags = &list->from_hub;
    for (size_t i = 0; i < tags->count; i++) {
        const struct hub_tag *told = &tags->rows[i];
        if (attachment_tag(told->name)) {
            json_array_append_new(list->attachments, json_string(told->name));
            continue;
        }
        struct tag_row *row = add_row(list, told->name);
        row->pushed_ms = told->pushed_ms;
        memcpy(row->digest, told->digest, sizeof(row->digest));
        if (*told->digest && told->size_bytes)
            json_object_set_new(list->sizes, told->digest, json_integer(told->size_bytes));
    }
}

/* The registry's list has the names that Hub did not give. */
static void take_registry(struct tag_list *list)
{
    struct registry_tags *tags = &list->from_registry;
    loop_run_until(list->loop, &tags->done, WAIT_FOREVER_MS);
    bool is_missing = tags->err == ERR_NOTFOUND || tags->err == ERR_UNAUTHORIZED;
    if (tags->err && !(is_missing && list->count)) {
        list->err = tags->err;
        list->retry_at_ms = tags->retry_at_ms;
        memcpy(list->error_text, tags->error_text, sizeof(list->error_text));
    }
    for (size_t i = 0; i < tags->count; i++)
        (void)add_row(list, tags->names[i]);
    for (size_t i = 0; i < tags->attachment_count; i++)
        json_array_append_new(list->attachments, json_string(tags->attachments[i]));
}

void tag_list_wait(struct tag_list *list, int64_t patience_ms)
{
    struct hub_tags *hub = &list->from_hub;
    loop_run_until(list->loop, &hub->done, WAIT_FOREVER_MS);
    take_hub(list);
    if (hub->next_page && hub->retry_at_ms <= patience_ms) {
        list->next_page = hub->next_page;
        list->retry_at_ms = hub->retry_at_ms;
        return;
    }
    size_t count = list->count + json_array_size(list->attachments);
    bool is_whole = !hub->err && !hub->is_cut && (int64_t)count >= hub->total;
    if (is_whole && !hub->next_page)
        return;
    if (!list->from_registry.call && !list->from_registry.done)
        registry_tags_start(list->registry, list->repository, &list->from_registry);
    take_registry(list);
}

static int compare_rows(const void *left, const void *right)
{
    const struct tag_row *a = left;
    const struct tag_row *b = right;
    if (!*a->digest != !*b->digest)
        return *a->digest ? -1 : 1;
    if (a->pushed_ms != b->pushed_ms)
        return a->pushed_ms > b->pushed_ms ? -1 : 1;
    return natural_compare(b->name, a->name);
}

void tag_list_sort(struct tag_list *list, size_t *ret_known)
{
    if (list->count)
        qsort(list->rows, list->count, sizeof(*list->rows), compare_rows);
    for (size_t i = 0; i < list->count; i++)
        json_object_set_new(list->by_name, list->rows[i].name, json_integer((json_int_t)i));
    *ret_known = 0;
    while (*ret_known < list->count && *list->rows[*ret_known].digest)
        ++*ret_known;
}

void tag_list_release(struct tag_list *list)
{
    hub_tags_cancel(&list->from_hub);
    hub_tags_release(&list->from_hub);
    registry_tags_cancel(&list->from_registry);
    registry_tags_release(&list->from_registry);
    for (size_t i = 0; i < list->count; i++)
        free(list->rows[i].name);
    free(list->rows);
    json_decref(list->by_name);
    json_decref(list->sizes);
    json_decref(list->attachments);
}
