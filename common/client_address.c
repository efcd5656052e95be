#include "client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "mem.h"

#define MAX_NETWORKS 256
#define IPV4_OFFSET_BITS 96 /* of ::ffff:0:0/96, as which IPv4 is kept */

struct network {
    struct in6_addr address;
    int bits;
};

struct trusted_proxies {
    size_t count;
    struct network networks[MAX_NETWORKS];
};

/* IPv4 too, as ::ffff:a.b.c.d. */
static bool parse_address(const char *text, struct in6_addr *ret_address)
{
    struct in_addr v4;
    if (inet_pton(AF_INET6, text, ret_address) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    memset(ret_address, 0, sizeof(*ret_address));
    memset(&ret_address->s6_addr[10], 0xff, 2);
    memcpy(&ret_address->s6_addr[12], &v4, sizeof(v4));
    return true;
}

static bool parse_bits(const char *text, bool is_ipv4, int *ret_bits)
{
    int most = is_ipv4 ? 32 : 128;
    char *end = NULL;
    long bits = text ? strtol(text, &end, 10) : most;
    if (text && (*text < '0' || *text > '9' || *end || bits > most))
        return false;
    *ret_bits = (int)bits + (is_ipv4 ? IPV4_OFFSET_BITS : 0);
    return true;
}

/* Cuts text at its slash. */
static bool parse_network(char *text, struct network *ret_network)
{
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    return parse_address(text, &ret_network->address) &&
           parse_bits(slash ? slash + 1 : NULL, !strchr(text, ':'), &ret_network->bits);
}

int trusted_proxies_parse(const char *text, struct trusted_proxies **ret_proxies, char **ret_why)
{
    AUTO(free) struct trusted_proxies *proxies = xcalloc(1, sizeof(*proxies));
    for (const char *at = text; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
        at += strspn(at, " ");
        AUTO(free) char *item = xstrndup(at, strcspn(at, ", "));
        AUTO(free) char *given = xstrdup(item);
        if (proxies->count == MAX_NETWORKS) {
            *ret_why = xasprintf("more than %d networks", MAX_NETWORKS);
            return ERR_INVALID;
        }
        if (!parse_network(item, &proxies->networks[proxies->count++])) {
            *ret_why = xasprintf("%.100s is no address or network like 10.0.0.0/8", given);
            return ERR_INVALID;
        }
    }
    *ret_proxies = TAKE(proxies);
    return 0;
}

void trusted_proxies_free(struct trusted_proxies *proxies)
{
    free(proxies);
}

static bool is_inside(const struct network *network, const struct in6_addr *address)
{
    size_t whole = (size_t)network->bits / 8;
    int rest = network->bits % 8;
    if (memcmp(&network->address, address, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return !rest || ((network->address.s6_addr[whole] ^ address->s6_addr[whole]) & mask) == 0;
}

static bool is_trusted(const struct trusted_proxies *proxies, const struct in6_addr *address)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (is_inside(&proxies->networks[i], address))
            return true;
    return false;
}

/* One member of the list; some proxies write the port too: "192.0.2.1:99", "[2001:db8::1]:99". */
static bool parse_hop(const char *text, size_t len, struct in6_addr *ret_address)
{
    char hop[CLIENT_ADDRESS_BYTES];
    while (len && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len >= sizeof(hop))
        return false;
    memcpy(hop, text, len);
    hop[len] = '\0';
    char *colon = strchr(hop, ':');
    if (*hop == '[') {
        hop[strcspn(hop, "]")] = '\0';
        return parse_address(hop + 1, ret_address);
    }
    if (colon && strchr(hop, '.') && !strchr(colon + 1, ':'))
        *colon = '\0';
    return parse_address(hop, ret_address);
}

static void format(const struct in6_addr *address, char ret_text[CLIENT_ADDRESS_BYTES])
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr network = *address;
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        (void)inet_ntop(AF_INET, &address->s6_addr[12], ret_text, CLIENT_ADDRESS_BYTES);
        return;
    }
    memset(&network.s6_addr[8], 0, 8);
    (void)inet_ntop(AF_INET6, &network, text, sizeof(text));
    (void)snprintf(ret_text, CLIENT_ADDRESS_BYTES, "%s/64", text);
}

void client_address(const struct trusted_proxies *proxies, const char *peer,
                    const char *forwarded_for, char ret_text[CLIENT_ADDRESS_BYTES])
{
    struct in6_addr address;
    if (!parse_address(peer, &address)) {
        (void)snprintf(ret_text, CLIENT_ADDRESS_BYTES, "unknown");
        return;
    }
    size_t left = forwarded_for ? strlen(forwarded_for) : 0;
    while (left && is_trusted(proxies, &address)) {
        size_t start = left;
        while (start && forwarded_for[start - 1] != ',')
            start--;
        if (!parse_hop(forwarded_for + start, left - start, &address))
            break;
        left = start ? start - 1 : 0;
    }
    format(&address, ret_text);
}
