#include "loop.h"

#include <ev.h>
#include <time.h>

#include "mem.h"

struct loop {
    struct ev_loop *ev;
    struct loop_signal *signals;
};

struct loop_io {
    struct loop *loop;
    ev_io watcher;
    int events;
    void (*ready)(void *arg, int events);
    void *arg;
};

struct loop_timer {
    struct loop *loop;
    ev_timer watcher;
    void (*expired)(void *arg);
    void *arg;
};

struct loop_hook {
    struct loop *loop;
    ev_prepare watcher;
    void (*before_sleep)(void *arg);
    void *arg;
};

struct loop_signal {
    ev_signal watcher;
    void (*raised)(void *arg);
    void *arg;
    struct loop_signal *next;
};

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!loop->ev)
        abort();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    while (loop->signals) {
        struct loop_signal *signal = loop->signals;
        loop->signals = signal->next;
        ev_signal_stop(loop->ev, &signal->watcher);
        free(signal);
    }
    ev_loop_destroy(loop->ev);
    free(loop);
}

int64_t loop_now_ms(const struct loop *loop)
{
    (void)loop;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int events_to_ev(int events)
{
    return (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);
}

static void on_io(struct ev_loop *ev, ev_io *watcher, int revents)
{
    (void)ev;
    struct loop_io *io = watcher->data;
    int events = (revents & EV_READ ? LOOP_READ : 0) | (revents & EV_WRITE ? LOOP_WRITE : 0);
    io->ready(io->arg, events & io->events);
}

struct loop_io *loop_io_new(struct loop *loop, int fd, int events,
                            void (*ready)(void *arg, int events), void *arg)
{
    struct loop_io *io = xcalloc(1, sizeof(*io));
    io->loop = loop;
    io->ready = ready;
    io->arg = arg;
    ev_io_init(&io->watcher, on_io, fd, 0);
    io->watcher.data = io;
    loop_io_set(io, events);
    return io;
}

void loop_io_set(struct loop_io *io, int events)
{
    if (events == io->events)
        return;
    io->events = events;
    ev_io_stop(io->loop->ev, &io->watcher);
    ev_io_set(&io->watcher, io->watcher.fd, events_to_ev(events));
    if (events)
        ev_io_start(io->loop->ev, &io->watcher);
}

int loop_io_events(const struct loop_io *io)
{
    return io->events;
}

void loop_io_free(struct loop_io *io)
{
    if (!io)
        return;
    ev_io_stop(io->loop->ev, &io->watcher);
    free(io);
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int revents)
{
    (void)ev;
    (void)revents;
    struct loop_timer *timer = watcher->data;
    timer->expired(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*expired)(void *arg), void *arg)
{
    struct loop_timer *timer = xcalloc(1, sizeof(*timer));
    timer->loop = loop;
    timer->expired = expired;
    timer->arg = arg;
    ev_init(&timer->watcher, on_timer);
    timer->watcher.data = timer;
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms)
{
    ev_timer_stop(timer->loop->ev, &timer->watcher);
    /* libev counts from the start of this turn; a long callback must not shorten the delay. */
    double late = ev_time() - ev_now(timer->loop->ev);
    ev_timer_set(&timer->watcher, (double)(delay_ms > 0 ? delay_ms : 0) / 1000. + late, 0.);
    ev_timer_start(timer->loop->ev, &timer->watcher);
}

void loop_timer_stop(struct loop_timer *timer)
{
    ev_timer_stop(timer->loop->ev, &timer->watcher);
}

bool loop_timer_is_active(const struct loop_timer *timer)
{
    return ev_is_active(&timer->watcher);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return;
    loop_timer_stop(timer);
    free(timer);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *watcher, int revents)
{
    (void)ev;
    (void)revents;
    struct loop_hook *hook = watcher->data;
    hook->before_sleep(hook->arg);
}

struct loop_hook *loop_hook_new(struct loop *loop, void (*before_sleep)(void *arg), void *arg)
{
    struct loop_hook *hook = xcalloc(1, sizeof(*hook));
    hook->loop = loop;
    hook->before_sleep = before_sleep;
    hook->arg = arg;
    ev_prepare_init(&hook->watcher, on_prepare);
    hook->watcher.data = hook;
    ev_prepare_start(loop->ev, &hook->watcher);
    return hook;
}

void loop_hook_free(struct loop_hook *hook)
{
    if (!hook)
        return;
    ev_prepare_stop(hook->loop->ev, &hook->watcher);
    free(hook);
}

static void on_signal(struct ev_loop *ev, ev_signal *watcher, int revents)
{
    (void)ev;
    (void)revents;
    struct loop_signal *signal = watcher->data;
    signal->raised(signal->arg);
}

void loop_on_signal(struct loop *loop, int signum, void (*raised)(void *arg), void *arg)
{
    struct loop_signal *signal = xcalloc(1, sizeof(*signal));
    signal->raised = raised;
    signal->arg = arg;
    signal->next = loop->signals;
    loop->signals = signal;
    ev_signal_init(&signal->watcher, on_signal, signum);
    signal->watcher.data = signal;
    ev_signal_start(loop->ev, &signal->watcher);
}

void loop_run(struct loop *loop)
{
    ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
    ev_break(loop->ev, EVBREAK_ONE);
}

void loop_turn(struct loop *loop)
{
    ev_run(loop->ev, EVRUN_NOWAIT);
}

static void on_deadline(void *arg)
{
    *(bool *)arg = true;
}

bool loop_run_until(struct loop *loop, const bool *done, int64_t deadline_ms)
{
    bool late = deadline_ms <= loop_now_ms(loop);
    struct loop_timer *timer = loop_timer_new(loop, on_deadline, &late);
    loop_timer_start(timer, deadline_ms - loop_now_ms(loop));
    while (!*done && !late)
        ev_run(loop->ev, EVRUN_ONCE);
    loop_timer_free(timer);
    return *done;
}
