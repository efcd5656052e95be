#include "document.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"
#include "redis_keys.h"

/* KEYS: document, status; ARGV: 1 prefix of version keys, 2 tag, 3 digest, 4 platform, 5 answer
 * ("image", "version", "dockerfile", "badge", "page"), 6 keep, 7 prefix of relations, 8 name. One
 * round trip: what is asked for first decides what else is read. The last element says how far it
 * came: none, no-tag, no-platform, pending, found. */
static const char read_script[] =
    "local doc,answer=KEYS[1],ARGV[5] "
    "local st=redis.call('HMGET',KEYS[2],'status','stage','done','total','submitted_ms',"
    "'updated_ms','retry_ms','revision','error') "
    "local meta=redis.call('HGET',doc,'meta') "
    "local head,versions,d,lines,shared,tags,child='','','','','','','' "
    "local facts,layers,relations,identical,sheet='','','','','' "
    "local function reply(find) return {st,meta or '',head,versions,d or '',lines,shared,tags,"
    "child or '',facts,layers,relations,identical,sheet,find} end "
    "if not meta then return reply('none') end "
    "local function keep(k) local ttl=redis.call('TTL',k) "
    "if ttl>=0 and ttl<tonumber(ARGV[6])/2 then redis.call('EXPIRE',k,ARGV[6]) end end "
    "keep(doc) keep(KEYS[2]) "
    "if answer=='image' or answer=='page' then "
    "local h=redis.call('HMGET',doc,'head',answer=='page' and 'page-versions' or 'versions') "
    "head=h[1] or '' versions=h[2] or '' "
    "elseif answer=='badge' then head=redis.call('HGET',doc,'badge') or '' end "
    "d=ARGV[3] "
    "if d~='' then if redis.call('HEXISTS',doc,'v:'..d)==0 then "
    "child=d d=redis.call('HGET',doc,'c:'..d) end "
    "elseif ARGV[2]~='' then d=redis.call('HGET',doc,'t:'..ARGV[2]) "
    "else d=string.match(meta,'^[^\\n]*\\n[^\\n]*\\n([^\\n]*)') end "
    "if not d then child='' return reply('no-tag') end "
    "if d=='' then return reply('pending') end "
    "local v=redis.call('HMGET',doc,'v:'..d,(answer=='badge' and 'b:' or 'p:')..d,'g:'..d) "
    "lines=v[1] or '' shared=v[2] or '' "
    "if answer=='page' then answer='version' end "
    "if answer=='version' then tags=v[3] or '' end "
    "if child=='' then child=string.match(lines,'^[^\\n]* ([^ \\n]+)\\n') or '' "
    "if ARGV[4]~='' and lines~='' then child='' "
    "local want=ARGV[4] "
    "for p,c in string.gmatch(lines,'([^\\n]*) ([^ \\n]+)\\n') do "
    "if p==want then child=c break end "
    "if child=='' and string.sub(p,1,#want+1)==want..'/' then child=c end end "
    "if child=='' then return reply('no-platform') end end end "
    "if child=='' then return reply('pending') end "
    "local ver,rel,at=ARGV[1]..child,ARGV[7]..child,' '..ARGV[8]..' '..d "
    "if answer=='badge' then facts=redis.call('HGET',ver,'badge') "
    "if not facts then facts='' return reply('pending') end "
    "keep(ver) local r=redis.call('HMGET',rel,'badge'..at,'badge') "
    "relations=r[1] or r[2] or '' return reply('found') end "
    "local field=answer=='image' and 'top' or answer "
    "local f=redis.call('HMGET',ver,field,'layers') local r=redis.call('HMGET',rel,"
    "field..at,field,'layers'..at,'layers','identical'..at,'identical') "
    "if not f[1] then return reply('pending') end "
    "keep(ver) keep(rel) facts=f[1] "
    "if answer=='dockerfile' then facts=redis.call('HGET',doc,'d:'..d..' '..child) or r[1] or "
    "r[2] or facts return reply('found') end "
    "relations=r[1] or r[2] or '' sheet=redis.call('HGET',doc,'m:'..d..' '..child) or '' "
    "if answer=='version' then layers=r[3] or r[4] or f[2] or '' identical=r[5] or r[6] or '' "
    "end "
    "return reply('found')";

enum {
    REPLY_STATUS,
    REPLY_META,
    REPLY_HEAD,
    REPLY_VERSIONS,
    REPLY_DIGEST,
    REPLY_LINES,
    REPLY_SHARED,
    REPLY_TAGS,
    REPLY_CHILD,
    REPLY_FACTS,
    REPLY_LAYERS,
    REPLY_RELATIONS,
    REPLY_IDENTICAL,
    REPLY_SHEET,
    REPLY_FIND,
    REPLY_COUNT
};

struct document_reading {
    document_read_done *done;
    void *arg;
    bool is_badge;
};

char *document_key(const char *name)
{
    return xasprintf(KEY_DOCUMENT "%s", name);
}

char *version_key(const char *digest)
{
    return xasprintf(KEY_VERSION "%s", digest);
}

static int unpack(const struct redis_reply *reply, size_t index, struct fragment *ret_fragment)
{
    size_t len;
    const char *data = redis_str(redis_at(reply, index), &len);
    return len ? fragment_unpack(data, len, ret_fragment) : 0;
}

static enum document_find find_of(const char *text)
{
    static const char *const names[] = {"none", "no-tag", "no-platform", "pending", "found"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], text) == 0)
            return (enum document_find)i;
    return DOCUMENT_NONE;
}

static int unpack_all(const struct redis_reply *reply, struct document_view *view)
{
    if (unpack(reply, REPLY_HEAD, &view->head) || unpack(reply, REPLY_VERSIONS, &view->versions) ||
        unpack(reply, REPLY_SHARED, &view->shared) || unpack(reply, REPLY_TAGS, &view->tags) ||
        unpack(reply, REPLY_FACTS, &view->facts) || unpack(reply, REPLY_LAYERS, &view->layers) ||
        unpack(reply, REPLY_RELATIONS, &view->relations) ||
        unpack(reply, REPLY_IDENTICAL, &view->identical) ||
        unpack(reply, REPLY_SHEET, &view->sheet))
        return ERR_PROTO;
    return 0;
}

static void badge_of(const struct redis_reply *reply, struct document_badge *badge)
{
    badge->repository = redis_str(redis_at(reply, REPLY_HEAD), NULL);
    badge->version = redis_str(redis_at(reply, REPLY_SHARED), NULL);
    badge->image = redis_str(redis_at(reply, REPLY_FACTS), NULL);
    badge->relations = redis_str(redis_at(reply, REPLY_RELATIONS), NULL);
}

static int view_of(const struct redis_reply *reply, bool is_badge, struct document_view *view)
{
    if (redis_len(reply) != REPLY_COUNT)
        return ERR_PROTO;
    status_from_reply(redis_at(reply, REPLY_STATUS), &view->status);
    const char *meta = redis_str(redis_at(reply, REPLY_META), NULL);
    char *rest = NULL;
    view->revision = strtoll(meta, &rest, 10);
    view->inspected_ms = strtoll(rest, NULL, 10);
    view->digest = redis_str(redis_at(reply, REPLY_DIGEST), NULL);
    view->platforms = redis_str(redis_at(reply, REPLY_LINES), NULL);
    view->child_digest = redis_str(redis_at(reply, REPLY_CHILD), NULL);
    view->find = find_of(redis_str(redis_at(reply, REPLY_FIND), NULL));
    if (!is_badge)
        return unpack_all(reply, view);
    badge_of(reply, &view->badge);
    return 0;
}

static void on_document(void *arg, int err, struct redis_reply *reply)
{
    struct document_reading *reading = arg;
    struct document_view view = {0};
    if (err == 0)
        err = view_of(reply, reading->is_badge, &view);
    reading->done(reading->arg, err, err ? NULL : &view);
    status_release(&view.status);
    free(reading);
}

/* "linux/arm64/v8" is kept as "linux/arm64" (manifest.h). */
static char *platform_wanted(const char *platform)
{
    size_t len = strlen(platform);
    if (len > 9 && strcmp(platform + len - 9, "/arm64/v8") == 0)
        len -= 3;
    return xstrndup(platform, len);
}

void document_read(struct redis *redis, const struct document_query *query,
                   document_read_done *done, void *arg)
{
    static const char *const answers[] = {"image", "version", "dockerfile", "badge", "page"};
    struct document_reading *reading = xmalloc(sizeof(*reading));
    *reading = (struct document_reading){done, arg, query->answer == DOCUMENT_BADGE};
    AUTO(free) char *key = document_key(query->name);
    AUTO(free) char *status = xasprintf(KEY_STATUS "%s", query->name);
    AUTO(free) char *platform = platform_wanted(query->platform ? query->platform : "");
    AUTO(free) char *keep = xasprintf("%lld", (long long)query->keep_seconds);
    const char *argv[] = {"EVAL",
                          read_script,
                          "2",
                          key,
                          status,
                          KEY_VERSION,
                          query->tag ? query->tag : "",
                          query->digest ? query->digest : "",
                          platform,
                          answers[query->answer],
                          keep,
                          KEY_RELATIONS,
                          query->name};
    redis_command_argv(redis, REDIS_API_TIMEOUT_MS, on_document, reading, ARRAY_LEN(argv), argv,
                       NULL);
}
