#include "httpd_internal.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"
#include "loop.h"
#include "mem.h"
#include "strbuf.h"

/* Request line and headers of one request, and its answer's headers. What does not even fit by
 * itself gets 414 or 431 from libmicrohttpd. Ten thousand waiting clients cost ten thousand times
 * this. */
#define CONNECTION_MEMORY_BYTES ((size_t)6 * 1024)
#define ANSWER_HEADERS_BYTES 1536 /* more than any answer has */
#define HEADER_COST_BYTES 64      /* of each header and cookie of a request, beside its text */
#define RUNS_A_TURN 8             /* then the loop's other descriptors get their turn */
#define BODY_MAX_BYTES 65536
#define SPARE_DESCRIPTORS 64 /* beside the connections' */

/* Requests */

/* Routes read the query from the target. libmicrohttpd would split it into its own list first, and
 * a query whose list does not fit a connection's memory (a hundred members do not) gets no answer
 * from it before the connection's timeout. uri lies in the connection's own buffer, where it is
 * about to end what stands before '?' by itself. */
static void hide_query(const char *uri)
{
    char *query = strchr(uri, '?');
    if (query && query[1])
        query[1] = '\0';
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct httpd *httpd = arg;
    size_t len = strlen(uri);
    struct httpd_request *request = xmalloc(sizeof(*request) + len + 1);
    *request = (struct httpd_request){.httpd = httpd, .connection = connection};
    memcpy(request->target, uri, len + 1);
    hide_query(uri);
    httpd->active++;
    return request;
}

/* The target is taken as it was sent: routes decode it themselves, strictly. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

/* An early answer is possible before a body, or after all of it. */
static bool declares_large_body(const struct httpd_request *request)
{
    const char *length = httpd_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && (strlen(length) > 9 || strtol(length, NULL, 10) > BODY_MAX_BYTES);
}

enum MHD_Result httpd_queue_response(struct httpd_request *request, struct httpd_response *response)
{
    /* From then on every answer ends its connection: a shared one may be changed for good. */
    if (request->httpd->is_quiesced && !response->closes)
        httpd_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return MHD_queue_response(request->connection, response->status, response->mhd);
}

/* Where an answer's headers do not fit beside the request, libmicrohttpd would close the connection
 * without a word. Its cookies are copied: that is looked at only where it may matter. */
static bool leaves_room_for_answer(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t text_bytes = info ? info->header_size : 0;
    size_t count = (size_t)MHD_get_connection_values(connection, MHD_HEADER_KIND | MHD_COOKIE_KIND,
                                                     NULL, NULL);
    size_t bytes = text_bytes + count * HEADER_COST_BYTES + ANSWER_HEADERS_BYTES;
    if (bytes + text_bytes <= CONNECTION_MEMORY_BYTES)
        return true;
    const char *cookies =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_COOKIE);
    return bytes + (cookies ? strlen(cookies) + 1 : 0) <= CONNECTION_MEMORY_BYTES;
}

/* Where it is the target that is so long, it can name nothing: no valid one comes near. */
static char *refusal(const struct httpd_request *request, size_t text_bytes)
{
    static const char body[] =
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"The "
        "target is "
        "longer than any name or query that could be.\",\"code\":\"bad_request\"}";
    if (strlen(request->target) < text_bytes / 2)
        return xstrdup("HTTP/1.1 431 Request Header Fields Too Large\r\n"
                       "Connection: close\r\nContent-Length: 0\r\n\r\n");
    return xasprintf("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                     "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n%s",
                     sizeof(body) - 1, strcmp(request->method, "HEAD") == 0 ? "" : body);
}

/* Past libmicrohttpd, which has no memory for it. Nothing else is being sent: answers of requests
 * that came before are out when this one is read. */
static enum MHD_Result refuse_large_headers(struct MHD_Connection *connection,
                                            const struct httpd_request *request)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    AUTO(free) char *answer = refusal(request, size ? size->header_size : 0);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        (void)send(info->connect_fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    return MHD_NO;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **context)
{
    (void)url;
    (void)version;
    (void)upload;
    struct httpd *httpd = arg;
    struct httpd_request *request = *context;
    if (!request->is_started) {
        request->is_started = true;
        request->method = method;
        if (!leaves_room_for_answer(connection))
            return refuse_large_headers(connection, request);
        return declares_large_body(request) ? httpd_queue_response(request, httpd->body_too_large)
                                            : MHD_YES;
    }
    if (*upload_bytes) { /* nothing here takes a body; an endless one ends the connection */
        request->body_bytes += *upload_bytes;
        *upload_bytes = 0;
        return request->body_bytes > BODY_MAX_BYTES ? MHD_NO : MHD_YES;
    }
    if (request->reply) {
        struct httpd_response *reply = TAKE(request->reply);
        enum MHD_Result result = httpd_queue_response(request, reply);
        httpd_response_unref(reply);
        return result;
    }
    if (!request->is_handled) {
        request->is_handled = true;
        httpd->handler(httpd->arg, request);
    }
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct httpd *httpd = arg;
    struct httpd_request *request = TAKE(*context);
    if (!request)
        return;
    httpd->active--;
    httpd_response_unref(request->reply);
    free(request);
}

/* Turns */

static void on_ready(void *arg, int events)
{
    (void)events;
    ((struct httpd *)arg)->is_dirty = true;
}

static void on_timer(void *arg)
{
    ((struct httpd *)arg)->is_dirty = true;
}

/* libmicrohttpd runs outside all callbacks, right before the loop sleeps. Its sockets are
 * edge-triggered, so its timeout must be asked for after each run and honoured. */
static void before_sleep(void *arg)
{
    struct httpd *httpd = arg;
    if (!httpd->is_dirty)
        return;
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    bool has_timeout = false;
    for (int runs = 0; httpd->is_dirty && runs < RUNS_A_TURN; runs++) {
        httpd->is_dirty = false;
        (void)MHD_run(httpd->daemon);
        has_timeout = MHD_get_timeout(httpd->daemon, &timeout_ms) == MHD_YES;
        if (has_timeout && timeout_ms == 0)
            httpd->is_dirty = true;
    }
    if (has_timeout || httpd->is_dirty)
        loop_timer_start(httpd->timer, httpd->is_dirty ? 0 : (int64_t)timeout_ms);
    else
        loop_timer_stop(httpd->timer);
}

/* Shells give 1024 descriptors, and allow more to who asks. */
static void raise_descriptor_limit(unsigned connections)
{
    struct rlimit limit;
    rlim_t wanted = connections + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static struct MHD_Daemon *start_daemon(struct httpd *httpd, const struct httpd_options *options,
                                       int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                            httpd, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            options->max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                            options->max_connections_per_ip, MHD_OPTION_CONNECTION_TIMEOUT,
                            options->idle_timeout_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            CONNECTION_MEMORY_BYTES, MHD_OPTION_URI_LOG_CALLBACK, on_uri, httpd,
                            MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, httpd, MHD_OPTION_END);
}

static struct httpd_response *body_too_large_new(void)
{
    static const char text[] = "{\"type\":\"about:blank\",\"title\":\"Content Too Large\","
                               "\"status\":413,\"detail\":\"No request here needs a body, and one "
                               "of more than 64 KiB is not read.\",\"code\":\"body_too_large\"}";
    struct httpd_response *response = httpd_response_new(413, xstrdup(text), strlen(text));
    httpd_response_header(response, "Content-Type", "application/problem+json");
    return response;
}

struct httpd *httpd_new(struct loop *loop, const struct httpd_options *options,
                        httpd_handler *handler, void *arg, char **ret_why)
{
    int fd = listen_open(options->listen, ret_why);
    if (fd < 0)
        return NULL;
    struct httpd *httpd = xcalloc(1, sizeof(*httpd));
    httpd->loop = loop;
    httpd->handler = handler;
    httpd->arg = arg;
    httpd->port = listen_port(fd);
    raise_descriptor_limit(options->max_connections);
    httpd->daemon = start_daemon(httpd, options, fd);
    const union MHD_DaemonInfo *info =
        httpd->daemon ? MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        *ret_why = xasprintf("%s: libmicrohttpd does not start", options->listen);
        close(fd);
        free(httpd);
        return NULL;
    }
    httpd->io = loop_io_new(loop, info->epoll_fd, LOOP_READ, on_ready, httpd);
    httpd->timer = loop_timer_new(loop, on_timer, httpd);
    httpd->hook = loop_hook_new(loop, before_sleep, httpd);
    httpd->body_too_large = body_too_large_new();
    httpd->is_dirty = true;
    return httpd;
}

int httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

/* Nobody gets in between the last accept and the close: closing would reset them. Their SYNs are
 * dropped, and they are refused when they try again. */
static void shut_out_new_clients(int fd)
{
    struct sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* the TCP header's flags */
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {.len = ARRAY_LEN(drop_syn), .filter = drop_syn};
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Connections that the kernel has taken already get their answers: closing would reset them. */
static void take_backlog(struct httpd *httpd, int fd)
{
    struct sockaddr_storage address;
    for (;;) {
        socklen_t len = sizeof(address);
        int connection =
            accept4(fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (connection < 0)
            return;
        (void)MHD_add_connection(httpd->daemon, connection, (struct sockaddr *)&address, len);
    }
}

void httpd_quiesce(struct httpd *httpd)
{
    httpd->is_quiesced = true;
    int fd = MHD_quiesce_daemon(httpd->daemon);
    if (fd >= 0) {
        shut_out_new_clients(fd);
        take_backlog(httpd, fd);
        close(fd);
    }
    /* libmicrohttpd 1.0 counts those taken in only from its next run on; a drain would end first.
     */
    (void)MHD_run(httpd->daemon);
    httpd->is_dirty = true;
}

unsigned httpd_active(const struct httpd *httpd)
{
    return httpd->active;
}

unsigned httpd_connections(const struct httpd *httpd)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}

void httpd_free(struct httpd *httpd)
{
    if (!httpd)
        return;
    loop_hook_free(httpd->hook);
    loop_io_free(httpd->io);
    loop_timer_free(httpd->timer);
    MHD_stop_daemon(httpd->daemon);
    httpd_response_unref(httpd->body_too_large);
    free(httpd);
}

const char *httpd_target(const struct httpd_request *request)
{
    return request->target;
}

const char *httpd_method(const struct httpd_request *request)
{
    return request->method;
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_values {
    const char *name;
    struct strbuf joined;
};

static enum MHD_Result join_value(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    struct header_values *values = arg;
    if (strcasecmp(name, values->name) == 0)
        strbuf_addf(&values->joined, "%s%s", values->joined.len ? "," : "", value ? value : "");
    return MHD_YES;
}

char *httpd_header_values(const struct httpd_request *request, const char *name)
{
    struct header_values values = {name, STRBUF_INIT(CONNECTION_MEMORY_BYTES)};
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, join_value, &values);
    return strbuf_detach(&values.joined);
}

void httpd_peer(const struct httpd_request *request, char *ret_text, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    ret_text[0] = '\0';
    if (address && address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, ret_text,
                        (socklen_t)size);
    else if (address && address->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, ret_text,
                        (socklen_t)size);
}

/* Answers */

struct httpd_response *httpd_response_new(int status, char *body, size_t body_bytes)
{
    struct httpd_response *response = xcalloc(1, sizeof(*response));
    response->refs = 1;
    response->status = (unsigned)status;
    response->mhd = MHD_create_response_from_buffer(body_bytes, body, MHD_RESPMEM_MUST_FREE);
    if (!response->mhd)
        abort();
    return response;
}

void httpd_response_header(struct httpd_response *response, const char *name, const char *value)
{
    response->closes |= strcasecmp(name, MHD_HTTP_HEADER_CONNECTION) == 0;
    (void)MHD_add_response_header(response->mhd, name, value);
}

int httpd_response_status(const struct httpd_response *response)
{
    return (int)response->status;
}

void httpd_response_ref(struct httpd_response *response)
{
    response->refs++;
}

void httpd_response_unref(struct httpd_response *response)
{
    if (!response || --response->refs)
        return;
    MHD_destroy_response(response->mhd);
    free(response);
}

void httpd_reply(struct httpd_request *request, struct httpd_response *response)
{
    if (!request->is_suspended) {
        (void)httpd_queue_response(request, response);
        return;
    }
    httpd_response_ref(response);
    request->reply = response;
    request->is_suspended = false;
    /* libmicrohttpd 0.9.75 does not wake up by itself after this. */
    MHD_resume_connection(request->connection);
    request->httpd->is_dirty = true;
}

void httpd_suspend(struct httpd_request *request)
{
    request->is_suspended = true;
    MHD_suspend_connection(request->connection);
}
