#include "registry_peer.h"

#include <stdlib.h>

#include "mem.h"

struct registry_peer *peer_of(struct registry_peer **list, const struct registry_host *host)
{
    for (struct registry_peer *peer = *list; peer; peer = peer->next)
        if (peer->host == host)
            return peer;
    struct registry_peer *peer = xcalloc(1, sizeof(*peer));
    peer->host = host;
    peer->lane.most = 1;
    peer->next = *list;
    *list = peer;
    return peer;
}

void peers_free(struct registry_peer *list)
{
    while (list) {
        struct registry_peer *peer = list;
        list = peer->next;
        challenge_release(&peer->challenge);
        free(peer);
    }
}

void peer_learn(struct registry_peer *peer, const struct challenge *challenge)
{
    struct challenge learned = {.is_basic = challenge->is_basic,
                                .realm = xstrdup(challenge->realm),
                                .service = xstrdup(challenge->service),
                                .scope = xstrdup(""),
                                .error = xstrdup("")};
    challenge_release(&peer->challenge);
    peer->challenge = learned;
}

bool peer_has_realm(const struct registry_peer *peer)
{
    return peer->challenge.realm && !peer->challenge.is_basic;
}
