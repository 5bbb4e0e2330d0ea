/* TLS of the clients: one full handshake a connection, never an earlier session taken up again, nobody's certificate checked. */
#define _GNU_SOURCE
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "load.h"

static SSL_CTX *context;

void tls_attach(struct conn *c, bool http2)
{
    if (context == NULL) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    }
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, c->fd);
    SSL_set_tlsext_host_name(ssl, "bench.example");
    if (http2)
        SSL_set_alpn_protos(ssl, (const unsigned char *)"\2h2", 3);
    else
        SSL_set_alpn_protos(ssl, (const unsigned char *)"\10http/1.1", 9);
    SSL_set_connect_state(ssl);
    c->ssl = ssl;
}

/* What a call on a socket would have returned. */
static ssize_t result_of(struct conn *c, int returned)
{
    if (returned > 0)
        return returned;
    int why = SSL_get_error(c->ssl, returned);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (errno == 0 || errno == EAGAIN)
        errno = EPROTO;
    return -1;
}

int tls_handshake(struct conn *c)
{
    int returned = SSL_do_handshake(c->ssl);
    return returned == 1 ? 1 : (int)result_of(c, returned);
}

ssize_t conn_send(struct conn *c, const void *data, size_t length)
{
    return c->ssl ? result_of(c, SSL_write(c->ssl, data, (int)length)) : send(c->fd, data, length, MSG_NOSIGNAL);
}

ssize_t conn_receive(struct conn *c, void *data, size_t room)
{
    return c->ssl ? result_of(c, SSL_read(c->ssl, data, (int)room)) : recv(c->fd, data, room, 0);
}

void tls_detach(struct conn *c)
{
    if (c->ssl) {
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
}
