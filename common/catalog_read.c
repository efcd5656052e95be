#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog.h"
#include "catalog_scripts.h"
#include "clock.h"
#include "err.h"
#include "mem.h"
#include "redis.h"

#define TERM_MAX_BYTES 255

/* Replies: the total, then the names. */

/* ARGV: 2 oldest, 3 how many. Some more are read, in case that documents are gone. */
static const char recent_script[] = CATALOG_FUNCTIONS
    "local found={} local most=tonumber(ARGV[3]) "
    "for _,name in ipairs(redis.call('ZREVRANGEBYSCORE',KEYS[3],'+inf',ARGV[2],'LIMIT',0,4*most)) "
    "do if #found<most and is_here(name) then found[#found+1]=name end end "
    "return {#found,unpack(found)}";

/* ARGV: 2 page, 3 names in a page. A page with gaps is read again without what was dropped. */
static const char label_schema_script[] =
    CATALOG_FUNCTIONS "local size=tonumber(ARGV[3]) local first=(tonumber(ARGV[2])-1)*size "
                      "local found,gaps for try=1,2 do found,gaps={},false "
                      "for _,name in ipairs(redis.call('ZRANGE',KEYS[4],first,first+size-1)) do "
                      "if is_here(name) then found[#found+1]=name else gaps=true end end "
                      "if not gaps then break end end "
                      "return {redis.call('ZCARD',KEYS[4]),unpack(found)}";

/* ARGV: 2 term, 3 how many, 4 how many candidates from the index, 5 how many of the most pulled.
 * Where a term is in more names than those, the best known ones still are among the candidates, and
 * so are the names that end in the term, which come first in the index. `best` is kept sorted, with
 * room for those whose document is gone. */
static const char search_script[] = CATALOG_FUNCTIONS
    "local find,byte=string.find,string.byte "
    "local term,most=ARGV[2],tonumber(ARGV[3]) local room=2*most "
    "local function class(name) local text=text_at(name) local shown=text "
    "if text==11 and find(name,'library/',11,true)==11 and not find(name,'/',19,true) "
    "then shown=19 end "
    "local at=find(name,term,shown,true) "
    "if #name-#term+1==(at==shown and shown or text) "
    "and (at==shown or find(name,term,text,true)==text) then return 1 end "
    "if at==shown then return 2 end "
    "while at do local before=byte(name,at-1) "
    "if before<48 or (before>57 and before<97) or before>122 then return 3 end "
    "at=find(name,term,at+1,true) end return 4 end "
    "local function goes_before(a,b) if a[1]~=b[1] then return a[1]<b[1] end "
    "if a[2]~=b[2] then return a[2]>b[2] end return a[3]<b[3] end "
    "local best,taken={},{} "
    "local function take(name,pulls) if taken[name] then return end taken[name]=true "
    "local this={class(name),tonumber(pulls or 0),name} "
    "if #best==room then if not goes_before(this,best[room]) then return end best[room]=nil end "
    "local at=#best+1 while at>1 and goes_before(this,best[at-1]) do at=at-1 end "
    "table.insert(best,at,this) end "
    "local known=redis.call('ZREVRANGE',KEYS[2],0,ARGV[5]-1,'WITHSCORES') "
    "for i=1,#known,2 do if find(known[i],term,text_at(known[i]),true) then "
    "take(known[i],known[i+1]) end end "
    "local names={} "
    "for _,part in ipairs(redis.call('ZRANGEBYLEX',KEYS[7],'['..term,'('..term..'\255','LIMIT',0,"
    "ARGV[4])) do local space=find(part,' ',1,true) "
    "local name=string.sub(part,space+1)..string.sub(part,1,space-1) "
    "if not taken[name] then names[#names+1]=name end end "
    "if #names>0 then local pulls=redis.call('ZMSCORE',KEYS[2],unpack(names)) "
    "for i,name in ipairs(names) do take(name,pulls[i]) end end "
    "local found={} for _,this in ipairs(best) do "
    "if #found<most and is_here(this[3]) then found[#found+1]=this[3] end end "
    "return {#found,unpack(found)}";

#define INDEX_CANDIDATES "300"
#define KNOWN_CANDIDATES "500"

static const char nothing_script[] = "return {0}";

struct reading {
    catalog_read_done *done;
    void *arg;
};

static void on_names(void *arg, int err, struct redis_reply *reply)
{
    struct reading *reading = arg;
    struct catalog_page page = {0};
    if (err == 0 && redis_len(reply) == 0)
        err = ERR_PROTO;
    page.total = redis_int(redis_at(reply, 0));
    for (size_t i = 1; i < redis_len(reply) && page.count < CATALOG_PAGE; i++)
        page.names[page.count++] = redis_str(redis_at(reply, i), NULL);
    reading->done(reading->arg, err, err ? NULL : &page);
    free(reading);
}

static void read_names(struct redis *redis, const char *script, const char *a, const char *b,
                       const char *c, const char *d, catalog_read_done *done, void *arg)
{
    struct reading *reading = xmalloc(sizeof(*reading));
    *reading = (struct reading){done, arg};
    const char *argv[] = {"EVAL", script, CATALOG_KEY_COUNT, CATALOG_KEYS, KEY_DOCUMENT, a, b,
                          c,      d};
    redis_command_argv(redis, REDIS_API_TIMEOUT_MS, on_names, reading, ARRAY_LEN(argv), argv, NULL);
}

/* The term as names are written; NULL where no name can hold it: `%` and `_` are themselves, a
 * space would run across the index's parts. Caller frees. */
static char *term_of(const char *text)
{
    static const char hub[] = "docker.io/";
    if (strncasecmp(text, hub, strlen(hub)) == 0)
        text += strlen(hub);
    size_t len = strlen(text);
    if (len == 0 || len > TERM_MAX_BYTES)
        return NULL;
    char *term = xstrdup(text);
    for (char *c = term; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    if (strspn(term, "abcdefghijklmnopqrstuvwxyz0123456789._-/:[]") == len)
        return term;
    free(term);
    return NULL;
}

static void search(struct redis *redis, const char *text, catalog_read_done *done, void *arg)
{
    AUTO(free) char *term = term_of(text);
    AUTO(free) char *most = xasprintf("%d", CATALOG_FOUND);
    read_names(redis, term ? search_script : nothing_script, term ? term : "", most,
               INDEX_CANDIDATES, KNOWN_CANDIDATES, done, arg);
}

void catalog_read(struct redis *redis, const struct catalog_query *query, catalog_read_done *done,
                  void *arg)
{
    AUTO(free) char *since = xasprintf("%lld", (long long)(clock_ms() - CATALOG_RECENT_MS));
    AUTO(free) char *recent = xasprintf("%d", CATALOG_RECENT);
    AUTO(free) char *page = xasprintf("%d", query->page);
    AUTO(free) char *page_size = xasprintf("%d", CATALOG_PAGE);
    switch (query->list) {
    case CATALOG_LIST_RECENT:
        read_names(redis, recent_script, since, recent, "", "", done, arg);
        return;
    case CATALOG_LIST_LABEL_SCHEMA:
        read_names(redis, label_schema_script, page, page_size, "", "", done, arg);
        return;
    case CATALOG_LIST_SEARCH:
        search(redis, query->term, done, arg);
        return;
    }
}

static const char counts_script[] =
    "return {redis.call('GET',KEYS[6]) or '0',redis.call('ZCARD',KEYS[5])}";

struct counting {
    catalog_counts_done *done;
    void *arg;
};

static void on_counts(void *arg, int err, struct redis_reply *reply)
{
    struct counting *counting = arg;
    counting->done(counting->arg, err, redis_int(redis_at(reply, 0)),
                   redis_int(redis_at(reply, 1)));
    free(counting);
}

void catalog_counts(struct redis *redis, catalog_counts_done *done, void *arg)
{
    struct counting *counting = xmalloc(sizeof(*counting));
    *counting = (struct counting){done, arg};
    const char *argv[] = {"EVAL", counts_script, CATALOG_KEY_COUNT, CATALOG_KEYS};
    redis_command_argv(redis, REDIS_API_TIMEOUT_MS, on_counts, counting, ARRAY_LEN(argv), argv,
                       NULL);
}
