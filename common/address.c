#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "mem.h"

struct ipv4_range {
    uint32_t network;
    int bits;
};

/* IANA's special-purpose registry (RFC 6890 and successors): all that is not globally reachable. */
static const struct ipv4_range private_ranges[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, cloud metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarking */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool ipv4_is_private(uint32_t address)
{
    for (size_t i = 0; i < ARRAY_LEN(private_ranges); i++) {
        uint32_t mask = 0xffffffffU << (32 - private_ranges[i].bits);
        if ((address & mask) == private_ranges[i].network)
            return true;
    }
    return false;
}

static uint32_t ipv4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool ipv6_is_private(const uint8_t *bytes)
{
    static const uint8_t zeros[12];
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)bytes) ||
        memcmp(bytes, nat64, sizeof(nat64)) == 0 || memcmp(bytes, zeros, sizeof(zeros)) == 0)
        return ipv4_is_private(ipv4_at(bytes + 12)); /* ::1 and :: read as 0.0.0.0/8 */
    if (bytes[0] == 0x20 && bytes[1] == 0x02)        /* 6to4 */
        return ipv4_is_private(ipv4_at(bytes + 2));
    /* Only 2000::/3 is global unicast; of it not documentation nor 2001::/23, the protocol
     * assignments: Teredo, benchmarking, identifiers. */
    if ((bytes[0] & 0xe0) != 0x20)
        return true;
    bool documentation =
        (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8) ||
        (bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] < 0x10);
    bool protocol = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2;
    return documentation || protocol;
}

bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ipv4_is_private(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return ipv6_is_private(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr);
    return true;
}

bool address_text_is_private(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_private((const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return address_is_private((const struct sockaddr *)&v6);
    return true;
}
