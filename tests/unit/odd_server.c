#include "odd_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

static bool put(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = send(fd, data, len, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        data += done;
        len -= (size_t)done;
    }
    return true;
}

static bool put_text(int fd, const char *text)
{
    return put(fd, text, strlen(text));
}

static bool put_answer(int fd, const char *status, const char *body, size_t len, bool with_body)
{
    AUTO(free) char *head = xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);
    return put_text(fd, head) && (!with_body || put(fd, body, len));
}

static bool put_endless(int fd)
{
    char block[4096];
    memset(block, 'e', sizeof(block));
    bool ok = put_text(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (ok)
        ok = put(fd, block, sizeof(block));
    return false;
}

static bool put_drops(int fd)
{
    bool ok = put_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (ok && usleep(100000) == 0)
        ok = put_text(fd, "d");
    return false;
}

static bool put_headers(int fd)
{
    bool ok = put_text(fd, "HTTP/1.1 200 OK\r\n");
    while (ok)
        ok = put_text(fd, "X-Flood: 0123456789012345678901234567890123456789\r\n");
    return false;
}

static bool put_gzip(int fd)
{
    static const char body[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\x49\xad\x28\x01"
                               "\x00\xc7\xa7\x8b\x3b\x04\x00\x00\x00";
    return put_text(fd,
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n") &&
           put(fd, body, 24);
}

static bool put_false_gzip(int fd)
{
    return put_text(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
                        "text");
}

/* True while the connection is to stay. */
static bool answer(int fd, const char *request, size_t len)
{
    bool with_body = strncmp(request, "HEAD", 4) != 0;
    const char *path = strchr(request, ' ') + 1;
    unsigned long number = 0;
    char text[64];
    if (strncmp(path, "/echo", 5) == 0) {
        AUTO(free) char *body = xasprintf("[%d] %.*s", (int)getpid(), (int)len, request);
        return put_answer(fd, "200 OK", body, strlen(body), with_body);
    }
    if (sscanf(path, "/bytes/%lu", &number) == 1) {
        AUTO(free) char *body = xcalloc(number + 1, 1);
        memset(body, 'b', number);
        return put_answer(fd, "200 OK", body, number, with_body);
    }
    if (sscanf(path, "/status/%lu", &number) == 1) {
        (void)snprintf(text, sizeof(text), "%lu Whatever", number);
        return put_answer(fd, text, "no", 2, with_body);
    }
    if (strncmp(path, "/moved", 6) == 0)
        return put_text(fd, "HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n");
    if (strncmp(path, "/headers", 8) == 0)
        return put_text(fd, "HTTP/1.1 200 OK\r\nX-Thing: one\r\nx-thing: two\r\nX-Empty:\r\n"
                            "Content-Length: 0\r\n\r\n");
    if (strncmp(path, "/endless", 8) == 0)
        return put_endless(fd);
    if (strncmp(path, "/drip", 5) == 0)
        return put_drops(fd);
    if (strncmp(path, "/flood", 6) == 0)
        return put_headers(fd);
    if (strncmp(path, "/gzip", 5) == 0)
        return put_gzip(fd);
    if (strncmp(path, "/false-gzip", 11) == 0)
        return put_false_gzip(fd);
    if (strncmp(path, "/short", 6) == 0)
        (void)put_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    else if (strncmp(path, "/garbage", 8) == 0)
        (void)put_text(fd, "\x16\x03\x01 this is no HTTP\r\n\r\n");
    else if (strncmp(path, "/hang", 5) == 0)
        return true;
    return false;
}

static void serve_connection(int fd)
{
    char request[65536];
    size_t have = 0;
    ssize_t got;
    while ((got = recv(fd, request + have, sizeof(request) - 1 - have, 0)) > 0) {
        have += (size_t)got;
        request[have] = '\0';
        const char *end = strstr(request, "\r\n\r\n");
        if (!end)
            continue;
        const char *length = strcasestr(request, "\r\nContent-Length:");
        size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        if (have < (size_t)(end + 4 - request) + body)
            continue;
        if (!answer(fd, request, have))
            return;
        have = 0;
    }
}

static pid_t server;
int odd_server_port;

static void serve(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t parent = getpid();
        if (fd >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent)
                serve_connection(fd);
            _exit(0);
        }
        close(fd);
    }
}

int odd_server_start(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return -1;
    odd_server_port = ntohs(address.sin_port);
    server = fork();
    if (server == 0)
        serve(listener);
    close(listener);
    return server > 0 ? 0 : -1;
}

int odd_server_stop(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
