/* Slow heads (slowloris) beside the traffic: connections that begin a request and never end it, each sending a byte every ten seconds.
 *
 * They are no part of what is counted. One that the proxy has closed is opened again when its next byte is due, as an attacker would.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

enum { MAX_SLOW = 16384, SLOW_SOURCES = 64, GROUP = 64 };

static const uint64_t byte_every_ns = 10000000000u;
static const char head[] = "GET /slow HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench-peers/1\r\nX-Slow: ";

static struct conn *slow[MAX_SLOW];
static uint32_t generations[MAX_SLOW];
static int slow_count;
static uint64_t next_byte, byte_index;

static bool is_open(int at)
{
    return slow[at] != NULL && slow[at]->role == SLOW && slow[at]->generation == generations[at];
}

static void slow_dial(int at, uint16_t port)
{
    struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000201u + (uint32_t)at % SLOW_SOURCES) };
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1, fd = tcp_socket();
    slow[at] = NULL;
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

static bool all_begun(int count)
{
    for (int i = 0; i < count; i++)
        if (!is_open(i) || !slow[i]->up)
            return false;
    return true;
}

/* Opens `count` of them; when it returns true, each has sent the beginning of its head. */
bool slow_start(int count, uint16_t port)
{
    slow_count = 0;
    next_byte = byte_index = 0;
    uint64_t deadline = monotonic_ns() + 10000000000u;
    while (slow_count < count && slow_count < MAX_SLOW) {
        for (int i = 0; i < GROUP && slow_count < count && slow_count < MAX_SLOW; i++)
            slow_dial(slow_count++, port);
        while (!all_begun(slow_count) && monotonic_ns() < deadline && !clients_error())
            turn(10);
        if (!all_begun(slow_count)) {
            clients_tell_error("not every slow client could begin");
            return false;
        }
    }
    return true;
}

/* Sends the bytes that are due, and opens again what was closed. */
void slow_work(uint64_t at, uint16_t port)
{
    if (slow_count == 0)
        return;
    if (next_byte == 0)
        next_byte = at;
    for (; next_byte <= at; next_byte += byte_every_ns / (uint64_t)slow_count) {
        int i = (int)(byte_index++ % (uint64_t)slow_count);
        if (!is_open(i))
            slow_dial(i, port);
        else if (slow[i]->up)
            send(slow[i]->fd, "x", 1, MSG_NOSIGNAL);
    }
}

void slow_event(struct conn *c, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        conn_close(c);
    } else if (!c->up && (events & EPOLLOUT)) {
        c->up = send(c->fd, head, sizeof head - 1, MSG_NOSIGNAL) == (ssize_t)sizeof head - 1;
        if (!c->up)
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
