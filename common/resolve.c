#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"
#include "loop.h"
#include "mem.h"

#define POLL_MS 5

struct resolve {
    struct loop *loop;
    struct loop_timer *timer;
    struct gaicb request;
    struct addrinfo hints;
    char *host;
    bool is_numeric;
    unsigned choice;
    int64_t deadline_ms;
    resolve_done *done;
    void *arg;
    struct resolve *next_orphan;
};

/* Look-ups that were given up while glibc's thread still writes to them; freed on a later call. */
static struct resolve *orphans;

static void resolve_free(struct resolve *resolve)
{
    if (resolve->request.ar_result)
        freeaddrinfo(resolve->request.ar_result);
    free(resolve->host);
    free(resolve);
}

static void orphans_sweep(void)
{
    struct resolve **at = &orphans;
    while (*at) {
        struct resolve *resolve = *at;
        if (gai_error(&resolve->request) == EAI_INPROGRESS) {
            at = &resolve->next_orphan;
            continue;
        }
        *at = resolve->next_orphan;
        resolve_free(resolve);
    }
}

void resolve_cancel(struct resolve *resolve)
{
    if (!resolve)
        return;
    loop_timer_free(TAKE(resolve->timer));
    if (!resolve->is_numeric && gai_error(&resolve->request) == EAI_INPROGRESS &&
        gai_cancel(&resolve->request) == EAI_NOTCANCELED) {
        resolve->next_orphan = orphans;
        orphans = resolve;
        return;
    }
    resolve_free(resolve);
}

static void finish(struct resolve *resolve, int err, const char *address)
{
    resolve_done *done = resolve->done;
    void *arg = resolve->arg;
    resolve_cancel(resolve);
    done(arg, err, address);
}

static const struct addrinfo *pick(const struct addrinfo *list, unsigned choice)
{
    unsigned count = 0;
    for (const struct addrinfo *at = list; at; at = at->ai_next)
        count++;
    for (unsigned skip = count ? choice % count : 0; skip; skip--)
        list = list->ai_next;
    return list;
}

static void on_poll(void *arg)
{
    struct resolve *resolve = arg;
    char text[INET6_ADDRSTRLEN];
    if (resolve->is_numeric) {
        (void)strncpy(text, resolve->host, sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        finish(resolve, 0, text);
        return;
    }
    int state = gai_error(&resolve->request);
    if (state == EAI_INPROGRESS) {
        if (loop_now_ms(resolve->loop) >= resolve->deadline_ms)
            finish(resolve, ERR_TIMEOUT, NULL);
        else
            loop_timer_start(resolve->timer, POLL_MS);
        return;
    }
    const struct addrinfo *result = pick(resolve->request.ar_result, resolve->choice);
    if (state != 0 || !result ||
        getnameinfo(result->ai_addr, result->ai_addrlen, text, sizeof(text), NULL, 0,
                    NI_NUMERICHOST) != 0)
        finish(resolve, ERR_NETWORK, NULL);
    else
        finish(resolve, 0, text);
}

struct resolve *resolve_start(struct loop *loop, const char *host, unsigned choice, int timeout_ms,
                              resolve_done *done, void *arg)
{
    orphans_sweep();
    struct resolve *resolve = xcalloc(1, sizeof(*resolve));
    resolve->loop = loop;
    resolve->host = xstrdup(host);
    resolve->choice = choice;
    resolve->done = done;
    resolve->arg = arg;
    resolve->deadline_ms = loop_now_ms(loop) + timeout_ms;
    resolve->timer = loop_timer_new(loop, on_poll, resolve);
    resolve->hints.ai_socktype = SOCK_STREAM;
    resolve->request.ar_name = resolve->host;
    resolve->request.ar_request = &resolve->hints;
    struct in6_addr probe;
    resolve->is_numeric =
        inet_pton(AF_INET, host, &probe) == 1 || inet_pton(AF_INET6, host, &probe) == 1;
    if (!resolve->is_numeric) {
        struct gaicb *list[] = {&resolve->request};
        if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0)
            resolve->deadline_ms = 0;
    }
    loop_timer_start(resolve->timer, resolve->is_numeric ? 0 : POLL_MS);
    return resolve;
}
