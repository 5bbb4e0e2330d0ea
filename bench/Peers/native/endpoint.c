/* Endpoints: an echo that returns what it gets, a sink that checks a stream and forgets it, and the listener of http.c's. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

uint16_t echo_ports[MAX_ENDPOINTS], sink_ports[MAX_ENDPOINTS], web_ports[MAX_ENDPOINTS];
int endpoint_connections;
uint64_t sink_bytes;
static uint8_t pattern_bytes[PATTERN_PERIOD + CHUNK];
const uint8_t *pattern = pattern_bytes;

static uint16_t listen_anywhere(enum role role)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof a;
    int on = 1;
    int fd = tcp_socket();
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 
        || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 4096) != 0 || getsockname(fd, (struct sockaddr *)&a, &length) != 0)
        die("listen");
    conn_open(fd, role, EPOLLIN);
    return ntohs(a.sin_port);
}

void endpoints_start(int count)
{
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < PATTERN_PERIOD + CHUNK; i++) {
        if (i < PATTERN_PERIOD) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            pattern_bytes[i] = (uint8_t)x;
        } else {
            pattern_bytes[i] = pattern_bytes[i - PATTERN_PERIOD];
        }
    }
    for (int i = 0; i < count; i++) {
        echo_ports[i] = listen_anywhere(ECHO_LISTENER);
        sink_ports[i] = listen_anywhere(SINK_LISTENER);
        web_ports[i] = listen_anywhere(WEB_LISTENER);
    }
}

static void endpoint_close(struct conn *c)
{
    if (c->role != WEB)
        endpoint_connections--;
    conn_close(c);
}

static void accept_all(struct conn *listener)
{
    for (;;) {
        /* TCP_NODELAY comes with the listener's socket. */
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                clients_tell_error("the endpoints ran out of descriptors: raise ulimit -n");
            return;
        }
        if (listener->role == WEB_LISTENER) {
            conn_open(fd, WEB, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
            continue;
        }
        endpoint_connections++;
        /* A sink is level-triggered: it takes one large read per turn, so that no stream starves the others. */
        if (listener->role == ECHO_LISTENER)
            conn_open(fd, ECHO, EPOLLIN | EPOLLRDHUP | EPOLLET);
        else
            conn_open(fd, SINK, EPOLLIN);
    }
}

static void echo_event(struct conn *c, uint32_t events)
{
    static uint8_t buffer[16 * 1024];
    for (;;) {
        ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
        if (n > 0) {
            /* Messages are small and answered one at a time: a socket that does not take one is broken, and the client will say so. */
            if (send(c->fd, buffer, (size_t)n, MSG_NOSIGNAL) != n) {
                endpoint_close(c);
                return;
            }
            if ((size_t)n < sizeof buffer && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
                return;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            endpoint_close(c);
            return;
        }
    }
}

static void sink_event(struct conn *c)
{
    static uint8_t buffer[CHUNK];
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n > 0) {
        if (memcmp(buffer, pattern + c->received % PATTERN_PERIOD, (size_t)n) != 0) {
            clients_tell_error("the sink got other bytes than were sent");
            endpoint_close(c);
            return;
        }
        c->received += (uint64_t)n;
        sink_bytes += (uint64_t)n;
        counts.done += (uint64_t)n;
    } else if (n == 0 || errno != EAGAIN) {
        endpoint_close(c);
    }
}

void endpoint_event(struct conn *c, uint32_t events)
{
    if (c->role == ECHO)
        echo_event(c, events);
    else if (c->role == SINK)
        sink_event(c);
    else if (c->role == WEB && !web_event(c, events))
        endpoint_close(c);
    else if (c->role != WEB)
        accept_all(c);
}
