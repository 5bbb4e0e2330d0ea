/* Clients: closed loop, paced, a connection per exchange, bulk, idle; over HTTP with the requests and answers of http.c.
 *
 * A message is `size` bytes computed from its connection and its number, so an answer that belongs elsewhere is noticed. All clients
 * stop between two pieces and wait for what is under way (clients_end, clients_drained): then every microsecond of the proxy belongs
 * to exchanges that were counted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

enum { MAX_CLIENTS = 16384, RING = 1024, SOURCES = 64 };

struct counts counts;
uint64_t *latencies;

static struct traffic traffic;
static struct conn *clients[MAX_CLIENTS];
static int client_count;
static bool issuing;
static int64_t outstanding;              /* exchanges under way; bulk: bytes not yet at the sink */
static uint64_t next_salt = 1;
static uint64_t paced_next, paced_index;
static char error_text[160];

void clients_tell_error(const char *what)
{
    counts.errors++;
    if (error_text[0] == 0)
        snprintf(error_text, sizeof error_text, "%s", what);
}

const char *clients_error(void)
{
    return error_text[0] ? error_text : NULL;
}

static void compose(uint8_t *message, uint64_t salt, uint64_t number)
{
    uint64_t word = salt * 0x9e3779b97f4a7c15u + number;
    for (int i = 0; i < traffic.size; i += 8) {
        memcpy(message + i, &word, 8);
        word = word * 0xd1342543de82ef95u + 1;
    }
}

static void sample(uint64_t since)
{
    if (counts.samples < MAX_SAMPLES)
        latencies[counts.samples++] = monotonic_ns() - since;
}

static void client_fail(struct conn *c, const char *what)
{
    char text[128];
    snprintf(text, sizeof text, "%s%s%s", what, errno ? ": " : "", errno ? strerror(errno) : "");
    clients_tell_error(text);
    if (traffic.kind != BULK)
        outstanding -= (int64_t)(c->asked - c->received);
    conn_close(c);
}

static bool transmit(struct conn *c)
{
    uint8_t message[MAX_MESSAGE + 8];
    errno = 0;
    if (traffic.http2) {
        if (!http2_request(c))
            return false;
    } else if (traffic.http) {
        if (!http_send_request(c))
            return false;
    } else {
        compose(message, c->salt, c->sent);
        if (conn_send(c, message, (size_t)traffic.size) != traffic.size)
            return false;
    }
    c->sent++;
    return true;
}

/* A message that is due. HTTP clients do not pipeline: one that still waits sends it later, and its latency counts from now all the
 * same. */
static bool client_send(struct conn *c, uint64_t due)
{
    if ((!traffic.http || traffic.http2 || c->asked == c->received) && !transmit(c))
        return false;
    if (c->due)
        c->due[c->asked % RING] = due;
    c->asked++;
    outstanding++;
    return true;
}

/* Opens a client socket and starts to connect it. Sources go round many loopback addresses, so that a connection per exchange does not
 * run out of ports that wait in TIME_WAIT. */
static struct conn *client_dial(void)
{
    static uint32_t turn_of_source;
    struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101u + turn_of_source++ % SOURCES) };
    struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(traffic.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int on = 1;
    int fd = tcp_socket();
    if (fd < 0) {
        clients_tell_error("the clients ran out of descriptors: raise ulimit -n");
        return NULL;
    }
    struct conn *c = conn_claim(fd, CLIENT);
    c->salt = next_salt++;
    /* One message at a time needs no TCP_NODELAY, and a connection per exchange would pay for the call. */
    if (traffic.kind != CHURN)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    errno = 0;
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0
        || (connect(fd, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS)) {
        client_fail(c, "connect");
        return NULL;
    }
    if (!c->due && traffic.kind != BULK)
        c->due = calloc(RING, sizeof *c->due);
    if (traffic.tls)
        tls_attach(c, traffic.http2);
    if (traffic.http2)
        http2_begin(c);
    return c;
}

static const uint32_t answers = EPOLLIN | EPOLLRDHUP | EPOLLET;

static bool all_up(void)
{
    for (int i = 0; i < client_count; i++)
        if (!clients[i]->up)
            return false;
    return true;
}

bool clients_connect(const struct traffic *t)
{
    traffic = *t;
    error_text[0] = 0;
    memset(&counts, 0, sizeof counts);
    outstanding = 0;
    client_count = 0;
    issuing = false;
    if (traffic.http)
        http_prepare(&traffic);
    if (traffic.http2)
        http2_prepare(&traffic);
    if (!latencies)
        latencies = malloc(MAX_SAMPLES * sizeof *latencies);
    if (traffic.kind == CHURN)
        return true;
    /* A handshake of TLS costs both sides about a millisecond. */
    uint64_t deadline = monotonic_ns() + (traffic.tls ? 60000000000u : 10000000000u);
    /* In groups, so that no listener's queue overflows. */
    while (client_count < traffic.connections) {
        for (int i = 0; i < 64 && client_count < traffic.connections; i++)
            if ((clients[client_count] = client_dial()) != NULL)
                conn_watch(clients[client_count++], answers | EPOLLOUT);
        while (!all_up() && monotonic_ns() < deadline && !clients_error())
            turn(10);
        if (!all_up() || clients_error()) {
            clients_tell_error("not every connection was established");
            return false;
        }
    }
    return true;
}

/* One exchange on a connection of its own. The first send often succeeds at once: on loopback the handshake ends inside connect(). */
static void churn_start(void)
{
    uint64_t start = monotonic_ns();
    struct conn *c = client_dial();
    if (c == NULL)
        return;
    c->due[0] = start;
    if (!c->ssl && client_send(c, start)) {
        c->up = true;
        conn_watch(c, answers);
    } else if (!c->ssl && errno != EAGAIN && errno != ENOTCONN) {
        client_fail(c, "send");
    } else {
        outstanding++;           /* counted while it connects; client_event sends */
        conn_watch(c, answers | EPOLLOUT);
    }
}

void clients_begin(uint64_t at)
{
    memset(&counts, 0, sizeof counts);
    issuing = true;
    paced_next = at;
    for (int i = 0; i < client_count; i++) {
        clients[i]->writable = true;
        bool sent = traffic.kind != EXCHANGE || clients[i]->role != CLIENT || client_send(clients[i], at);
        for (int stream = 1; sent && traffic.http2 && stream < traffic.streams; stream++)
            sent = client_send(clients[i], at);
        if (!sent || (traffic.http2 && !http2_flush(clients[i])))
            client_fail(clients[i], "send");
    }
    for (int i = 0; traffic.kind == CHURN && i < traffic.connections; i++)
        churn_start();
}

/* What the clients do by themselves, as against in answer to an event. */
void clients_work(uint64_t at)
{
    if (!issuing)
        return;
    if (traffic.kind == PACED) {
        for (; paced_next <= at; paced_next += traffic.interval_ns) {
            struct conn *c = clients[paced_index++ % (uint64_t)client_count];
            if (c->role != CLIENT || c->asked - c->received >= RING)
                clients_tell_error("a paced connection fell behind");
            else if (!client_send(c, paced_next) || (traffic.http2 && !http2_flush(c)))
                client_fail(c, "send");
        }
    } else if (traffic.kind == BULK) {
        for (int i = 0; i < client_count; i++) {
            struct conn *c = clients[i];
            if (!c->writable || c->role != CLIENT)
                continue;
            errno = 0;
            ssize_t n = send(c->fd, pattern + c->sent % PATTERN_PERIOD, CHUNK, MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN) {
                client_fail(c, "send");
                continue;
            }
            if (n > 0) {
                c->sent += (uint64_t)n;
                outstanding += n;
            }
            c->writable = n == CHUNK;
        }
    } else if (traffic.kind == CHURN) {
        while (outstanding < traffic.connections && counts.errors < 1000)
            churn_start();
    }
}

/* False where the loop must not sleep: a paced client watches the clock, a bulk client has more to send. */
bool clients_wait_allowed(void)
{
    if (!issuing || (traffic.kind != PACED && traffic.kind != BULK))
        return true;
    if (traffic.kind == PACED)
        return false;
    for (int i = 0; i < client_count; i++)
        if (clients[i]->writable && clients[i]->role == CLIENT)
            return false;
    return true;
}

void clients_end(void)
{
    issuing = false;
}

bool clients_drained(void)
{
    if (traffic.kind == BULK) {
        uint64_t sent = 0;
        for (int i = 0; i < client_count; i++)
            sent += clients[i]->sent;
        return sent == sink_bytes;
    }
    /* The proxy still works on a connection after its client has closed it: wait for the far end too. */
    return outstanding <= 0 && (traffic.kind != CHURN || endpoint_connections == 0);
}

void clients_close(void)
{
    for (int i = 0; i < client_count; i++)
        if (clients[i]->role == CLIENT)
            conn_close(clients[i]);
    client_count = 0;
    uint64_t deadline = monotonic_ns() + 2000000000u;
    while (endpoint_connections > 0 && monotonic_ns() < deadline)
        turn(10);
    sink_bytes = 0;
}

/* One exchange succeeded: what follows it. */
static void client_done(struct conn *c)
{
    c->received++;
    outstanding--;
    counts.done++;
    if (traffic.kind == CHURN) {
        conn_close(c);
        if (issuing)
            churn_start();
    } else if (traffic.kind == EXCHANGE && issuing) {
        if (!client_send(c, 0))
            client_fail(c, "send");
    } else if (c->asked > c->sent && !transmit(c)) {
        client_fail(c, "send");
    }
}

static void client_message(struct conn *c)
{
    uint8_t expected[MAX_MESSAGE + 8];
    compose(expected, c->salt, c->received);
    if (memcmp(expected, c->in, (size_t)traffic.size) != 0) {
        errno = 0;
        client_fail(c, "an answer held other bytes than were sent");
        return;
    }
    c->have = 0;
    if (traffic.kind != EXCHANGE)
        sample(c->due[c->received % RING]);
    client_done(c);
}

/* The answers of HTTP/2 come in any order: the first is timed from the request that is due the longest. */
static void client_stream_done(struct conn *c)
{
    if (traffic.kind == PACED)
        sample(c->due[c->received % RING]);
    client_done(c);
}

/* What was sent in return leaves at once for all answers. */
static void client_streams(struct conn *c)
{
    const char *wrong = NULL;
    enum received received = http2_receive(c, client_stream_done, &wrong);
    if (c->role != CLIENT)
        return;
    if (received == WRONG || received == CLOSED)
        client_fail(c, received == WRONG ? wrong : "the connection was closed early");
    else if (!http2_flush(c))
        client_fail(c, "send");
}

/* An HTTP connection for one exchange is done when the proxy has closed it, too. */
static void client_response(struct conn *c, uint32_t events)
{
    const char *wrong = NULL;
    enum received received = http_receive(c, events, &wrong);
    if (received == PENDING && !c->answered)
        return;
    if (received == WRONG || !c->answered) {
        if (!c->up && traffic.kind == CHURN)
            outstanding--;
        client_fail(c, received == WRONG ? wrong : "the connection was closed early");
        return;
    }
    if (traffic.kind != EXCHANGE && !c->sampled)
        sample(c->due[c->received % RING]);
    c->sampled = true;
    if (traffic.kind == CHURN && received != CLOSED)
        return;
    c->answered = c->sampled = false;
    client_done(c);
}

void client_event(struct conn *c, uint32_t events)
{
    if (c->ssl && !c->up) {
        errno = 0;
        if (tls_handshake(c) != 1) {
            if (errno != EAGAIN) {
                if (traffic.kind == CHURN)
                    outstanding--;
                client_fail(c, "the TLS handshake failed");
            }
            return;
        }
        events |= EPOLLOUT | EPOLLIN;
    }
    if (events & EPOLLOUT) {
        c->writable = true;
        if (!c->up && !(events & (EPOLLERR | EPOLLHUP))) {
            c->up = true;
            if (traffic.kind == CHURN) {
                outstanding--;
                if (!client_send(c, c->due[0])) {
                    client_fail(c, "send");
                    return;
                }
            }
        }
    }
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    if (traffic.http2) {
        client_streams(c);
        return;
    }
    if (traffic.http) {
        client_response(c, events);
        return;
    }
    for (;;) {
        errno = 0;
        size_t room = (size_t)traffic.size - c->have;
        ssize_t n = conn_receive(c, c->in + c->have, room);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            if (!c->up && traffic.kind == CHURN)
                outstanding--;
            client_fail(c, n == 0 ? "the connection was closed early" : "receive");
            return;
        }
        c->have += (uint32_t)n;
        if (c->have == (uint32_t)traffic.size)
            client_message(c);
        /* Only a pipelined answer can follow at once. */
        if (c->role != CLIENT || traffic.kind == CHURN || (!c->ssl && ((size_t)n < room || traffic.kind == EXCHANGE)))
            return;
    }
}

/* Opens all connections, makes one exchange on each, and leaves them idle. */
bool clients_hold(const struct traffic *t)
{
    if (!clients_connect(t))
        return false;
    uint64_t deadline = monotonic_ns() + 60000000000u;
    for (int i = 0; i < client_count && !clients_error(); i++) {
        if (!client_send(clients[i], 0) || (traffic.http2 && !http2_flush(clients[i])))
            client_fail(clients[i], "send");
        while (outstanding > 0 && monotonic_ns() < deadline && !clients_error())
            turn(10);
    }
    return !clients_error() && outstanding == 0;
}
