#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "err.h"
#include "jsonx.h"
#include "kube.h"
#include "lease_record.h"
#include "loop.h"
#include "mem.h"

/* The figures of Kubernetes' own programs, the jitter, too. */
static const struct lease_times default_times = {15000, 10000, 2000};
#define JITTER_PERCENT 120
#define RELEASE_TIMEOUT_MS 3000

struct lease {
    struct loop *loop;
    struct kube *kube;
    char *name;
    char *identity;
    struct lease_times times;
    json_t *record;         /* as last seen; NULL: not seen, or there is none */
    int64_t observed_ms;    /* when it was first seen to be so */
    bool is_held;           /* as changed was told */
    int64_t renewed_ms;     /* when the last write that made it ours was sent */
    int64_t sent_ms;        /* of the write that is under way */
    struct kube_call *call; /* there is one at most */
    bool has_reread;        /* after a conflict, and has written since to no effect */
    struct loop_timer *try_timer;
    struct loop_timer *deadline_timer;
    char *last_error; /* NULL: none */
    void (*changed)(void *arg, bool is_held);
    void *arg;
    void (*released)(void *arg); /* not NULL: it is given up */
    void *released_arg;
};

/* Counts while the machine sleeps, too. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note(struct lease *lease, const struct kube_answer *answer)
{
    free(lease->last_error);
    lease->last_error = answer->err ? xstrdup(answer->error_text) : NULL;
}

static void observe(struct lease *lease, const json_t *record)
{
    if (!lease_record_is_same(lease->record, record))
        lease->observed_ms = now_ms();
    json_decref(lease->record);
    lease->record = record ? json_deep_copy(record) : NULL;
}

/* Held or not */

static bool is_ours(const struct lease *lease)
{
    return strcmp(lease_record_holder(lease->record), lease->identity) == 0;
}

static void lose(struct lease *lease)
{
    loop_timer_stop(lease->deadline_timer);
    bool was_held = lease->is_held;
    lease->is_held = false;
    if (was_held && !lease->released)
        lease->changed(lease->arg, false);
}

static void on_deadline(void *arg)
{
    lose(arg);
}

/* Counts from when the request was sent: the others may have seen it as early as that. */
static void win(struct lease *lease)
{
    lease->renewed_ms = lease->sent_ms;
    int64_t left_ms = lease->renewed_ms + lease->times.renew_deadline_ms - now_ms();
    if (left_ms <= 0 || lease->released)
        return;
    loop_timer_start(lease->deadline_timer, left_ms);
    bool was_held = lease->is_held;
    lease->is_held = true;
    if (!was_held)
        lease->changed(lease->arg, true);
}

bool lease_is_held(const struct lease *lease)
{
    return lease->is_held && now_ms() - lease->renewed_ms < lease->times.renew_deadline_ms;
}

/* Calls */

static struct kube_call *call_start(struct lease *lease, const char *verb, const json_t *body,
                                    kube_done *done)
{
    const struct kube_request request = {
        .verb = verb,
        .group = "coordination.k8s.io/v1",
        .resource = "leases",
        .name = lease->name,
        .body = body,
        .timeout_ms =
            lease->released ? RELEASE_TIMEOUT_MS : (int)lease->times.renew_deadline_ms / 2,
    };
    return kube_start(lease->kube, &request, done, lease);
}

static void release(struct lease *lease);

static void try_later(struct lease *lease)
{
    if (lease->released) {
        release(lease);
        return;
    }
    int64_t jitter_ms = lease->times.retry_ms * JITTER_PERCENT / 100;
    int64_t extra_ms = lease->is_held ? 0 : clock_backoff_ms(0, jitter_ms, jitter_ms);
    loop_timer_start(lease->try_timer, lease->times.retry_ms + extra_ms);
}

static void read_record(struct lease *lease);

static void on_written(void *arg, const struct kube_answer *answer)
{
    struct lease *lease = arg;
    lease->call = NULL;
    note(lease, answer);
    if (answer->err == 0) {
        lease->has_reread = false;
        observe(lease, answer->json);
        win(lease);
    } else if (answer->err == ERR_CONFLICT || answer->err == ERR_NOTFOUND) {
        /* Somebody else was first, or our own write before this one was not answered. */
        if (lease->is_held && !lease->has_reread) {
            lease->has_reread = true;
            read_record(lease);
            return;
        }
        observe(lease, NULL);
    }
    try_later(lease);
}

static void write_record(struct lease *lease)
{
    JSON_AUTO
    json_t *fresh = lease->record ? NULL : lease_record_new(lease->name);
    JSON_AUTO
    json_t *body = lease_record_held(lease->record ? lease->record : fresh, lease->identity,
                                     lease->times.duration_ms, wall_us());
    lease->sent_ms = now_ms();
    lease->call = call_start(lease, fresh ? "create" : "update", body, on_written);
}

static bool may_take(const struct lease *lease)
{
    if (!lease->record || is_ours(lease) || !*lease_record_holder(lease->record))
        return true;
    return now_ms() - lease->observed_ms >= lease_record_duration_ms(lease->record);
}

static void on_read(void *arg, const struct kube_answer *answer)
{
    struct lease *lease = arg;
    lease->call = NULL;
    note(lease, answer);
    if (answer->err && answer->status != 404) {
        try_later(lease);
        return;
    }
    observe(lease, answer->json);
    if (lease->is_held && !is_ours(lease))
        lose(lease);
    if (may_take(lease) && !lease->released)
        write_record(lease);
    else
        try_later(lease);
}

static void read_record(struct lease *lease)
{
    lease->call = call_start(lease, "get", NULL, on_read);
}

/* The holder renews by the version it wrote itself; the others look first. */
static void on_try(void *arg)
{
    struct lease *lease = arg;
    if (lease->is_held && lease->record)
        write_record(lease);
    else
        read_record(lease);
}

/* Giving up */

static void release_done(struct lease *lease)
{
    void (*released)(void *arg) = lease->released;
    released(lease->released_arg);
}

static void on_released(void *arg, const struct kube_answer *answer)
{
    struct lease *lease = arg;
    lease->call = NULL;
    note(lease, answer);
    release_done(lease);
}

static void release(struct lease *lease)
{
    if (!is_ours(lease)) {
        release_done(lease);
        return;
    }
    JSON_AUTO
    json_t *body = lease_record_released(lease->record, wall_us());
    lease->call = call_start(lease, "update", body, on_released);
}

static void on_release_turn(void *arg)
{
    release(arg);
}

/* What is under way is waited for: by its answer we know the version to write over. */
void lease_release(struct lease *lease, void (*done)(void *arg), void *arg)
{
    lease->released = done;
    lease->released_arg = arg;
    lose(lease);
    loop_timer_free(lease->try_timer);
    lease->try_timer = loop_timer_new(lease->loop, on_release_turn, lease);
    if (!lease->call)
        loop_timer_start(lease->try_timer, 0);
}

/* Start and end */

const char *lease_holder(const struct lease *lease)
{
    return lease_record_holder(lease->record);
}

const char *lease_last_error(const struct lease *lease)
{
    return lease->last_error ? lease->last_error : "";
}

struct lease *lease_new(struct loop *loop, struct kube *kube, const char *name,
                        const char *identity, const struct lease_times *times,
                        void (*changed)(void *arg, bool is_held), void *arg)
{
    unsigned digits = 0;
    if (getrandom(&digits, sizeof(digits), 0) != sizeof(digits))
        abort();
    struct lease *lease = xcalloc(1, sizeof(*lease));
    lease->loop = loop;
    lease->kube = kube;
    lease->name = xstrdup(name);
    lease->identity = xasprintf("%s_%08x", identity, digits);
    lease->times = times ? *times : default_times;
    lease->changed = changed;
    lease->arg = arg;
    lease->try_timer = loop_timer_new(loop, on_try, lease);
    lease->deadline_timer = loop_timer_new(loop, on_deadline, lease);
    loop_timer_start(lease->try_timer, 0);
    return lease;
}

void lease_free(struct lease *lease)
{
    if (!lease)
        return;
    kube_cancel(lease->call);
    loop_timer_free(lease->try_timer);
    loop_timer_free(lease->deadline_timer);
    json_decref(lease->record);
    free(lease->last_error);
    free(lease->identity);
    free(lease->name);
    free(lease);
}
