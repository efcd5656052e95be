/* Host names to addresses without blocking the loop (getaddrinfo_a): hiredis would block in
 * getaddrinfo, for seconds when DNS is down. */
#ifndef MB_RESOLVE_H
#define MB_RESOLVE_H

struct loop;
struct resolve;

/* address is a numeric text, NULL with ERR_NETWORK or ERR_TIMEOUT. Called once, from the loop. */
typedef void resolve_done(void *arg, int err, const char *address);

/* choice picks one of several addresses, modulo their number: count up to try them in turn. */
struct resolve *resolve_start(struct loop *loop, const char *host, unsigned choice, int timeout_ms,
                              resolve_done *done, void *arg);
/* No callback comes after this. NULL is fine. */
void resolve_cancel(struct resolve *resolve);

#endif
