#include "source_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer_body.h"
#include "clock.h"
#include "compare.h"
#include "err.h"
#include "fragment.h"
#include "jsonx.h"
#include "local.h"
#include "local_path.h"
#include "mem.h"
#include "strbuf.h"

#define MAX_BODY_BYTES (512u << 20)
#define ACCEPTED 202
#define TOO_MANY_REQUESTS 429

struct local_source {
    struct source base;
    struct config config;
    struct local *local;
    const char *shown; /* the name of the image that is at work */
};

/* One request under way. */
struct asking {
    struct local_source *source;
    const struct source_request *request;
    const struct local_path *path;
    char *name;  /* canonical */
    char *shown; /* in answers */
    enum local_end end;
};

/* Answers */

static void answer_json(struct source_answer *answer, int status, json_t *json)
{
    *answer = (struct source_answer){.status = status, .body = jsonx_dump(json)};
    answer->body_bytes = strlen(answer->body);
    json_decref(json);
}

static void answer_problem(struct source_answer *answer, int status, const char *code,
                           const char *detail)
{
    answer_json(answer, status, answer_body_problem(status, code, detail));
}

static void answer_error(struct source_answer *answer, int err, const char *text)
{
    *answer = (struct source_answer){.err = err, .error_text = xstrdup(text), .body = xstrdup("")};
}

static int seconds_until(int64_t time_ms)
{
    int64_t left_ms = time_ms - clock_ms();
    return left_ms <= 0 ? 0 : (int)((left_ms + 999) / 1000);
}

/* A registry wants to be left alone for a while; the error says until when. */
static void answer_limited(const struct status *status, struct source_answer *answer)
{
    answer_problem(answer, TOO_MANY_REQUESTS, "rate_limited", status->error);
    answer->retry_seconds = seconds_until(status->retry_ms);
}

static void answer_no_platform(const struct document_view *view, const char *platform,
                               struct source_answer *answer)
{
    AUTO(strbuf) struct strbuf detail = STRBUF_INIT(4096);
    strbuf_addf(&detail, "There is no %s. There are:", platform);
    for (const char *line = view->platforms; *line; line += strcspn(line, "\n") + 1)
        strbuf_addf(&detail, " %.*s", (int)strcspn(line, " "), line);
    answer_problem(answer, 404, "platform_missing", strbuf_str(&detail));
}

static void answer_no_tag(const struct asking *asking, struct source_answer *answer)
{
    const struct reference *image = &asking->path->image;
    AUTO(free)
    char *detail = image->digest ? xasprintf("%s has no such version.", asking->shown)
                                 : xasprintf("%s has no tag %s.", asking->shown,
                                             image->tag ? image->tag : "latest");
    answer_problem(answer, 404, image->digest ? "version_missing" : "tag_missing", detail);
}

/* There is no answer, only a status. */
static void answer_status(const struct asking *asking, const struct status *status,
                          struct source_answer *answer)
{
    bool is_limited = status->stage == STAGE_WAITING_RATE_LIMIT;
    AUTO(free) char *detail = xasprintf("There is no public image %s.", asking->shown);
    if (status->status == STATUS_MISSING)
        answer_problem(answer, 404, "image_missing", detail);
    else if (is_limited)
        answer_limited(status, answer);
    else
        answer_json(answer, ACCEPTED, answer_body_status(asking->shown, status));
}

static void answer_found(const struct asking *asking, const struct document_view *view,
                         struct source_answer *answer)
{
    struct strbuf body = STRBUF_INIT(MAX_BODY_BYTES);
    struct fragment_join join;
    fragment_join_start(&join, &body, NULL);
    answer_body_join(view, asking->path->answer, &join);
    if (strbuf_err(&body)) {
        strbuf_release(&body);
        answer_error(answer, ERR_TOOBIG, err_str(ERR_TOOBIG));
        return;
    }
    *answer = (struct source_answer){.status = 200, .body_bytes = body.len};
    answer->body = strbuf_detach(&body);
    answer->is_pending =
        asking->request->wait == SOURCE_COMPLETE && !status_is_final(&view->status);
    answer->retry_seconds = seconds_until(view->status.retry_ms);
}

static void answer_view(const struct asking *asking, const struct document_view *view,
                        struct source_answer *answer)
{
    bool has_all_tags = asking->end == LOCAL_DONE &&
                        (view->status.status == STATUS_SIZE || status_is_final(&view->status));
    switch (view->find) {
    case DOCUMENT_NO_TAG:
        if (has_all_tags)
            answer_no_tag(asking, answer);
        else
            answer_status(asking, &view->status, answer);
        break;
    case DOCUMENT_NO_PLATFORM:
        answer_no_platform(view, asking->path->platform, answer);
        break;
    case DOCUMENT_FOUND:
        answer_found(asking, view, answer);
        break;
    default:
        answer_status(asking, &view->status, answer);
    }
}

/* Work */

static int read_document(const struct asking *asking, struct document_in_memory *ret_document)
{
    const struct reference *image = &asking->path->image;
    const struct document_query query = {
        .name = asking->name,
        .tag = image->digest ? NULL : image->tag,
        .digest = image->digest,
        .platform = asking->path->platform,
        .answer = asking->path->answer,
    };
    return local_read(asking->source->local, &query, ret_document);
}

static bool goes_well(const struct asking *asking, const struct document_view *view)
{
    return asking->end == LOCAL_DONE && view->status.status != STATUS_FAILED &&
           view->status.stage != STAGE_WAITING_RATE_LIMIT;
}

/* Nothing is known of the image, or not of this version of it. */
static bool wants_inspection(const struct document_view *view)
{
    return view->find != DOCUMENT_FOUND && view->find != DOCUMENT_NO_PLATFORM;
}

/* What is asked for is there, or will be; not all that belongs to it is. */
static bool wants_measurement(const struct asking *asking, const struct document_view *view)
{
    return asking->request->wait == SOURCE_COMPLETE && goes_well(asking, view) &&
           (view->find == DOCUMENT_FOUND || view->find == DOCUMENT_PENDING) &&
           !status_is_final(&view->status);
}

/* The image is known by now, but not the one version of it that is asked for. */
static bool wants_version(const struct asking *asking, const struct document_view *view)
{
    return goes_well(asking, view) && view->find == DOCUMENT_PENDING && *view->digest;
}

static int inspect_image(struct asking *asking, struct document_in_memory *document)
{
    asking->end =
        local_inspect(asking->source->local, &asking->path->image, asking->request->deadline_ms);
    return read_document(asking, document);
}

static int measure_image(struct asking *asking, struct document_in_memory *document)
{
    asking->end =
        local_measure(asking->source->local, &asking->path->image, asking->request->deadline_ms);
    return read_document(asking, document);
}

static int inspect_version(struct asking *asking, struct document_in_memory *document)
{
    struct reference image;
    const struct document_view *view = &document->view;
    reference_copy(&image, &asking->path->image);
    free(image.digest);
    image.digest = xstrdup(*view->child_digest ? view->child_digest : view->digest);
    asking->end = local_inspect(asking->source->local, &image, asking->request->deadline_ms);
    reference_release(&image);
    return read_document(asking, document);
}

/* Does what is wanted, and reads. */
static int work(struct asking *asking, struct document_in_memory *document)
{
    const struct document_view *view = &document->view;
    int err = read_document(asking, document);
    asking->source->shown = asking->shown;
    if (err == 0 && wants_inspection(view))
        err = inspect_image(asking, document);
    if (err == 0 && wants_measurement(asking, view))
        err = measure_image(asking, document);
    if (err == 0 && wants_version(asking, view))
        err = inspect_version(asking, document);
    asking->source->shown = NULL;
    return err == 0 && asking->end == LOCAL_INTERRUPTED ? ERR_CANCELLED : err;
}

/* take: what becomes of the view; told only where there is one. */
typedef void take_view(void *arg, const struct asking *asking, const struct document_view *view);

static void ask(struct local_source *source, const struct source_request *request,
                const struct local_path *path, take_view *take, void *arg,
                struct source_answer *answer)
{
    struct document_in_memory document;
    AUTO(free) char *name = reference_canonical(&path->image);
    AUTO(free) char *shown = reference_shown(&path->image);
    struct asking asking = {
        .source = source, .request = request, .path = path, .name = name, .shown = shown};
    AUTO(free)
    char *detail = xasprintf("The registry %.100s may not be asked. MB_REGISTRIES can allow it.",
                             path->image.registry);
    if (!local_allows(source->local, path->image.registry)) {
        answer_problem(answer, 400, "registry_not_allowed", detail);
        return;
    }
    if (path->is_status) {
        answer_json(answer, 200, answer_body_status(shown, local_status(source->local, name)));
        return;
    }
    int err = work(&asking, &document);
    if (err)
        answer_error(answer, err, err == ERR_CANCELLED ? "interrupted" : err_str(err));
    else
        take(arg, &asking, &document.view);
}

static void take_answer(void *arg, const struct asking *asking, const struct document_view *view)
{
    answer_view(asking, view, arg);
}

/* Comparing */

struct side {
    struct source_answer *answer; /* where it is not there */
    char *reference;
    char image_digest[DIGEST_BYTES];
    const char *status;
    json_t *version; /* NULL: not there */
};

static void take_side(void *arg, const struct asking *asking, const struct document_view *view)
{
    struct side *side = arg;
    const struct reference *image = &asking->path->image;
    const char *sign = image->digest ? "@" : image->tag ? ":" : "";
    const char *version = image->digest ? image->digest : image->tag ? image->tag : "";
    answer_view(asking, view, side->answer);
    if (view->find != DOCUMENT_FOUND || side->answer->err)
        return;
    side->reference = xasprintf("%s%s%s", asking->shown, sign, version);
    side->version = source_answer_json(side->answer);
    side->status = image_status_str(view->status.status);
    (void)snprintf(side->image_digest, sizeof(side->image_digest), "%s", view->child_digest);
    if (side->version)
        source_answer_release(side->answer);
}

static void compare(const struct side *sides, struct source_answer *answer)
{
    static const char *const keys[] = {"A", "B"};
    const struct compare_side a = {sides[0].reference, sides[0].image_digest, sides[0].version};
    const struct compare_side b = {sides[1].reference, sides[1].image_digest, sides[1].version};
    json_t *result = compare_versions(&a, &b);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        json_object_set_new(json_object_get(result, keys[i]), "Status",
                            json_string(sides[i].status));
    answer_json(answer, 200, result);
}

static void get_comparison(struct local_source *source, const struct source_request *request,
                           const struct local_path *paths, struct source_answer *answer)
{
    struct side sides[2] = {{.answer = answer}, {.answer = answer}};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        ask(source, request, &paths[i], take_side, &sides[i], answer);
        if (!sides[i].version)
            break;
    }
    if (sides[0].version && sides[1].version)
        compare(sides, answer);
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        free(sides[i].reference);
        json_decref(sides[i].version);
    }
}

static void local_get(struct source *source, const struct source_request *request,
                      struct source_answer *ret_answer)
{
    struct local_source *own = (struct local_source *)source;
    struct local_path paths[2] = {0};
    const char *why = NULL;
    bool is_comparison = true;
    int err = local_path_parse_compare(request->path, paths, &why);
    if (err == ERR_UNSUPPORTED) {
        is_comparison = false;
        err = local_path_parse(request->path, &paths[0], &why);
    }
    if (err == ERR_UNSUPPORTED)
        answer_problem(ret_answer, 501, "needs_server", "only a server can answer this");
    else if (err)
        answer_problem(ret_answer, 400, "bad_request", why);
    else if (is_comparison)
        get_comparison(own, request, paths, ret_answer);
    else
        ask(own, request, &paths[0], take_answer, ret_answer, ret_answer);
    local_path_release(&paths[0]);
    local_path_release(&paths[1]);
}

/* Nothing works on an image between two calls: its status is the last one. */
static int local_watch(struct source *source, const char *ref, int64_t deadline_ms,
                       struct source_answer *ret_answer)
{
    AUTO(free) char *path = xasprintf("/v1/status/%s", ref);
    const struct source_request request = {.path = path, .deadline_ms = deadline_ms};
    local_get(source, &request, ret_answer);
    if (ret_answer->status != 200)
        return ERR_PROTO;
    JSON_AUTO
    json_t *status = source_answer_json(ret_answer);
    if (source->on_status)
        source->on_status(source->arg, status, ret_answer->body);
    return 0;
}

static void local_source_interrupt(struct source *source)
{
    local_interrupt(((struct local_source *)source)->local);
}

static void local_source_free(struct source *source)
{
    struct local_source *own = (struct local_source *)source;
    local_free(own->local);
    config_release(&own->config);
    free(own);
}

static void on_change(void *arg, const char *name, const struct status *status)
{
    const struct local_source *source = arg;
    (void)name;
    if (!source->base.on_status || !source->shown)
        return;
    JSON_AUTO
    json_t *object = answer_body_status(source->shown, status);
    AUTO(free) char *text = jsonx_dump(object);
    source->base.on_status(source->base.arg, object, text);
}

struct source *source_local_new(struct loop *loop, int argc, char **argv)
{
    static const struct source_ops ops = {
        .get = local_get,
        .watch = local_watch,
        .interrupt = local_source_interrupt,
        .free = local_source_free,
    };
    struct local_source *source = xcalloc(1, sizeof(*source));
    source->base.ops = &ops;
    config_load(&source->config, PROGRAM_CLIENT, argc, argv);
    source->local = local_new(loop, &source->config);
    local_on_change(source->local, on_change, source);
    return &source->base;
}
