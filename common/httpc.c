#include "httpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include "strbuf.h"

#define DEFAULT_MAX_BODY_BYTES 65536
#define DEFAULT_TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 5000
#define IDLE_CONNECTIONS 32L
#define MAX_JOINED_BYTES 65536
#define MAX_HEADERS_BYTES 131072
#define STALL_BYTES_PER_SECOND 64L
#define DEFAULT_STALL_SECONDS 15

struct httpc {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct httpc_call *calls;
    char *user_agent;
};

struct httpc_call {
    struct httpc *httpc;
    struct httpc_call *next, *prev;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    struct strbuf body;
    size_t header_bytes;
    bool allow_private;
    bool address_refused;
    httpc_done *done;
    httpc_data *data;
    void *arg;
    char error_text[CURL_ERROR_SIZE];
};

static void call_free(struct httpc_call *call)
{
    struct httpc *httpc = call->httpc;
    if (call->prev)
        call->prev->next = call->next;
    else
        httpc->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    curl_multi_remove_handle(httpc->multi, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    strbuf_release(&call->body);
    free(call);
}

static int result_err(const struct httpc_call *call, CURLcode code)
{
    if (code == CURLE_OK)
        return 0;
    if (call->address_refused)
        return ERR_FORBIDDEN;
    if (strbuf_err(&call->body) || call->header_bytes > MAX_HEADERS_BYTES)
        return ERR_TOOBIG;
    if (code == CURLE_BAD_CONTENT_ENCODING)
        return ERR_PROTO;
    return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_NETWORK;
}

static const char *result_text(const struct httpc_call *call, int err, CURLcode code)
{
    if (err == 0)
        return "";
    if (err == ERR_FORBIDDEN)
        return "its address is private";
    if (err == ERR_TOOBIG)
        return "the answer is too large";
    return call->error_text[0] ? call->error_text : curl_easy_strerror(code);
}

static void call_finish(struct httpc_call *call, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    int err = result_err(call, code);
    struct httpc_response response = {
        .err = err,
        .status = err ? 0 : (int)status,
        .error_text = result_text(call, err, code),
        .body = strbuf_str(&call->body),
        .body_bytes = call->body.len,
        .call = call,
    };
    call->done(call->arg, &response);
    call_free(call);
}

/* After every turn given to libcurl: callers start and cancel others from their done. */
static void finish_done_calls(struct httpc *httpc)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(httpc->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct httpc_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        call_finish(call, code);
    }
}

/* libcurl wants the descriptor, the watcher's callback has one argument: they travel together. */
struct curl_socket {
    struct httpc *httpc;
    curl_socket_t fd;
    struct loop_io *io;
};

static void on_curl_socket(void *arg, int events)
{
    struct curl_socket *socket = arg;
    struct httpc *httpc = socket->httpc;
    int mask =
        (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(httpc->multi, socket->fd, mask, &running);
    finish_done_calls(httpc);
}

static int on_socket_change(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct httpc *httpc = arg;
    struct curl_socket *socket = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (socket) {
            loop_io_free(socket->io);
            free(socket);
        }
        curl_multi_assign(httpc->multi, fd, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    if (!socket) {
        socket = xcalloc(1, sizeof(*socket));
        socket->httpc = httpc;
        socket->fd = fd;
        socket->io = loop_io_new(httpc->loop, fd, events, on_curl_socket, socket);
        curl_multi_assign(httpc->multi, fd, socket);
    }
    loop_io_set(socket->io, events);
    return 0;
}

/* Only arms the timer, also for 0: acting here would re-enter libcurl. */
static int on_timer_change(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    struct httpc *httpc = arg;
    if (timeout_ms < 0)
        loop_timer_stop(httpc->timer);
    else
        loop_timer_start(httpc->timer, timeout_ms);
    return 0;
}

static void on_timer(void *arg)
{
    struct httpc *httpc = arg;
    int running;
    curl_multi_socket_action(httpc->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_done_calls(httpc);
}

struct httpc *httpc_new(struct loop *loop, const char *user_agent)
{
    static bool initialised;
    if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    initialised = true;
    struct httpc *httpc = xcalloc(1, sizeof(*httpc));
    httpc->loop = loop;
    httpc->user_agent = xstrdup(user_agent);
    httpc->timer = loop_timer_new(loop, on_timer, httpc);
    httpc->multi = curl_multi_init();
    if (!httpc->multi)
        abort();
    curl_multi_setopt(httpc->multi, CURLMOPT_SOCKETFUNCTION, on_socket_change);
    curl_multi_setopt(httpc->multi, CURLMOPT_SOCKETDATA, httpc);
    curl_multi_setopt(httpc->multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
    curl_multi_setopt(httpc->multi, CURLMOPT_TIMERDATA, httpc);
    curl_multi_setopt(httpc->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
    return httpc;
}

void httpc_free(struct httpc *httpc)
{
    if (!httpc)
        return;
    while (httpc->calls)
        call_free(httpc->calls);
    curl_multi_cleanup(httpc->multi);
    loop_timer_free(httpc->timer);
    free(httpc->user_agent);
    free(httpc);
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct httpc_call *call = arg;
    long status = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (call->data && status == 200) {
        call->data(call->arg, data, size * count);
        return size * count;
    }
    strbuf_add(&call->body, data, size * count);
    return strbuf_err(&call->body) ? 0 : size * count;
}

/* libcurl keeps them all, so their number is capped here. */
static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    struct httpc_call *call = arg;
    call->header_bytes += size * count;
    return call->header_bytes > MAX_HEADERS_BYTES ? 0 : size * count;
}

/* Sees the address that is really connected to, so no name trick gets past it. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct httpc_call *call = arg;
    if (!call->allow_private && address_is_private(&address->addr)) {
        call->address_refused = true;
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The same for a connection taken from the pool, which another request may have opened. */
static int on_before_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    (void)local;
    (void)peer_port;
    (void)local_port;
    struct httpc_call *call = arg;
    if (call->allow_private || !address_text_is_private(peer))
        return CURL_PREREQFUNC_OK;
    call->address_refused = true;
    return CURL_PREREQFUNC_ABORT;
}

static void set_method(CURL *easy, const struct httpc_request *request)
{
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
}

static void set_signature(CURL *easy, const struct httpc_sigv4 *sigv4)
{
    AUTO(free) char *provider = xasprintf("aws:amz:%s:%s", sigv4->region, sigv4->service);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, provider);
    curl_easy_setopt(easy, CURLOPT_USERNAME, sigv4->access_key);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, sigv4->secret_key);
}

static void set_blob(CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {.data = (void *)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};
    curl_easy_setopt(easy, option, &blob);
}

static void set_tls(struct httpc_call *call, const struct httpc_tls *tls)
{
    CURL *easy = call->easy;
    if (tls->ca_pem) {
        /* No file: libcurl keeps what it read from one for a day. The directory would be trusted
         * besides. */
        set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca_pem);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (tls->cert_pem && tls->key_pem) {
        set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->cert_pem);
        set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key_pem);
    }
    if (tls->connect_to) {
        AUTO(free) char *rule = xasprintf("::%s", tls->connect_to);
        call->connect_to = curl_slist_append(NULL, rule);
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, call->connect_to);
    }
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->is_unverified ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->is_unverified ? 0L : 2L);
}

static void set_limits(struct httpc_call *call, const struct httpc_request *request)
{
    CURL *easy = call->easy;
    int timeout_ms = request->timeout_ms ? request->timeout_ms : DEFAULT_TIMEOUT_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    if (request->own_connection) {
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    } else {
        int stall_seconds = request->stall_seconds ? request->stall_seconds : DEFAULT_STALL_SECONDS;
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_SECOND);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)stall_seconds);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
        /* Without TLS, libcurl would wait for the first answer, which may take long. */
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, strncmp(request->url, "https:", 6) == 0 ? 1L : 0L);
    }
}

static void call_setup(struct httpc_call *call, const struct httpc_request *request)
{
    CURL *easy = call->easy;
    for (const char *const *header = request->headers; header && *header; header++)
        call->headers = curl_slist_append(call->headers, *header);
    if (request->decodes_body) {
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
        /* Wins over the header that this makes: it is not asked for. */
        call->headers = curl_slist_append(call->headers, "Accept-Encoding: identity");
    }
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, call->httpc->user_agent);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error_text);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    set_method(easy, request);
    set_limits(call, request);
    if (request->sigv4)
        set_signature(easy, request->sigv4);
    if (request->tls)
        set_tls(call, request->tls);
}

struct httpc_call *httpc_start(struct httpc *httpc, const struct httpc_request *request,
                               httpc_done *done, void *arg)
{
    struct httpc_call *call = xcalloc(1, sizeof(*call));
    call->httpc = httpc;
    call->done = done;
    call->data = request->data;
    call->arg = arg;
    call->allow_private = request->allow_private;
    call->body.max_bytes =
        request->max_body_bytes ? request->max_body_bytes : DEFAULT_MAX_BODY_BYTES;
    call->next = httpc->calls;
    if (call->next)
        call->next->prev = call;
    httpc->calls = call;
    call->easy = curl_easy_init();
    if (!call->easy)
        abort();
    call_setup(call, request);
    if (curl_multi_add_handle(httpc->multi, call->easy) != CURLM_OK)
        abort();
    return call;
}

void httpc_cancel(struct httpc_call *call)
{
    if (call)
        call_free(call);
}

const char *httpc_header(const struct httpc_response *response, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(response->call->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

char *httpc_headers(const struct httpc_response *response, const char *name)
{
    struct strbuf all = STRBUF_INIT(MAX_JOINED_BYTES);
    struct curl_header *header;
    for (size_t i = 0;
         curl_easy_header(response->call->easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK;
         i++)
        strbuf_addf(&all, "%s%s", i ? ", " : "", header->value);
    if (all.len == 0) {
        strbuf_release(&all);
        return NULL;
    }
    return strbuf_detach(&all);
}

char *httpc_take_body(const struct httpc_response *response)
{
    /* The call is only const to look at; its body goes with it anyway. */
    return strbuf_detach(&((struct httpc_call *)response->call)->body);
}
