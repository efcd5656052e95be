#include "relations_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "flight.h"
#include "jsonx.h"
#include "mem.h"
#include "place.h"
#include "redis.h"
#include "redis_keys.h"
#include "relations_memory.h"
#include "store.h"

#define PLATFORM_MAX_BYTES 128 /* it is foreign text */
/* Added to the score of an official image: more than any time in ms. */
#define OFFICIAL_RANK INT64_C(10000000000000)

/* Members of the sorted sets are bare hex for sha256: what is over 64 bytes takes Redis four times
 * the memory. FULL makes digests of them. */
#define FULL                                                                                       \
    "local function full(member) if string.find(member,':',1,true) then return member end "        \
    "return 'sha256:'..member end "

/* KEYS: 1 the image's places, then what it is found by; ARGV: 1 member, 2 place, 3 platform, 4 now,
 * 5 keep, 6 most places, 7 most images, 8 score, 9 to 11 the ends of what has outlived its time:
 * below the first; from the second to the third. ZADD GT: a copy of an official image does not take
 * its rank. Returns 1 for a new place. */
static const char put_script[] =
    "local places,place=KEYS[1],ARGV[2] "
    "local old=redis.call('HGET',places,place) "
    "local first=old and string.match(old,'^%d+') or ARGV[4] "
    "redis.call('HSET',places,place,first..' '..ARGV[4]..' '..ARGV[3]) "
    "redis.call('EXPIRE',places,ARGV[5]) "
    "if redis.call('HLEN',places)>tonumber(ARGV[6]) then local worst,least "
    "local all=redis.call('HGETALL',places) for i=1,#all,2 do "
    "local rank=tonumber(string.match(all[i+1],'^%d+ (%d+)')) "
    "if string.sub(all[i],1,18)=='" PLACE_OFFICIAL "' then rank=rank+1e13 end "
    "if all[i]~=place and (not least or rank<least) then worst=all[i] least=rank end end "
    "redis.call('HDEL',places,worst) end "
    "for i=2,#KEYS do local key=KEYS[i] "
    "redis.call('ZADD',key,'GT',ARGV[8],ARGV[1]) "
    "redis.call('ZREMRANGEBYSCORE',key,'-inf',ARGV[9]) "
    "redis.call('ZREMRANGEBYSCORE',key,ARGV[10],ARGV[11]) "
    "redis.call('ZREMRANGEBYRANK',key,0,-1-tonumber(ARGV[7])) "
    "redis.call('EXPIRE',key,ARGV[5]) end "
    "return old and 0 or 1";

/* KEYS: of ChainIDs, all layers first, then one less each; ARGV: 1 prefix of places, 2 layers,
 * 3 most places of one chain, 4 the image that asks. Returns layers, image, place, its value, and
 * so on; the image's own places first, which others with its layers cannot push out. */
static const char find_script[] =
    FULL "local rows,found={},0 local function add(child,layers) "
         "local places=redis.call('HGETALL',ARGV[1]..child) for p=1,#places,2 do "
         "if found<tonumber(ARGV[3]) then found=found+1 "
         "rows[#rows+1]=tostring(layers) rows[#rows+1]=child "
         "rows[#rows+1]=places[p] rows[#rows+1]=places[p+1] end end end "
         "add(ARGV[4],ARGV[2]) for i,key in ipairs(KEYS) do if i>1 then found=0 end "
         "for _,member in ipairs(redis.call('ZREVRANGE',key,0,-1)) do local child=full(member) "
         "if child~=ARGV[4] then add(child,ARGV[2]-i+1) end end "
         "if found>0 and i>1 then break end end return rows";

/* KEYS: of diff IDs; ARGV: 1 the image that asks. */
static const char holders_script[] =
    FULL "local rarest,least for _,key in ipairs(KEYS) do local count=redis.call('ZCARD',key) "
         "if count>0 and (not least or count<least) then rarest=key least=count end end "
         "local out={} if not rarest then return out end "
         "for _,member in ipairs(redis.call('ZREVRANGE',rarest,0,-1)) do local child=full(member) "
         "if child~=ARGV[1] then out[#out+1]=child end end return out";

/* ARGV: 1 digest, 2 prefix of places, 3 prefix of versions, 4 most places of a kind, then kinds and
 * their prefixes. Returns kind, image, place, its value, and so on. */
static const char lookup_script[] = FULL
    "local rows={} local function add(as,members) local found=0 "
    "for _,member in ipairs(members) do local child=full(member) local "
    "places=redis.call('HGETALL',ARGV[2]..child) "
    "for p=1,#places,2 do if found<tonumber(ARGV[4]) then found=found+1 "
    "rows[#rows+1]=as rows[#rows+1]=child rows[#rows+1]=places[p] rows[#rows+1]=places[p+1] "
    "end end end end "
    "for i=5,#ARGV,2 do add(ARGV[i],redis.call('ZREVRANGE',ARGV[i+1]..ARGV[1],0,-1)) end "
    "add('manifest',{ARGV[1]}) "
    "local record=redis.call('HGET',ARGV[3]..ARGV[1],'record') "
    "if record then local ok,index=pcall(cjson.decode,record) local children={} "
    "if ok then for i,child in ipairs(index.Children or {}) do children[i]=child.Digest end end "
    "add('index',children) end return rows";

/* An argument vector in the making; texts are its own. */
struct command {
    char **argv;
    int argc;
};

static struct command command_new(const char *script, size_t max_args)
{
    struct command command = {.argv = xcalloc(max_args + 3, sizeof(char *))};
    command.argv[0] = xstrdup("EVAL");
    command.argv[1] = xstrdup(script);
    command.argc = 3; /* the number of keys comes last */
    return command;
}

/* Takes text. */
static void command_add(struct command *command, char *text)
{
    command->argv[command->argc++] = text;
}

static void command_add_int(struct command *command, int64_t number)
{
    command_add(command, xasprintf("%lld", (long long)number));
}

/* What was added so far are keys. */
static void command_end_keys(struct command *command)
{
    command->argv[2] = xasprintf("%d", command->argc - 3);
}

/* Sends it and frees it. */
static void command_send(struct command *command, struct redis *redis, int timeout_ms,
                         redis_done *done, void *arg)
{
    redis_command_argv(redis, timeout_ms, done, arg, command->argc, (const char **)command->argv,
                       NULL);
    for (int i = 0; i < command->argc; i++)
        free(command->argv[i]);
    free(command->argv);
}

/* Registering */

static void add_layer_keys(struct command *command, const json_t *facts)
{
    size_t added = 0;
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(facts, "Layers"), i, layer)
    {
        if (json_is_true(json_object_get(layer, "Empty")))
            continue;
        if (added++ == INDEX_MAX_LAYERS)
            return;
        const char *digest = jsonx_str(layer, "BlobSum");
        const char *diff_id = jsonx_str(layer, "DiffID");
        if (digest_is_valid(digest))
            command_add(command, xasprintf(KEY_INDEX_LAYER "%s", digest));
        if (digest_is_valid(diff_id))
            command_add(command, xasprintf(KEY_INDEX_DIFF "%s", diff_id));
    }
}

static void add_keys(struct command *command, const struct index_image *image)
{
    const struct chain *chain = image->chain;
    const char *config = jsonx_str(image->facts, "ConfigDigest");
    command_add(command, xasprintf(KEY_INDEX_IMAGE "%s", image->child));
    if (chain->count && chain->count >= chain->first_telling)
        command_add(command, xasprintf(KEY_INDEX_CHAIN "%s", chain->ids[chain->count - 1]));
    if (digest_is_valid(config))
        command_add(command, xasprintf(KEY_INDEX_CONFIG "%s", config));
    add_layer_keys(command, image->facts);
    command_end_keys(command);
}

static bool is_official(const char *name)
{
    return strncmp(name, PLACE_OFFICIAL, strlen(PLACE_OFFICIAL)) == 0;
}

static struct command put_command(const struct index_image *image, int64_t keep_seconds)
{
    struct command command = command_new(put_script, 16 + 2 * INDEX_MAX_LAYERS);
    int64_t now_ms = clock_ms();
    int64_t dead_ms = now_ms - keep_seconds * 1000;
    add_keys(&command, image);
    command_add(&command, xstrdup(strncmp(image->child, "sha256:", 7) == 0 ? image->child + 7
                                                                           : image->child));
    command_add(&command, xasprintf("%s %s", image->name, image->version));
    command_add(&command, xstrdup(strlen(image->platform) > PLATFORM_MAX_BYTES ? "unknown"
                                                                               : image->platform));
    command_add_int(&command, now_ms);
    command_add_int(&command, keep_seconds);
    command_add_int(&command, INDEX_MAX_PLACES);
    command_add_int(&command, INDEX_MAX_IMAGES);
    command_add_int(&command, now_ms + (is_official(image->name) ? OFFICIAL_RANK : 0));
    command_add_int(&command, dead_ms);
    command_add_int(&command, OFFICIAL_RANK);
    command_add_int(&command, OFFICIAL_RANK + dead_ms);
    return command;
}

struct putting {
    struct flight *flight;
    struct index_image *image;
};

static void on_put(void *arg, int err, struct redis_reply *reply)
{
    struct putting *putting = arg;
    putting->image->is_new = err == 0 && redis_int(reply) == 1;
    flight_on_reply(putting->flight, err, reply);
}

int relations_index_put(struct store *store, struct index_image *images, size_t count)
{
    struct store_link link = store_link(store);
    if (link.memory) {
        relations_memory_put(link.memory, images, count);
        return 0;
    }
    struct flight flight = {.loop = link.loop, .pending = count};
    AUTO(free) struct putting *puttings = xcalloc(count, sizeof(*puttings));
    for (size_t i = 0; i < count; i++) {
        puttings[i] = (struct putting){&flight, &images[i]};
        struct command command = put_command(&images[i], link.keep_seconds);
        command_send(&command, link.redis, REDIS_WORKER_TIMEOUT_MS, on_put, &puttings[i]);
    }
    return flight_wait(&flight);
}

/* Reading places */

/* Rows of four texts: what key stands for, image, place, its value. */
static json_t *places_of(const struct redis_reply *reply, const char *key, bool is_number)
{
    json_t *places = json_array();
    for (size_t i = 0; i + 3 < redis_len(reply); i += 4) {
        const char *word = redis_str(redis_at(reply, i), NULL);
        json_t *place = place_of_texts(redis_str(redis_at(reply, i + 1), NULL),
                                       redis_str(redis_at(reply, i + 2), NULL),
                                       redis_str(redis_at(reply, i + 3), NULL));
        if (!place)
            continue; /* not ours: no UTF-8 */
        json_object_set_new(place, key,
                            is_number ? json_integer(strtoll(word, NULL, 10)) : json_string(word));
        json_array_append_new(places, place);
    }
    return places;
}

struct finding {
    struct flight *flight;
    json_t **ret_places;
};

static void on_found(void *arg, int err, struct redis_reply *reply)
{
    struct finding *finding = arg;
    if (err == 0)
        *finding->ret_places = places_of(reply, "Layers", true);
    flight_on_reply(finding->flight, err, reply);
}

static void send_find(struct redis *redis, const struct index_image *image, struct finding *finding)
{
    const struct chain *chain = image->chain;
    struct command command = command_new(find_script, chain->count + 4);
    for (size_t k = chain->count; k > 0 && k >= chain->first_telling; k--)
        command_add(&command, xasprintf(KEY_INDEX_CHAIN "%s", chain->ids[k - 1]));
    command_end_keys(&command);
    command_add(&command, xstrdup(KEY_INDEX_IMAGE));
    command_add_int(&command, (int64_t)chain->count);
    command_add_int(&command, INDEX_MAX_FOUND);
    command_add(&command, xstrdup(image->child));
    command_send(&command, redis, REDIS_WORKER_TIMEOUT_MS, on_found, finding);
}

static int find_in_redis(const struct store_link *link, const struct index_image *images,
                         size_t count, json_t **ret_places)
{
    struct flight flight = {.loop = link->loop, .pending = count};
    AUTO(free) struct finding *findings = xcalloc(count, sizeof(*findings));
    for (size_t i = 0; i < count; i++) {
        ret_places[i] = NULL;
        findings[i] = (struct finding){&flight, &ret_places[i]};
        send_find(link->redis, &images[i], &findings[i]);
    }
    int err = flight_wait(&flight);
    for (size_t i = 0; err && i < count; i++) {
        json_decref(ret_places[i]);
        ret_places[i] = NULL;
    }
    return err;
}

int relations_index_find(struct store *store, const struct index_image *images, size_t count,
                         json_t **ret_places)
{
    struct store_link link = store_link(store);
    if (!link.memory)
        return find_in_redis(&link, images, count, ret_places);
    for (size_t i = 0; i < count; i++)
        ret_places[i] = relations_memory_find(link.memory, &images[i]);
    return 0;
}

static void on_holders(void *arg, int err, struct redis_reply *reply)
{
    struct finding *finding = arg;
    if (err == 0) {
        *finding->ret_places = json_array();
        for (size_t i = 0; i < redis_len(reply); i++)
            json_array_append_new(*finding->ret_places,
                                  json_string(redis_str(redis_at(reply, i), NULL)));
    }
    flight_on_reply(finding->flight, err, reply);
}

int relations_index_holders(struct store *store, const char *child, const json_t *facts,
                            json_t **ret_digests)
{
    struct store_link link = store_link(store);
    if (link.memory) {
        *ret_digests = relations_memory_holders(link.memory, child, facts);
        return 0;
    }
    struct flight flight = {.loop = link.loop, .pending = 1};
    json_t *digests = NULL;
    struct finding finding = {&flight, &digests};
    struct command command = command_new(holders_script, 8 + INDEX_MAX_LAYERS);
    size_t i;
    json_t *layer;
    json_array_foreach(jsonx_array(facts, "Layers"), i, layer)
    {
        const char *diff_id = jsonx_str(layer, "DiffID");
        if (digest_is_valid(diff_id) && command.argc < 3 + INDEX_MAX_LAYERS)
            command_add(&command, xasprintf(KEY_INDEX_DIFF "%s", diff_id));
    }
    command_end_keys(&command);
    command_add(&command, xstrdup(child));
    command_send(&command, link.redis, REDIS_WORKER_TIMEOUT_MS, on_holders, &finding);
    int err = flight_wait(&flight);
    if (err)
        json_decref(digests);
    else
        *ret_digests = digests;
    return err;
}

/* For the api */

struct looking {
    relations_index_done *done;
    void *arg;
};

static void on_lookup(void *arg, int err, struct redis_reply *reply)
{
    struct looking *looking = arg;
    JSON_AUTO
    json_t *places = err ? NULL : places_of(reply, "As", false);
    looking->done(looking->arg, err, places);
    free(looking);
}

void relations_index_lookup(struct redis *redis, const char *digest, relations_index_done *done,
                            void *arg)
{
    static const char *const kinds[] = {"layer",  KEY_INDEX_LAYER,  "diff-id", KEY_INDEX_DIFF,
                                        "config", KEY_INDEX_CONFIG, "chain",   KEY_INDEX_CHAIN};
    struct looking *looking = xmalloc(sizeof(*looking));
    *looking = (struct looking){done, arg};
    struct command command = command_new(lookup_script, 4 + ARRAY_LEN(kinds));
    command_end_keys(&command);
    command_add(&command, xstrdup(digest));
    command_add(&command, xstrdup(KEY_INDEX_IMAGE));
    command_add(&command, xstrdup(KEY_VERSION));
    command_add_int(&command, INDEX_MAX_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        command_add(&command, xstrdup(kinds[i]));
    command_send(&command, redis, REDIS_API_TIMEOUT_MS, on_lookup, looking);
}
