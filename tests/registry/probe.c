/* Asks a registry, or the Hub, by the suite's own clients and prints what came of it as JSON:
 * registry-probe [--auth=FILE] [--deadline=MS] [--hub=URL] [--in-order] [--max-body=BYTES]
 * REGISTRIES OPERATION... An OPERATION is "tags NAME", "head NAME:TAG", "manifest NAME@DIGEST",
 * "blob NAME@DIGEST", "hub NAME" or "hub-tags NAME"; they run side by side, or one after the other
 * with --in-order. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "httpc.h"
#include "hub.h"
#include "hub_tags.h"
#include "loop.h"
#include "mem.h"
#include "registries.h"
#include "registry.h"
#include "registry_auth.h"

#define MAX_OPERATIONS 512

struct operation {
    char *kind;
    struct reference reference;
    struct registry_fetch fetch;
    struct registry_tags tags;
    struct hub_facts facts;
    struct hub_tags hub_tags;
};

struct probe {
    struct loop *loop;
    struct registry *registry;
    struct hub *hub;
    int64_t deadline_ms;
    size_t max_body_bytes;
};

static void die(const char *what, const char *text)
{
    (void)fprintf(stderr, "registry-probe: %s: %s\n", what, text);
    exit(2);
}

static void operation_init(struct operation *operation, const char *text)
{
    const char *why = "";
    const char *blank = strchr(text, ' ');
    if (!blank || reference_parse(blank + 1, &operation->reference, &why) != 0)
        die(text, why);
    operation->kind = xstrndup(text, (size_t)(blank - text));
}

static void operation_start(struct probe *probe, struct operation *operation)
{
    const struct reference *reference = &operation->reference;
    if (strcmp(operation->kind, "tags") == 0) {
        registry_tags_start(probe->registry, reference, &operation->tags);
    } else if (strcmp(operation->kind, "hub") == 0) {
        hub_facts_start(probe->hub, reference, &operation->facts, probe->deadline_ms);
    } else if (strcmp(operation->kind, "hub-tags") == 0) {
        hub_tags_start(probe->hub, reference, 1, &operation->hub_tags, probe->deadline_ms);
    } else {
        struct registry_fetch *fetch = &operation->fetch;
        fetch->what = strcmp(operation->kind, "head") == 0   ? REGISTRY_HEAD_MANIFEST
                      : strcmp(operation->kind, "blob") == 0 ? REGISTRY_GET_BLOB
                                                             : REGISTRY_GET_MANIFEST;
        fetch->max_body_bytes = probe->max_body_bytes;
        (void)snprintf(fetch->reference, sizeof(fetch->reference), "%s",
                       reference->digest ? reference->digest
                       : reference->tag  ? reference->tag
                                         : "latest");
        registry_fetch_start(probe->registry, reference, fetch);
    }
}

static const bool *operation_done(const struct operation *operation)
{
    if (strcmp(operation->kind, "tags") == 0)
        return &operation->tags.done;
    if (strcmp(operation->kind, "hub-tags") == 0)
        return &operation->hub_tags.done;
    return strcmp(operation->kind, "hub") == 0 ? &operation->facts.done : &operation->fetch.done;
}

static json_t *tags_json(const struct registry_tags *tags)
{
    json_t *names = json_array();
    for (size_t i = 0; i < tags->count; i++)
        json_array_append_new(names, json_string(tags->names[i]));
    return json_pack("{s:s, s:s, s:I, s:o, s:b}", "err", err_str(tags->err), "text",
                     tags->error_text, "retry_at_ms", (json_int_t)tags->retry_at_ms, "names", names,
                     "truncated", tags->truncated);
}

static json_t *facts_json(const struct hub_facts *facts)
{
    return json_pack("{s:s, s:I, s:s?, s:s?, s:I, s:I}", "err", err_str(facts->err), "retry_at_ms",
                     (json_int_t)facts->retry_at_ms, "description", facts->description,
                     "last_updated", facts->last_updated, "pull_count",
                     (json_int_t)facts->pull_count, "star_count", (json_int_t)facts->star_count);
}

static json_t *hub_tags_json(const struct hub_tags *tags)
{
    json_t *rows = json_object();
    for (size_t i = 0; i < tags->count; i++)
        json_object_set_new(rows, tags->rows[i].name,
                            json_pack("{s:s, s:I, s:I}", "digest", tags->rows[i].digest,
                                      "pushed_ms", (json_int_t)tags->rows[i].pushed_ms,
                                      "size_bytes", (json_int_t)tags->rows[i].size_bytes));
    return json_pack("{s:s, s:I, s:I, s:b, s:i, s:o}", "err", err_str(tags->err), "retry_at_ms",
                     (json_int_t)tags->retry_at_ms, "total", (json_int_t)tags->total, "is_cut",
                     tags->is_cut, "next_page", (int)tags->next_page, "rows", rows);
}

static json_t *fetch_json(const struct registry_fetch *fetch)
{
    char digest[DIGEST_BYTES] = "";
    if (fetch->body)
        digest_sha256(fetch->body, fetch->body_bytes, digest);
    return json_pack("{s:s, s:s, s:I, s:s, s:s?, s:I, s:s}", "err", err_str(fetch->err), "text",
                     fetch->error_text, "retry_at_ms", (json_int_t)fetch->retry_at_ms, "digest",
                     fetch->digest, "media_type", fetch->media_type, "body_bytes",
                     (json_int_t)fetch->body_bytes, "body_sha256", digest);
}

static json_t *operation_json(const struct operation *operation)
{
    json_t *json = strcmp(operation->kind, "tags") == 0       ? tags_json(&operation->tags)
                   : strcmp(operation->kind, "hub") == 0      ? facts_json(&operation->facts)
                   : strcmp(operation->kind, "hub-tags") == 0 ? hub_tags_json(&operation->hub_tags)
                                                              : fetch_json(&operation->fetch);
    if (!json)
        die("a result", "is no valid UTF-8");
    return json;
}

static void operation_release(struct operation *operation)
{
    registry_fetch_cancel(&operation->fetch);
    registry_tags_cancel(&operation->tags);
    hub_facts_cancel(&operation->facts);
    hub_tags_cancel(&operation->hub_tags);
    hub_tags_release(&operation->hub_tags);
    registry_fetch_release(&operation->fetch);
    registry_tags_release(&operation->tags);
    hub_facts_release(&operation->facts);
    reference_release(&operation->reference);
    free(operation->kind);
}

static void run(struct probe *probe, struct operation *operations, int count, bool in_order)
{
    /* A second beyond the deadline: the clients themselves must keep to it. */
    int64_t last_ms = probe->deadline_ms + 1000;
    for (int i = 0; i < count; i++) {
        operation_start(probe, &operations[i]);
        if (in_order)
            loop_run_until(probe->loop, operation_done(&operations[i]), last_ms);
    }
    json_t *results = json_array();
    for (int i = 0; i < count; i++) {
        if (!loop_run_until(probe->loop, operation_done(&operations[i]), last_ms))
            die("an operation", "went on beyond the deadline");
        json_array_append_new(results, operation_json(&operations[i]));
    }
    json_t *all = json_pack("{s:o, s:I}", "results", results, "requests",
                            (json_int_t)registry_requests(probe->registry));
    json_dumpf(all, stdout, 0);
    json_decref(all);
}

static void on_reread(void *arg, const char *why)
{
    (void)arg;
    (void)fprintf(stderr, "registry-probe: credentials: %s\n", why ? why : "read again");
}

int main(int argc, char **argv)
{
    const struct option options[] = {
        {"auth", required_argument, NULL, 'a'},     {"deadline", required_argument, NULL, 'd'},
        {"hub", required_argument, NULL, 'h'},      {"in-order", no_argument, NULL, 'o'},
        {"max-body", required_argument, NULL, 'm'}, {0}};
    struct probe probe = {0};
    const char *hub_url = "none";
    const char *auth_path = REGISTRY_AUTH_NONE;
    long deadline_ms = 60000;
    bool in_order = false;
    for (int letter; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (letter == 'd')
            deadline_ms = strtol(optarg, NULL, 10);
        else if (letter == 'a')
            auth_path = optarg;
        else if (letter == 'h')
            hub_url = optarg;
        else if (letter == 'm')
            probe.max_body_bytes = strtoul(optarg, NULL, 10);
        else if (letter == 'o')
            in_order = true;
        else
            return 2;
    }
    int count = argc - optind - 1;
    if (count < 1 || count > MAX_OPERATIONS)
        die("usage", "registry-probe [OPTION...] REGISTRIES OPERATION...");
    struct registries *registries = NULL;
    AUTO(free) char *why = NULL;
    if (registries_parse(argv[optind], &registries, &why) != 0)
        die("registries", why);
    struct operation *operations = xcalloc((size_t)count, sizeof(*operations));
    for (int i = 0; i < count; i++)
        operation_init(&operations[i], argv[optind + 1 + i]);
    probe.loop = loop_new();
    struct httpc *httpc = httpc_new(probe.loop, "registry-probe");
    probe.registry = registry_new(probe.loop, httpc, registries);
    struct registry_auth *auth = registry_auth_new(auth_path, on_reread, NULL);
    registry_use_auth(probe.registry, auth);
    probe.hub = hub_new(probe.loop, httpc, hub_url, NULL);
    probe.deadline_ms = loop_now_ms(probe.loop) + deadline_ms;
    registry_set_deadline(probe.registry, probe.deadline_ms);
    run(&probe, operations, count, in_order);
    for (int i = 0; i < count; i++)
        operation_release(&operations[i]);
    free(operations);
    hub_free(probe.hub);
    registry_free(probe.registry);
    registry_auth_free(auth);
    httpc_free(httpc);
    loop_free(probe.loop);
    registries_free(registries);
    return 0;
}
