/* The scaler's Kubernetes client without the scaler, for tests: a JSON object a line on stdin is a
 * command, a line on stdout its result, under the command's id, or an event, without one.
 *   kube-driver KUBECONFIG NAMESPACE ACCOUNT_DIRECTORY    ("" stands for what kube.h says of NULL)
 * {"id":1,"op":"scale","name":"size","replicas":3}    (see `operations` below) */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "deployment.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "kube.h"
#include "lease.h"
#include "loop.h"
#include "mem.h"

#define MAX_DEPLOYMENTS 4

struct command {
    struct command *next;
    int64_t id;
    json_t *json;
};

static struct loop *loop;
static struct kube *kube;
static struct deployment *deployments[MAX_DEPLOYMENTS];
static struct lease *lease;
static struct command *commands; /* without an answer yet */

/* Output */

static void put(json_t *line)
{
    AUTO(free) char *text = jsonx_dump(line);
    json_decref(line);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

static void command_free(struct command *command)
{
    struct command **place = &commands;
    while (*place != command)
        place = &(*place)->next;
    *place = command->next;
    json_decref(command->json);
    free(command);
}

static void answer(struct command *command, json_t *result)
{
    if (!result)
        result = json_object();
    json_object_set_new(result, "id", json_integer(command->id));
    put(result);
    command_free(command);
}

/* Deployments */

static struct deployment *deployment_of(const struct command *command)
{
    const char *name = jsonx_str(command->json, "name");
    for (int i = 0; i < MAX_DEPLOYMENTS; i++)
        if (deployments[i] && strcmp(deployment_name(deployments[i]), name) == 0)
            return deployments[i];
    abort();
}

static json_t *state_of(const struct deployment *deployment, int64_t stale_ms)
{
    return json_pack("{s:s, s:b, s:i, s:i, s:s}", "name", deployment_name(deployment), "known",
                     (int)deployment_is_known(deployment, stale_ms), "replicas",
                     deployment_replicas(deployment), "available", deployment_available(deployment),
                     "error", deployment_last_error(deployment));
}

static void on_changed(void *arg)
{
    struct deployment **place = arg;
    put(state_of(*place, INT64_MAX));
}

static void run_open(struct command *command)
{
    int i = 0;
    while (deployments[i])
        i++;
    deployments[i] =
        deployment_new(loop, kube, jsonx_str(command->json, "name"), on_changed, &deployments[i]);
    answer(command, NULL);
}

static void run_state(struct command *command)
{
    int64_t stale_ms = jsonx_int(command->json, "stale_ms");
    answer(command, state_of(deployment_of(command), stale_ms ? stale_ms : INT64_MAX));
}

static void on_scaled(void *arg, int err, int64_t retry_after_ms)
{
    struct command *command = arg;
    const struct deployment *deployment = deployment_of(command);
    answer(command,
           json_pack("{s:s, s:I, s:i, s:s}", "err", err_str(err), "retry_after_ms",
                     (json_int_t)retry_after_ms, "replicas", deployment_replicas(deployment),
                     "error", deployment_last_error(deployment)));
}

static void run_scale(struct command *command)
{
    bool is_dry_run = json_is_true(json_object_get(command->json, "dry_run"));
    deployment_scale(deployment_of(command), (int)jsonx_int(command->json, "replicas"), is_dry_run,
                     on_scaled, command);
}

/* The lease */

static void on_lease(void *arg, bool is_held)
{
    (void)arg;
    put(json_pack("{s:b, s:s, s:I}", "held", (int)is_held, "holder", lease_holder(lease), "at_ms",
                  (json_int_t)loop_now_ms(loop)));
}

static void run_elect(struct command *command)
{
    const json_t *json = command->json;
    const struct lease_times times = {
        .duration_ms = jsonx_int(json, "duration_ms"),
        .renew_deadline_ms = jsonx_int(json, "renew_deadline_ms"),
        .retry_ms = jsonx_int(json, "retry_ms"),
    };
    lease = lease_new(loop, kube, jsonx_str(json, "name"), jsonx_str(json, "identity"),
                      times.duration_ms ? &times : NULL, on_lease, NULL);
    answer(command, NULL);
}

static void run_lease(struct command *command)
{
    answer(command, json_pack("{s:b, s:s, s:s}", "held", (int)lease_is_held(lease), "holder",
                              lease_holder(lease), "error", lease_last_error(lease)));
}

static void on_released(void *arg)
{
    answer(arg, NULL);
}

static void run_release(struct command *command)
{
    lease_release(lease, on_released, command);
}

/* Any call */

static void on_called(void *arg, const struct kube_answer *result)
{
    answer(arg,
           json_pack("{s:i, s:s, s:I, s:s, s:O?}", "status", result->status, "err",
                     err_str(result->err), "retry_after_ms", (json_int_t)result->retry_after_ms,
                     "error", result->error_text, "json", result->json));
}

static void run_call(struct command *command)
{
    const json_t *json = command->json;
    const struct kube_request request = {
        .verb = jsonx_str(json, "verb"),
        .group = jsonx_str(json, "group"),
        .resource = jsonx_str(json, "resource"),
        .name = jsonx_str(json, "name"),
        .body = jsonx_object(json, "body"),
        .query = json_object_get(json, "query") ? jsonx_str(json, "query") : NULL,
        .timeout_ms = (int)jsonx_int(json, "timeout_ms"),
    };
    (void)kube_start(kube, &request, on_called, command);
}

static void run_namespace(struct command *command)
{
    answer(command, json_pack("{s:s}", "ns", kube_namespace(kube)));
}

static const struct {
    const char *name;
    void (*run)(struct command *command);
} operations[] = {
    {"open", run_open},   {"state", run_state},         {"scale", run_scale},
    {"elect", run_elect}, {"lease", run_lease},         {"release", run_release},
    {"call", run_call},   {"namespace", run_namespace},
};

static void run(const char *line, size_t len)
{
    struct command *command = xcalloc(1, sizeof(*command));
    if (jsonx_parse(line, len, &command->json) != 0)
        abort();
    command->next = commands;
    commands = command;
    command->id = jsonx_int(command->json, "id");
    const char *name = jsonx_str(command->json, "op");
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (strcmp(operations[i].name, name) == 0) {
            operations[i].run(command);
            return;
        }
    }
    abort();
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const struct kube_options options = {
        .kubeconfig = argv[1],
        .ns = argv[2],
        .account_directory = *argv[3] ? argv[3] : NULL,
    };
    loop = loop_new();
    struct httpc *httpc = httpc_new(loop, "kube-driver");
    AUTO(free) char *why = NULL;
    kube = kube_new(loop, httpc, &options, &why);
    if (!kube)
        (void)fprintf(stderr, "%s\n", why);
    if (kube)
        commands_run(loop, run);
    for (int i = 0; i < MAX_DEPLOYMENTS; i++)
        deployment_free(deployments[i]);
    lease_free(lease);
    while (commands)
        command_free(commands);
    int status = kube ? 0 : 2;
    kube_free(kube);
    httpc_free(httpc);
    loop_free(loop);
    return status;
}
