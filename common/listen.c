#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"

#define LISTEN_BACKLOG 1024

/* "host:port", "[v6]:port", ":port"; false if it is none of them. */
static bool split_listen(const char *listen, char *ret_host, size_t size, const char **ret_port)
{
    const char *colon = strrchr(listen, ':');
    if (!colon || !colon[1] || (size_t)(colon - listen) >= size)
        return false;
    size_t len = (size_t)(colon - listen);
    bool is_bracketed = len > 1 && listen[0] == '[' && listen[len - 1] == ']';
    (void)snprintf(ret_host, size, "%.*s", (int)(len - (is_bracketed ? 2 : 0)),
                   listen + (is_bracketed ? 1 : 0));
    *ret_port = colon + 1;
    return true;
}

static int open_socket(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int off = 0;
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int listen_open(const char *listen, char **ret_why)
{
    char host[256];
    const char *port;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int fd = -1;
    if (!split_listen(listen, host, sizeof(host), &port)) {
        *ret_why = xasprintf("%s is no address like 127.0.0.1:8080", listen);
        return -1;
    }
    int error = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    if (error) {
        *ret_why = xasprintf("%s: %s", listen, gai_strerror(error));
        return -1;
    }
    /* All addresses: an IPv6 socket takes IPv4 too, so it is tried first. */
    for (const struct addrinfo *at = list; at && fd < 0 && !*host; at = at->ai_next)
        fd = at->ai_family == AF_INET6 ? open_socket(at) : -1;
    for (const struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
        fd = open_socket(at);
    if (fd < 0)
        *ret_why = xasprintf("%s: %s", listen, strerror(errno));
    freeaddrinfo(list);
    return fd;
}

int listen_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
