/* The one event loop of a program. Only loop.c includes libev; the doors to the other libraries
 * register their descriptors here. Callbacks run from the loop, never from inside a call. */
#ifndef MB_LOOP_H
#define MB_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_io;
struct loop_timer;
struct loop_hook;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Monotonic milliseconds as of this turn of the loop; loop_run_until refreshes it. */
int64_t loop_now_ms(const struct loop *loop);

/* Watches fd for `events` (0: nothing yet); stop or free it before closing fd. */
struct loop_io *loop_io_new(struct loop *loop, int fd, int events,
                            void (*ready)(void *arg, int events), void *arg);
void loop_io_set(struct loop_io *io, int events);
int loop_io_events(const struct loop_io *io);
void loop_io_free(struct loop_io *io);

/* A one-shot timer; starting it again moves it. */
struct loop_timer *loop_timer_new(struct loop *loop, void (*expired)(void *arg), void *arg);
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_is_active(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* Called before every sleep, outside every other callback. */
struct loop_hook *loop_hook_new(struct loop *loop, void (*before_sleep)(void *arg), void *arg);
void loop_hook_free(struct loop_hook *hook);

/* The callback runs in the loop, not in signal context. */
void loop_on_signal(struct loop *loop, int signum, void (*raised)(void *arg), void *arg);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Handles what is ready now, without waiting: for sequential code that computes for long. Called as
 * loop_run_until is. */
void loop_turn(struct loop *loop);

/* Runs until *done or until loop_now_ms() reaches deadline_ms; returns *done.
 * For a worker's sequential code: call it from main's own call chain, never from a callback. */
bool loop_run_until(struct loop *loop, const bool *done, int64_t deadline_ms);

#endif
