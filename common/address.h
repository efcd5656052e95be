/* Which IP addresses a foreign name must not lead to (DESIGN 5 rule 9). */
#ifndef MB_ADDRESS_H
#define MB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for loopback, private, link-local, carrier-grade NAT, multicast, unspecified and reserved
 * addresses, also inside IPv4-mapped, NAT64 and 6to4 ones, and for all that is not IP. */
bool address_is_private(const struct sockaddr *address);
/* The same for a numeric text; true where it is no address. */
bool address_text_is_private(const char *text);

#endif
