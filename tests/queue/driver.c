/* One consumer process for the queues' tests: a JSON object a line on stdin is a command, a line on
 * stdout its result, under the command's id, when it is there.
 *   queue-driver VISIBILITY_MS MAX_RECEIVES NAME=URL...
 * {"id":1,"op":"send","queue":"a","body":"...","delay_ms":0}    (see `operations` below)
 * Received messages are kept; "message" names one by the id of its receive. With "wait" true the
 * waiting form is used. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "err.h"
#include "httpc.h"
#include "jsonx.h"
#include "loop.h"
#include "mem.h"
#include "queue.h"

#define MAX_QUEUES 8
#define MAX_MESSAGES 1000

struct command {
    int64_t id;
    json_t *json;
    struct queue *queue;
    struct queue_message *message;
};

static struct loop *loop;
static struct queue *queues[MAX_QUEUES];
static char *queue_names[MAX_QUEUES];
static struct queue_message *messages[MAX_MESSAGES];

/* Results */

static void answer(int64_t id, int err, json_t *result)
{
    if (!result)
        result = json_object();
    json_object_set_new(result, "id", json_integer(id));
    json_object_set_new(result, "err", json_string(err_str(err)));
    AUTO(free) char *text = jsonx_dump(result);
    json_decref(result);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

static void command_free(struct command *command)
{
    json_decref(command->json);
    free(command);
}

static void on_done(void *arg, int err)
{
    struct command *command = arg;
    answer(command->id, err, NULL);
    command_free(command);
}

static json_t *message_json(const struct queue_message *message)
{
    if (!message)
        return json_pack("{s:n}", "body");
    return json_pack("{s:s, s:s, s:s%, s:i, s:I}", "message_id", message->id, "receipt",
                     message->receipt, "body", message->body, message->body_bytes, "receive_count",
                     message->receive_count, "sent_ms", (json_int_t)message->sent_ms);
}

static void on_received(void *arg, int err, struct queue_message *message)
{
    struct command *command = arg;
    if (message)
        messages[command->id % MAX_MESSAGES] = message;
    answer(command->id, err, err ? NULL : message_json(message));
    command_free(command);
}

static void on_depth(void *arg, int err, const struct queue_depth *depth)
{
    struct command *command = arg;
    json_t *json =
        err ? NULL
            : json_pack("{s:I, s:I, s:I, s:I}", "waiting", (json_int_t)depth->waiting, "in_flight",
                        (json_int_t)depth->in_flight, "delayed", (json_int_t)depth->delayed,
                        "oldest_age_ms", (json_int_t)depth->oldest_age_ms);
    answer(command->id, err, json);
    command_free(command);
}

/* Operations */

static struct queue *queue_by_name(const char *name)
{
    for (int i = 0; i < MAX_QUEUES; i++)
        if (queue_names[i] && strcmp(queue_names[i], name) == 0)
            return queues[i];
    return NULL;
}

static bool wants_wait(const struct command *command)
{
    return json_is_true(json_object_get(command->json, "wait"));
}

static const char *body_of(const struct command *command, size_t *ret_len)
{
    const json_t *body = json_object_get(command->json, "body");
    *ret_len = json_string_length(body);
    return json_string_value(body);
}

static void run_send(struct command *command)
{
    size_t len;
    const char *body = body_of(command, &len);
    int64_t delay_ms = jsonx_int(command->json, "delay_ms");
    if (wants_wait(command))
        on_done(command, queue_send_wait(command->queue, body, len, delay_ms));
    else
        queue_send(command->queue, body, len, delay_ms, on_done, command);
}

static void run_receive(struct command *command)
{
    int wait_ms = (int)jsonx_int(command->json, "wait_ms");
    struct queue_message *message = NULL;
    if (wants_wait(command)) {
        int err = queue_receive_wait(command->queue, wait_ms, &message);
        on_received(command, err, message);
    } else {
        queue_receive(command->queue, wait_ms, on_received, command);
    }
}

static void run_stop(struct command *command)
{
    queue_stop_receive(command->queue);
    on_done(command, 0);
}

static void run_extend(struct command *command)
{
    int64_t visibility_ms = jsonx_int(command->json, "visibility_ms");
    if (wants_wait(command))
        on_done(command, queue_extend_wait(command->queue, command->message, visibility_ms));
    else
        queue_extend(command->queue, command->message, visibility_ms, on_done, command);
}

static void run_delete(struct command *command)
{
    if (wants_wait(command))
        on_done(command, queue_delete_wait(command->queue, command->message));
    else
        queue_delete(command->queue, command->message, on_done, command);
}

static void run_complete(struct command *command)
{
    size_t len;
    const char *body = body_of(command, &len);
    struct queue *next = queue_by_name(jsonx_str(command->json, "next"));
    if (wants_wait(command))
        on_done(command, queue_complete_wait(command->queue, command->message, next, body, len));
    else
        queue_complete(command->queue, command->message, next, body, len, on_done, command);
}

static void run_defer(struct command *command)
{
    size_t len;
    const char *body = body_of(command, &len);
    int64_t delay_ms = jsonx_int(command->json, "delay_ms");
    if (wants_wait(command))
        on_done(command, queue_defer_wait(command->queue, command->message, body, len, delay_ms));
    else
        queue_defer(command->queue, command->message, body, len, delay_ms, on_done, command);
}

static void run_dead(struct command *command)
{
    const char *reason = jsonx_str(command->json, "reason");
    if (wants_wait(command))
        on_done(command, queue_dead_wait(command->queue, command->message, reason));
    else
        queue_dead(command->queue, command->message, reason, on_done, command);
}

static void run_depth(struct command *command)
{
    struct queue_depth depth;
    if (wants_wait(command)) {
        int err = queue_depth_wait(command->queue, &depth);
        on_depth(command, err, &depth);
    } else {
        queue_depth(command->queue, on_depth, command);
    }
}

static void run_check(struct command *command)
{
    if (wants_wait(command))
        on_done(command, queue_check_wait(command->queue));
    else
        queue_check(command->queue, on_done, command);
}

static void run_health(struct command *command)
{
    answer(command->id, 0,
           json_pack("{s:b, s:s?, s:s, s:s}", "healthy", queue_is_healthy(command->queue),
                     "problem", queue_problem(command->queue), "last_error",
                     queue_last_error(command->queue), "name", queue_name(command->queue)));
    command_free(command);
}

static void run_free(struct command *command)
{
    for (int i = 0; i < MAX_QUEUES; i++) {
        if (queues[i] != command->queue)
            continue;
        queues[i] = NULL;
        queue_free(command->queue);
        break;
    }
    on_done(command, 0);
}

/* Credentials are read anew when SQS refuses them: this is how they change under a program. */
static void run_setenv(struct command *command)
{
    setenv(jsonx_str(command->json, "name"), jsonx_str(command->json, "value"), 1);
    on_done(command, 0);
}

static const struct {
    const char *name;
    void (*run)(struct command *command);
} operations[] = {
    {"send", run_send},     {"receive", run_receive}, {"stop", run_stop},
    {"extend", run_extend}, {"delete", run_delete},   {"complete", run_complete},
    {"defer", run_defer},   {"dead", run_dead},       {"depth", run_depth},
    {"check", run_check},   {"health", run_health},   {"free", run_free},
    {"setenv", run_setenv},
};

static void run(const char *line, size_t len)
{
    struct command *command = xcalloc(1, sizeof(*command));
    if (jsonx_parse(line, len, &command->json) != 0)
        abort();
    command->id = jsonx_int(command->json, "id");
    command->queue = queue_by_name(jsonx_str(command->json, "queue"));
    command->message = messages[jsonx_int(command->json, "message") % MAX_MESSAGES];
    const char *name = jsonx_str(command->json, "op");
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (strcmp(operations[i].name, name) == 0) {
            operations[i].run(command);
            return;
        }
    }
    abort();
}

static void open_queues(struct httpc *httpc, char **argv, const struct queue_options *options)
{
    for (int i = 0; argv[i] && i < MAX_QUEUES; i++) {
        const char *url = strchr(argv[i], '=') + 1;
        char *why = NULL;
        if (queue_url_check(url, &why) != 0) {
            (void)fprintf(stderr, "%s\n", why);
            exit(2);
        }
        queue_names[i] = xstrndup(argv[i], (size_t)(url - 1 - argv[i]));
        queues[i] = queue_new(loop, httpc, url, options);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    const struct queue_options options = {
        .visibility_ms = (int)strtol(argv[1], NULL, 10),
        .max_receives = (int)strtol(argv[2], NULL, 10),
    };
    loop = loop_new();
    struct httpc *httpc = httpc_new(loop, "queue-driver");
    open_queues(httpc, argv + 3, &options);
    commands_run(loop, run);
    for (int i = 0; i < MAX_QUEUES; i++) {
        queue_free(queues[i]);
        free(queue_names[i]);
    }
    httpc_free(httpc);
    for (int i = 0; i < MAX_MESSAGES; i++)
        queue_message_free(messages[i]);
    loop_free(loop);
    return 0;
}
