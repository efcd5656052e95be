#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "answer.h"
#include "client_address.h"
#include "hash.h"
#include "httpd_stream.h"
#include "loop.h"
#include "mem.h"
#include "redis.h"
#include "status.h"
#include "waiting.h"

#define HEARTBEAT_MS 15000   /* proxies close what is silent for longer */
#define READ_INTERVAL_MS 100 /* between two reads of one image's state */
#define SENDS_A_TURN 256     /* then the loop's other work gets its turn */
#define RETRY_SECONDS 5

static const char *const stream_headers[] = {"Content-Type",
                                             "text/event-stream; charset=utf-8",
                                             "Cache-Control",
                                             "no-store",
                                             "X-Accel-Buffering",
                                             "no",
                                             "Access-Control-Allow-Origin",
                                             "*",
                                             "Access-Control-Expose-Headers",
                                             ANSWER_EXPOSED_HEADERS,
                                             "X-Content-Type-Options",
                                             "nosniff",
                                             NULL};

/* One client. */
struct listener {
    struct channel *channel;
    struct listener *prev, *next;           /* of its channel */
    struct listener *prev_beat, *next_beat; /* of all, longest silent first */
    struct httpd_request *request;          /* until its stream is open */
    struct httpd_stream *stream;
    uint64_t seen; /* number of the state it was sent last */
    int64_t sent_ms;
    char client[CLIENT_ADDRESS_BYTES];
    char last_id[64]; /* what it knew when it came */
};

/* One image and its clients. */
struct channel {
    struct events *events;
    UT_hash_handle hh;
    struct listener *listeners;
    struct listener *cursor; /* who is looked at next for what it has not seen; NULL: nobody */
    struct httpd_piece *piece;
    char *text;      /* the state as an event, NULL before the first read */
    uint64_t number; /* counts states */
    bool is_final;
    bool is_dirty; /* the state may have changed since it was read */
    bool is_reading;
    unsigned holds; /* callbacks to come, or a step under way */
    int64_t read_ms;
    struct loop_timer *timer; /* the next step */
    char id[64];
    char *shown;
    char name[];
};

struct events {
    struct service *service;
    struct channel *channels;
    struct listener *beats;
    struct loop_timer *beat_timer;
    struct httpd_piece *comment;
    struct httpd_piece *farewell;
};

static struct httpd_piece *piece_of(const char *text)
{
    return httpd_piece_new(text, strlen(text));
}

/* Heartbeats: only what is sent to a client that has left tells libmicrohttpd so. */

static void arm_heartbeat(struct events *events)
{
    if (!events->beats) {
        loop_timer_stop(events->beat_timer);
        return;
    }
    int64_t due_ms = events->beats->sent_ms + HEARTBEAT_MS;
    loop_timer_start(events->beat_timer, due_ms - loop_now_ms(events->service->loop));
}

static void note_sent(struct listener *listener)
{
    struct events *events = listener->channel->events;
    listener->sent_ms = loop_now_ms(events->service->loop);
    DL_DELETE2(events->beats, listener, prev_beat, next_beat);
    DL_APPEND2(events->beats, listener, prev_beat, next_beat);
}

static void on_heartbeat(void *arg)
{
    struct events *events = arg;
    int64_t silent_since_ms = loop_now_ms(events->service->loop) - HEARTBEAT_MS;
    for (int i = 0; i < SENDS_A_TURN && events->beats; i++) {
        struct listener *listener = events->beats;
        if (listener->sent_ms > silent_since_ms)
            break;
        if (listener->stream && !httpd_stream_is_busy(listener->stream))
            httpd_stream_send(listener->stream, events->comment);
        note_sent(listener);
    }
    arm_heartbeat(events);
}

/* Clients coming and going */

static void channel_step(void *arg);

static struct channel *channel_get(struct events *events, const struct reference *image)
{
    AUTO(free) char *name = reference_canonical(image);
    size_t len = strlen(name);
    struct channel *channel = NULL;
    HASH_FIND(hh, events->channels, name, len, channel);
    if (channel)
        return channel;
    channel = xcalloc(1, sizeof(*channel) + len + 1);
    memcpy(channel->name, name, len + 1);
    channel->events = events;
    channel->is_dirty = true;
    channel->shown = reference_shown(image);
    channel->timer = loop_timer_new(events->service->loop, channel_step, channel);
    HASH_ADD(hh, events->channels, name, len, channel);
    return channel;
}

static void channel_release(struct channel *channel)
{
    if (channel->listeners || channel->holds)
        return;
    HASH_DEL(channel->events->channels, channel);
    loop_timer_free(channel->timer);
    httpd_piece_unref(channel->piece);
    free(channel->text);
    free(channel->shown);
    free(channel);
}

static void listener_free(struct listener *listener)
{
    struct channel *channel = listener->channel;
    struct events *events = channel->events;
    if (channel->cursor == listener)
        channel->cursor = listener->next;
    DL_DELETE(channel->listeners, listener);
    DL_DELETE2(events->beats, listener, prev_beat, next_beat);
    waiting_leave(events->service->waiting, listener->client);
    free(listener);
    if (!events->beats)
        arm_heartbeat(events);
    channel_release(channel);
}

static void on_closed(void *arg)
{
    listener_free(arg);
}

/* Takes response; for who has no stream yet. */
static void listener_refuse(struct listener *listener, struct httpd_response *response)
{
    service_reply(listener->request, response);
    httpd_response_unref(response);
    listener_free(listener);
}

static struct listener *listener_new(struct events *events, struct httpd_request *request)
{
    const char *last_id = httpd_header(request, "Last-Event-ID");
    struct listener *listener = xcalloc(1, sizeof(*listener));
    listener->request = request;
    listener->sent_ms = loop_now_ms(events->service->loop);
    (void)snprintf(listener->last_id, sizeof(listener->last_id), "%s", last_id ? last_id : "");
    service_client(events->service, request, listener->client);
    return listener;
}

/* Sending */

static void listener_send(struct listener *listener)
{
    struct channel *channel = listener->channel;
    if (listener->seen == channel->number)
        return;
    if (listener->request && channel->is_final && strcmp(listener->last_id, channel->id) == 0) {
        listener_refuse(listener, answer_no_content());
        return;
    }
    if (listener->request) {
        service_count(200);
        listener->stream =
            httpd_stream_open(TAKE(listener->request), stream_headers, on_closed, listener);
    }
    listener->seen = channel->number;
    httpd_stream_send(listener->stream, channel->piece);
    note_sent(listener);
    if (channel->is_final)
        httpd_stream_end(listener->stream);
}

static void send_some(struct channel *channel)
{
    for (int i = 0; i < SENDS_A_TURN && channel->cursor; i++) {
        struct listener *listener = channel->cursor;
        channel->cursor = listener->next;
        listener_send(listener);
    }
}

/* Reading */

static void set_state(struct channel *channel, const struct status *status)
{
    AUTO(free) char *json = answer_status_text(channel->shown, status);
    /* Two states may be of one millisecond; who knows the final one must not mean another. */
    (void)snprintf(channel->id, sizeof(channel->id), "%lld-%lld%s", (long long)status->revision,
                   (long long)status->updated_ms, status_is_final(status) ? "-final" : "");
    AUTO(free)
    char *text = xasprintf("retry: 3000\nid: %s\nevent: status\ndata: %s\n\n", channel->id, json);
    if (channel->text && strcmp(channel->text, text) == 0)
        return;
    free(channel->text);
    channel->text = TAKE(text);
    httpd_piece_unref(channel->piece);
    channel->piece = piece_of(channel->text);
    channel->is_final = status_is_final(status);
    channel->number++;
}

/* Who has a stream keeps it, and learns more after the resubscription. */
static void refuse_new_ones(struct channel *channel)
{
    struct listener *listener, *next;
    DL_FOREACH_SAFE(channel->listeners, listener, next)
    {
        if (listener->request)
            listener_refuse(listener, answer_problem(503, "cache_unavailable",
                                                     "The store of results cannot be reached right "
                                                     "now. Try again soon.",
                                                     RETRY_SECONDS));
    }
}

static void on_status(void *arg, int err, const struct status *status)
{
    struct channel *channel = arg;
    channel->is_reading = false;
    if (err) {
        channel->is_dirty = true;
        refuse_new_ones(channel);
    } else {
        set_state(channel, status);
        channel->cursor = channel->listeners;
        loop_timer_start(channel->timer, 0);
    }
    channel->holds--;
    channel_release(channel);
}

static void read_when_due(struct channel *channel)
{
    const struct service *service = channel->events->service;
    int64_t due_ms = channel->text ? channel->read_ms + READ_INTERVAL_MS : 0;
    int64_t now_ms = loop_now_ms(service->loop);
    if (now_ms < due_ms) {
        loop_timer_start(channel->timer, due_ms - now_ms);
        return;
    }
    channel->read_ms = now_ms;
    channel->is_dirty = false;
    channel->is_reading = true;
    channel->holds++;
    status_read(service->redis, channel->name, on_status, channel);
}

/* The timer's callback, and the only place that sends and reads. */
static void channel_step(void *arg)
{
    struct channel *channel = arg;
    channel->holds++;
    send_some(channel);
    if (channel->cursor)
        loop_timer_start(channel->timer, 0);
    else if (channel->is_dirty && !channel->is_reading && channel->listeners)
        read_when_due(channel);
    channel->holds--;
    channel_release(channel);
}

/* The interface */

struct events *events_new(struct service *service)
{
    struct events *events = xcalloc(1, sizeof(*events));
    events->service = service;
    events->beat_timer = loop_timer_new(service->loop, on_heartbeat, events);
    events->comment = piece_of(":\n\n");
    events->farewell = piece_of("retry: 500\n\n");
    return events;
}

void events_free(struct events *events)
{
    loop_timer_free(events->beat_timer);
    httpd_piece_unref(events->comment);
    httpd_piece_unref(events->farewell);
    free(events);
}

void events_join(struct events *events, struct httpd_request *request,
                 const struct reference *image)
{
    struct service *service = events->service;
    struct listener *listener = listener_new(events, request);
    if (service->is_draining || !waiting_enter(service->waiting, listener->client)) {
        struct httpd_response *response = answer_too_many_waiting();
        service_reply(request, response);
        httpd_response_unref(response);
        free(listener);
        return;
    }
    httpd_suspend(request);
    struct channel *channel = channel_get(events, image);
    listener->channel = channel;
    DL_APPEND(channel->listeners, listener);
    DL_APPEND2(events->beats, listener, prev_beat, next_beat);
    if (!loop_timer_is_active(events->beat_timer))
        arm_heartbeat(events);
    if (!channel->cursor)
        channel->cursor = channel->text ? listener : NULL;
    channel->is_dirty |= !service->is_subscribed;
    loop_timer_start(channel->timer, 0);
}

void events_notice(struct events *events, const char *name)
{
    struct channel *channel = NULL, *next;
    if (name) {
        HASH_FIND(hh, events->channels, name, strlen(name), channel);
        if (!channel)
            return;
        channel->is_dirty = true;
        if (!loop_timer_is_active(channel->timer))
            loop_timer_start(channel->timer, 0);
        return;
    }
    HASH_ITER(hh, events->channels, channel, next)
    {
        channel->is_dirty = true;
        loop_timer_start(channel->timer, 0);
    }
}

static void listener_end(struct listener *listener)
{
    if (listener->request) {
        listener_refuse(listener,
                        answer_problem(503, "stopping", "This server is stopping. Try again.", 1));
        return;
    }
    httpd_stream_send(listener->stream, listener->channel->events->farewell);
    httpd_stream_end(listener->stream);
}

void events_end(struct events *events)
{
    struct channel *channel, *next_channel;
    HASH_ITER(hh, events->channels, channel, next_channel)
    {
        struct listener *listener, *next;
        channel->holds++;
        DL_FOREACH_SAFE(channel->listeners, listener, next) listener_end(listener);
        channel->holds--;
        channel_release(channel);
    }
}
