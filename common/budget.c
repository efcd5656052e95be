#include "budget.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "challenge.h"
#include "clock.h"
#include "err.h"
#include "mem.h"
#include "redis.h"
#include "redis_keys.h"

#define KEPT_SHARE 10       /* one in so many requests is kept for what somebody waits for */
#define OVERTAKING_MS 2000  /* how much later an answer may come in than a younger one */
#define UNTOLD_WINDOW_S 60  /* the web API's */
#define MAX_WINDOW_S 86400  /* a longer one is not believed */
#define WRITE_PAUSE_MS 1000 /* what says nothing new is written at most this often */
#define MAX_NAMES 32

struct entry {
    char *name;
    struct budget_limit known;
    int64_t written_ms;
};

struct budget {
    struct loop *loop;
    struct redis *redis;
    struct entry entries[MAX_NAMES];
    size_t count;
};

/* Headers */

/* A count that is followed by nothing or by parameters (RFC 8941 items, as registries write them);
 * -1 where it is none. ret_window_s stays where there is no `w`. */
static int64_t read_count(const char *text, int64_t *ret_window_s)
{
    char *end;
    text += strspn(text, " \t");
    if (!isdigit((unsigned char)*text))
        return -1;
    int64_t count = strtoll(text, &end, 10);
    end += strspn(end, " \t");
    if (*end && *end != ';' && *end != ',')
        return -1;
    for (const char *at = end; *at == ';'; at += strcspn(at, ";,")) {
        at++;
        at += strspn(at, " \t");
        if ((*at == 'w' || *at == 'W') && at[1] == '=' && isdigit((unsigned char)at[2]))
            *ret_window_s = strtoll(at + 2, NULL, 10);
    }
    return count;
}

static void take_source(const char *text, char ret_source[BUDGET_SOURCE_BYTES])
{
    size_t len = text ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789.:_-")
                      : 0;
    if (!len || text[len] || len >= BUDGET_SOURCE_BYTES)
        ret_source[0] = '\0';
    else
        memcpy(ret_source, text, len + 1);
}

/* Until the window ends, if that is told; else for a tenth of it: a limit may fill drop by drop. */
static int64_t counts_until(const struct budget_headers *headers, int64_t now_ms, int64_t window_s,
                            int64_t reset_ms)
{
    int64_t told_ms = headers->is_refused && headers->retry_after
                          ? retry_after_ms(headers->retry_after, now_ms)
                          : 0;
    if (told_ms > now_ms)
        return told_ms;
    if (reset_ms > now_ms)
        return reset_ms;
    return now_ms + (window_s >= 10 ? window_s * 100 : 1000);
}

int budget_read_headers(const struct budget_headers *headers, int64_t now_ms,
                        struct budget_limit *ret_limit)
{
    int64_t window_s = UNTOLD_WINDOW_S;
    int64_t limit = headers->limit ? read_count(headers->limit, &window_s) : -1;
    int64_t remaining = headers->remaining ? read_count(headers->remaining, &window_s) : -1;
    if (remaining < 0)
        return ERR_NOTFOUND;
    if (window_s > MAX_WINDOW_S)
        window_s = MAX_WINDOW_S;
    int64_t reset_ms = headers->reset ? strtoll(headers->reset, NULL, 10) : 0;
    reset_ms = reset_ms > 0 && reset_ms < INT64_MAX / 1000 ? reset_ms * 1000 : 0;
    if (reset_ms > now_ms + MAX_WINDOW_S * INT64_C(1000))
        reset_ms = 0;
    *ret_limit = (struct budget_limit){.limit = limit > 0 ? limit : 0,
                                       .remaining = headers->is_refused ? 0 : remaining,
                                       .noted_ms = now_ms};
    take_source(headers->source, ret_limit->source);
    ret_limit->until_ms = counts_until(headers, now_ms, window_s, reset_ms);
    return 0;
}

void budget_merge(struct budget_limit *known, const struct budget_limit *later)
{
    bool is_close = later->noted_ms - known->noted_ms < OVERTAKING_MS;
    bool counts = known->until_ms > later->noted_ms;
    if (!counts || !is_close || known->remaining >= later->remaining)
        *known = *later;
}

/* Texts in Redis */

static char *limit_text(const struct budget_limit *limit)
{
    return xasprintf("%lld %lld %lld %lld %s", (long long)limit->limit, (long long)limit->remaining,
                     (long long)limit->until_ms, (long long)limit->noted_ms, limit->source);
}

static int limit_parse(const char *text, struct budget_limit *ret_limit)
{
    int64_t numbers[4];
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char *end;
        numbers[i] = strtoll(text, &end, 10);
        if (end == text || *end != ' ')
            return ERR_PROTO;
        text = end + 1;
    }
    *ret_limit = (struct budget_limit){numbers[0], numbers[1], numbers[2], numbers[3], ""};
    take_source(text, ret_limit->source);
    return 0;
}

/* The worker's copy */

static struct entry *entry_find(struct budget *budget, const char *name)
{
    for (size_t i = 0; i < budget->count; i++)
        if (strcmp(budget->entries[i].name, name) == 0)
            return &budget->entries[i];
    return NULL;
}

/* NULL where there are too many: the rest is not limited by us. */
static struct entry *entry_get(struct budget *budget, const char *name)
{
    struct entry *entry = entry_find(budget, name);
    if (entry || budget->count == MAX_NAMES)
        return entry;
    entry = &budget->entries[budget->count++];
    *entry = (struct entry){.name = xstrdup(name)};
    return entry;
}

/* reply: names and texts in turn. */
static void take_all(struct budget *budget, const struct redis_reply *reply)
{
    for (size_t i = 0; i + 1 < redis_len(reply); i += 2) {
        struct budget_limit shared;
        const char *text = redis_str(redis_at(reply, i + 1), NULL);
        if (limit_parse(text, &shared) != 0)
            continue;
        struct entry *entry = entry_get(budget, redis_str(redis_at(reply, i), NULL));
        if (entry && shared.noted_ms >= entry->known.noted_ms)
            budget_merge(&entry->known, &shared);
    }
}

struct budget *budget_new(struct loop *loop, struct redis *redis)
{
    struct budget *budget = xcalloc(1, sizeof(*budget));
    budget->loop = loop;
    budget->redis = redis;
    return budget;
}

void budget_free(struct budget *budget)
{
    if (!budget)
        return;
    for (size_t i = 0; i < budget->count; i++)
        free(budget->entries[i].name);
    free(budget);
}

void budget_load(struct budget *budget)
{
    struct redis_reply *reply = NULL;
    if (!budget)
        return;
    if (redis_call(budget->redis, REDIS_WORKER_TIMEOUT_MS, &reply, "HGETALL " KEY_BUDGET) == 0)
        take_all(budget, reply);
    redis_reply_free(reply);
}

int budget_take(struct budget *budget, const char *name, bool is_wanted, int64_t *ret_retry_at_ms)
{
    struct entry *entry = budget ? entry_find(budget, name) : NULL;
    if (!entry || entry->known.until_ms <= clock_ms())
        return 0;
    int64_t kept = is_wanted ? 0 : (entry->known.limit + KEPT_SHARE - 1) / KEPT_SHARE;
    if (entry->known.remaining <= kept) {
        *ret_retry_at_ms = entry->known.until_ms;
        return ERR_RATELIMIT;
    }
    entry->known.remaining--;
    return 0;
}

/* KEYS[1] the hash; ARGV: 1 name, 2 text, 3 remaining, 4 noted_ms, 5 lifetime in ms, 6 how long a
 * lower count stands. The same rule as budget_merge. */
static const char note_script[] =
    "local old=redis.call('HGET',KEYS[1],ARGV[1]) local keep=false "
    "if old then local _,remaining,till,noted=string.match(old,'^(%d+) (%d+) (%d+) (%d+)') "
    "local now=tonumber(ARGV[4]) "
    "keep=remaining and tonumber(till)>now and now-tonumber(noted)<tonumber(ARGV[6]) "
    "and tonumber(remaining)<tonumber(ARGV[3]) end "
    "if not keep then redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]) end "
    "if redis.call('PTTL',KEYS[1])<tonumber(ARGV[5]) then "
    "redis.call('PEXPIRE',KEYS[1],ARGV[5]) end "
    "return redis.call('HGETALL',KEYS[1])";

static void on_noted(void *arg, int err, struct redis_reply *reply)
{
    if (err == 0)
        take_all(arg, reply);
}

static void write_limit(struct budget *budget, const char *name, const struct budget_limit *limit)
{
    AUTO(free) char *text = limit_text(limit);
    redis_command(budget->redis, REDIS_WORKER_TIMEOUT_MS, on_noted, budget,
                  "EVAL %s 1 " KEY_BUDGET " %s %s %lld %lld %lld %d", note_script, name, text,
                  (long long)limit->remaining, (long long)limit->noted_ms,
                  (long long)(limit->until_ms - limit->noted_ms), OVERTAKING_MS);
}

void budget_note(struct budget *budget, const char *name, const struct budget_headers *headers)
{
    struct budget_limit told;
    int64_t now_ms = clock_ms();
    struct entry *entry = budget ? entry_get(budget, name) : NULL;
    if (!entry || budget_read_headers(headers, now_ms, &told) != 0)
        return;
    bool is_news = told.remaining != entry->known.remaining;
    budget_merge(&entry->known, &told);
    if (!is_news && now_ms - entry->written_ms < WRITE_PAUSE_MS)
        return;
    entry->written_ms = now_ms;
    write_limit(budget, name, &told);
}
