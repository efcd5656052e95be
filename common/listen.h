/* Listening sockets from addresses as people write them. */
#ifndef MB_LISTEN_H
#define MB_LISTEN_H

/* "host:port", "[v6]:port", ":port" (all addresses); port 0: any. A non-blocking socket that
 * listens; -1 with a message in ret_why (caller frees). */
int listen_open(const char *listen, char **ret_why);
/* The port that a socket is bound to, 0 if it is none. */
int listen_port(int fd);

#endif
