#include "answer_body.h"

#include <string.h>

#include "clock.h"
#include "jsonx.h"
#include "mem.h"

/* The members at the end: what changes while work goes on. Progress is no part of the ETag. */
static char *status_members(const struct status *status)
{
    JSON_AUTO
    json_t *members = json_object();
    json_object_set_new(members, "Status", json_string(image_status_str(status->status)));
    if (*status->error)
        json_object_set_new(members, "Error", json_string(status->error));
    json_object_set_new(members, "Progress",
                        json_pack("{s:s,s:I,s:I}", "Stage", image_stage_str(status->stage), "Done",
                                  (json_int_t)status->done, "Total", (json_int_t)status->total));
    return jsonx_dump(members);
}

static void join_member(struct fragment_join *join, const char *prefix,
                        const struct fragment *fragment)
{
    if (!fragment->text_bytes)
        return;
    fragment_join_text(join, prefix, strlen(prefix));
    fragment_join_add(join, fragment);
}

static void join_object(const struct document_view *view, enum document_answer kind,
                        struct fragment_join *join)
{
    AUTO(free) char *status = status_members(&view->status);
    fragment_join_text(join, "{", 1);
    if (kind == DOCUMENT_VERSION) {
        fragment_join_add(join, &view->shared);
        join_member(join, ",", &view->tags);
    } else {
        fragment_join_add(join, &view->head);
        join_member(join, ",\"Versions\":", &view->versions);
        join_member(join, ",", &view->shared);
    }
    join_member(join, ",", &view->facts);
    join_member(join, ",", &view->layers);
    join_member(join, ",", &view->relations);
    join_member(join, ",", &view->identical);
    join_member(join, ",", &view->sheet);
    fragment_join_text(join, ",", 1);
    fragment_join_text(join, status + 1, strlen(status) - 1); /* with the closing brace */
}

void answer_body_join(const struct document_view *view, enum document_answer kind,
                      struct fragment_join *join)
{
    if (kind == DOCUMENT_DOCKERFILE)
        fragment_join_add(join, &view->facts);
    else
        join_object(view, kind, join);
    fragment_join_finish(join);
}

static void set_time(json_t *object, const char *key, int64_t time_ms)
{
    char text[CLOCK_TEXT_BYTES];
    if (time_ms <= 0)
        return;
    clock_format(time_ms, text);
    json_object_set_new(object, key, json_string(text));
}

json_t *answer_body_status(const char *name, const struct status *status)
{
    json_t *object = json_pack(
        "{s:s,s:s,s:s,s:I,s:I}", "ImageName", name, "Status", image_status_str(status->status),
        "Stage", status->status == STATUS_UNKNOWN ? "" : image_stage_str(status->stage), "Done",
        (json_int_t)status->done, "Total", (json_int_t)status->total);
    set_time(object, "SubmittedAt", status->submitted_ms);
    set_time(object, "UpdatedAt", status->updated_ms);
    set_time(object, "RetryAt", status->retry_ms);
    if (status->error && *status->error)
        json_object_set_new(object, "Error", json_string(status->error));
    return object;
}

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 503:
        return "Service Unavailable";
    default:
        return "Error";
    }
}

json_t *answer_body_problem(int status, const char *code, const char *detail)
{
    return json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title", title_of(status),
                     "status", status, "detail", detail, "code", code);
}
