#include "hub.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "hub_call.h"
#include "jsonx.h"
#include "mem.h"
#include "utf8.h"

#define ANSWER_MAX_BYTES (1u << 20)
#define DESCRIPTION_MAX_BYTES 4096

struct hub *hub_new(struct loop *loop, struct httpc *httpc, const char *base_url,
                    struct budget *budget)
{
    struct hub *hub = xcalloc(1, sizeof(*hub));
    hub->loop = loop;
    hub->httpc = httpc;
    hub->budget = budget;
    if (strcmp(base_url, "none") != 0)
        hub->base_url = xstrdup(base_url);
    hub->is_own = strcmp(base_url, "https://hub.docker.com") != 0;
    return hub;
}

void hub_free(struct hub *hub)
{
    if (!hub)
        return;
    free(hub->base_url);
    free(hub);
}

static char *short_text(const json_t *json, const char *key, size_t max_bytes)
{
    const char *text = jsonx_str(json, key);
    return xstrndup(text, utf8_cut(text, max_bytes));
}

static int64_t count_badges(const char *text)
{
    static const char badge[] = "microbadger.com/badges/";
    int64_t count = 0;
    for (const char *at = strstr(text, badge); at; at = strstr(at + 1, badge))
        count++;
    return count;
}

/* An answer about another repository, as rate-limited clients have got, is no answer. */
static int take_facts(struct hub_facts *facts, const json_t *json)
{
    if (strcmp(jsonx_str(json, "name"), facts->name) != 0)
        return ERR_PROTO;
    facts->description = short_text(json, "description", DESCRIPTION_MAX_BYTES);
    facts->last_updated = short_text(json, "last_updated", CLOCK_TEXT_BYTES);
    facts->pull_count = jsonx_int(json, "pull_count");
    facts->star_count = jsonx_int(json, "star_count");
    facts->badge_count = count_badges(jsonx_str(json, "full_description"));
    return 0;
}

static void on_facts(void *arg, const struct hub_outcome *outcome)
{
    struct hub_facts *facts = arg;
    facts->call = NULL;
    facts->err = outcome->err ? outcome->err : take_facts(facts, outcome->json);
    facts->retry_at_ms = outcome->retry_at_ms;
    facts->done = true;
}

void hub_facts_start(struct hub *hub, const struct reference *repository, struct hub_facts *facts,
                     int64_t deadline_ms)
{
    AUTO(free) char *namespace = NULL;
    if (!hub_knows(hub, repository, &namespace, &facts->name)) {
        facts->err = ERR_NOTFOUND;
        facts->done = true;
        return;
    }
    facts->err = hub_take(hub, true, &facts->retry_at_ms);
    facts->done = facts->err != 0;
    if (facts->done)
        return;
    const struct hub_request request = {
        .namespace = namespace,
        .name = facts->name,
        .new_tail = "",
        .old_tail = "/",
        .max_body_bytes = ANSWER_MAX_BYTES,
        .deadline_ms = deadline_ms,
    };
    facts->call = hub_call_start(hub, &request, on_facts, facts);
}

void hub_facts_cancel(struct hub_facts *facts)
{
    hub_call_cancel(TAKE(facts->call));
}

void hub_facts_release(struct hub_facts *facts)
{
    free(TAKE(facts->description));
    free(TAKE(facts->last_updated));
    free(TAKE(facts->name));
}
