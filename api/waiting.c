#include "waiting.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem.h"

struct client {
    UT_hash_handle hh;
    int64_t count;
    char name[];
};

struct waiting {
    struct client *clients;
    int64_t total, max_total, max_per_client;
};

struct waiting *waiting_new(int64_t max_total, int64_t max_per_client)
{
    struct waiting *waiting = xcalloc(1, sizeof(*waiting));
    waiting->max_total = max_total;
    waiting->max_per_client = max_per_client;
    return waiting;
}

void waiting_free(struct waiting *waiting)
{
    free(waiting);
}

bool waiting_enter(struct waiting *waiting, const char *name)
{
    struct client *client = NULL;
    size_t len = strlen(name);
    if (waiting->max_total && waiting->total >= waiting->max_total)
        return false;
    HASH_FIND(hh, waiting->clients, name, len, client);
    if (client && waiting->max_per_client && client->count >= waiting->max_per_client)
        return false;
    if (!client) {
        client = xcalloc(1, sizeof(*client) + len + 1);
        memcpy(client->name, name, len + 1);
        HASH_ADD(hh, waiting->clients, name, len, client);
    }
    client->count++;
    waiting->total++;
    return true;
}

void waiting_leave(struct waiting *waiting, const char *name)
{
    struct client *client = NULL;
    HASH_FIND(hh, waiting->clients, name, strlen(name), client);
    if (!client)
        return;
    waiting->total--;
    if (--client->count == 0) {
        HASH_DEL(waiting->clients, client);
        free(client);
    }
}

int64_t waiting_total(const struct waiting *waiting)
{
    return waiting->total;
}
