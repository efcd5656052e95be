/* The least that libmicrohttpd can do: one thread, its own epoll loop, one prepared response for
 * every request. What the api's cached reads are measured against.
 * Usage: bare_httpd PORT BODY_FILE ["Name: value" ...] */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX_BYTES (64L << 20)

static struct MHD_Response *response;

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **context)
{
    (void)arg;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_bytes;
    static int seen;
    if (!*context) {
        *context = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static struct MHD_Response *response_from_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    char *body = malloc((size_t)BODY_MAX_BYTES);
    size_t len = body ? fread(body, 1, (size_t)BODY_MAX_BYTES, file) : 0;
    (void)fclose(file);
    return MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
}

/* "Name: value" */
static void add_header(const char *line)
{
    char name[128];
    const char *colon = strstr(line, ": ");
    if (!colon || (size_t)(colon - line) >= sizeof(name))
        return;
    memcpy(name, line, (size_t)(colon - line));
    name[colon - line] = '\0';
    (void)MHD_add_response_header(response, name, colon + 2);
}

int main(int argc, char **argv)
{
    long port = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    response = port > 0 && port < 65536 ? response_from_file(argv[2]) : NULL;
    if (!response) {
        (void)fprintf(stderr, "usage: %s PORT BODY_FILE [\"Name: value\" ...]\n", argv[0]);
        return 2;
    }
    for (int i = 3; i < argc; i++)
        add_header(argv[i]);
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, NULL,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (!daemon) {
        (void)fprintf(stderr, "cannot listen on port %ld\n", port);
        return 1;
    }
    int caught;
    sigwait(&stop, &caught);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
