/* What a client has learned of one registry's host. Used by the registry client only. */
#ifndef MB_REGISTRY_PEER_H
#define MB_REGISTRY_PEER_H

#include <stdbool.h>

#include "challenge.h"
#include "registry_lane.h"

struct registry_host;

/* The first call finds out how it wants to be asked, so that the others do not all learn it by a
 * refusal. */
struct registry_peer {
    struct registry_peer *next;
    const struct registry_host *host;
    struct lane lane;
    bool is_known;              /* it has answered once */
    bool was_pinged;            /* its /v2/ was asked for what a 401 did not say */
    struct challenge challenge; /* what it asked for then; no realm: nothing */
};

/* The peer of this host, a new one where it is not in the list. Borrowed. */
struct registry_peer *peer_of(struct registry_peer **list, const struct registry_host *host);
void peers_free(struct registry_peer *list);

/* Realm and service hold for the whole host; the scope is each repository's own. */
void peer_learn(struct registry_peer *peer, const struct challenge *challenge);
/* True where it hands out tokens, by what is known. */
bool peer_has_realm(const struct registry_peer *peer);

#endif
