#include "redis_internal.h"

#include "err.h"

#ifdef MB_REDIS_TLS

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "mem.h"

static char *trusted_file; /* NULL: the system's certificates */
static SSL_CTX *tls_context;

bool redis_tls_is_supported(void)
{
    return true;
}

/* NULL where the certificates cannot be read. */
static SSL_CTX *context_new(const char *ca_file)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        abort(); /* as where memory ends */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    /* RESP tells where a reply ends, and a server that is killed says no farewell. */
    (void)SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* hiredis moves its output buffer between two tries of one write. */
    (void)SSL_CTX_set_mode(context,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    bool is_read = ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1
                           : SSL_CTX_set_default_verify_paths(context) == 1;
    ERR_clear_error();
    if (is_read)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

int redis_ca_check(const char *ca_file, const char **ret_why)
{
    SSL_CTX *context = *ca_file ? context_new(ca_file) : NULL;
    SSL_CTX_free(context);
    if (context || !*ca_file)
        return 0;
    *ret_why = "no CA certificates can be read from it";
    return ERR_INVALID;
}

void redis_trust(const char *ca_file)
{
    free(trusted_file);
    trusted_file = *ca_file ? xstrdup(ca_file) : NULL;
    SSL_CTX_free(TAKE(tls_context));
}

/* A file is read for each connection: when it changes, nothing has to be started anew. The system's
 * certificates are read once, which takes some milliseconds. */
static SSL_CTX *current_context(void)
{
    if (!tls_context || trusted_file) {
        SSL_CTX_free(tls_context); /* connections that use it keep it */
        tls_context = context_new(trusted_file);
    }
    return tls_context;
}

/* The peer must prove to be host: a name, or an address (which is never sent, RFC 6066 3). */
static bool expect_host(SSL *tls, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1)
        return true;
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls, host) == 1 && SSL_set_tlsext_host_name(tls, host) == 1;
}

bool redis_tls_problem(const struct ssl_st *tls, char *text, size_t size)
{
    long verdict = SSL_get_verify_result(tls);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    if (verdict != X509_V_OK)
        (void)snprintf(text, size, "its certificate is refused: %s",
                       X509_verify_cert_error_string(verdict));
    else if (reason)
        (void)snprintf(text, size, "TLS failed: %s", reason);
    else if (!SSL_is_init_finished(tls))
        (void)snprintf(text, size, "closed during the TLS handshake");
    else
        return false;
    return true;
}

struct ssl_st *redis_tls_start(redisAsyncContext *connection, const char *host, char *why,
                               size_t why_size)
{
    SSL_CTX *context = current_context();
    SSL *tls = context ? SSL_new(context) : NULL;
    __typeof__(connection->c.funcs) without_tls = connection->c.funcs; /* const from 1.2 on */
    ERR_clear_error();
    /* The handshake goes on with the connection's events, but may fail here already: the peer can
     * be quick. */
    if (tls && expect_host(tls, host) && redisInitiateSSL(&connection->c, tls) == REDIS_OK)
        return tls;
    if (!tls || !redis_tls_problem(tls, why, why_size))
        (void)snprintf(why, why_size, "%s",
                       context ? "TLS cannot be set up" : "the CA certificates cannot be read");
    SSL_free(tls);
    connection->c.funcs = without_tls; /* hiredis leaves its own there, which need what is freed */
    return NULL;
}

void redis_tls_prepare(void)
{
    ERR_clear_error();
}

#else

bool redis_tls_is_supported(void)
{
    return false;
}

int redis_ca_check(const char *ca_file, const char **ret_why)
{
    if (!*ca_file)
        return 0;
    *ret_why = "TLS to Redis is not supported by this version";
    return ERR_UNSUPPORTED;
}

void redis_trust(const char *ca_file)
{
    (void)ca_file;
}

struct ssl_st *redis_tls_start(redisAsyncContext *connection, const char *host, char *why,
                               size_t why_size)
{
    (void)connection;
    (void)host;
    (void)snprintf(why, why_size, "TLS is not supported by this version");
    return NULL;
}

void redis_tls_prepare(void)
{
}

bool redis_tls_problem(const struct ssl_st *tls, char *text, size_t size)
{
    (void)tls;
    (void)text;
    (void)size;
    return false;
}

#endif
