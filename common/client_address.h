/* Whose share of the server a request counts against: the address of the client itself, behind
 * proxies that are trusted to say who asked them. */
#ifndef MB_CLIENT_ADDRESS_H
#define MB_CLIENT_ADDRESS_H

struct trusted_proxies;

#define CLIENT_ADDRESS_BYTES 64

/* "10.0.0.0/8, 2001:db8::/32, 192.0.2.1", "" for none. 0, or ERR_INVALID with ret_why (caller
 * frees). */
int trusted_proxies_parse(const char *text, struct trusted_proxies **ret_proxies, char **ret_why);
void trusted_proxies_free(struct trusted_proxies *proxies);

/* peer is a numeric address; forwarded_for all values of X-Forwarded-For joined by commas, or NULL.
 * From the peer on leftwards through the list: the first address that is no trusted proxy's. Each
 * hop is believed only because the one before it is trusted. An IPv6 address stands for its /64,
 * which one client has to itself. "unknown" where the peer has none. */
void client_address(const struct trusted_proxies *proxies, const char *peer,
                    const char *forwarded_for, char ret_text[CLIENT_ADDRESS_BYTES]);

#endif
