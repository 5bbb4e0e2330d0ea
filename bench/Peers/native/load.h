/* The load side of bench-peers: endpoints, clients and the meter, in one thread on one core.
 *
 * Clients and endpoints share a thread on purpose: the load side then makes fewer context switches than the proxy makes, so the
 * proxy's core is the one that is full, and what was sent can be compared with what arrived without asking another process.
 * load.c describes the commands.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAX_DESCRIPTORS = 65536, MAX_MESSAGE = 256, MAX_HEAD = 2048, MAX_ENDPOINTS = 32, MAX_PIDS = 32, CHUNK = 256 * 1024 };

enum role { NOBODY, COMMANDS, ECHO_LISTENER, SINK_LISTENER, WEB_LISTENER, ECHO, SINK, WEB, CLIENT, SLOW };

/* One descriptor and what it is used for; found by its number, so nothing is allocated while traffic runs. */
struct conn {
    enum role role;
    uint32_t generation;         /* tells an event of a descriptor from one of its predecessor in the same batch */
    int fd;
    bool up;                     /* client: connected */
    bool writable;               /* bulk client: the last send was taken whole */
    uint64_t salt;               /* makes every connection's messages differ */
    uint64_t asked;              /* messages that became due; an HTTP client sends the next when the answer is there */
    uint64_t sent, received;     /* messages, or bytes of a bulk stream */
    uint64_t *due;               /* when each outstanding message was due, ns */
    bool in_body, answered;      /* HTTP client: the head of an answer is taken; all of it is */
    bool sampled;                /* HTTP client: the answer's latency is recorded */
    uint32_t body_at;            /* HTTP client: bytes of the body that are taken */
    uint32_t answer_at, answer_left; /* HTTP endpoint: what is still to be sent of the pattern */
    void *ssl;                   /* client: its TLS; NULL where it has none */
    struct http2 *h2;            /* client: its HTTP/2; kept with the descriptor's place */
    uint32_t have;               /* bytes of the message, or of the head, that is arriving */
    uint8_t in[MAX_HEAD];
};

enum kind { EXCHANGE, PACED, CHURN, BULK };

/* What hostile clients of HTTP/2 send. */
enum flood { OF_RESETS, OF_PINGS, OF_SETTINGS, OF_CONTINUATIONS };

/* What the clients do in this window. */
struct traffic {
    enum kind kind;
    bool http;                   /* a message is a request, and its answer a response */
    bool http2;                  /* of HTTP/2 */
    bool tls;                    /* inside TLS */
    int streams;                 /* HTTP/2: requests under way on each connection */
    uint16_t port;
    int connections;
    int slow;                    /* hostile clients beside them */
    enum flood flood;
    int size;                    /* bytes of a message, or of a response's body */
    char token_file[256];        /* tokens of one length, one a line, for the requests in turn; empty for none */
    uint32_t addresses;          /* different paths that are asked for; 0 for as many as the pattern has positions */
    uint64_t tokens, first_token; /* how many of them are used, and which is the first */
    uint64_t interval_ns;        /* between two paced messages */
};

/* What happened since the piece began. An exchange that failed is an error and never also a completion. */
struct counts {
    uint64_t done;               /* messages, responses, connections, or bytes that reached the sink */
    uint64_t errors;
    uint32_t samples;            /* latencies recorded */
};

/* sockets.c */
extern int epoll_descriptor;
struct conn *conn_claim(int fd, enum role role);                 /* takes the descriptor's place in the table */
void conn_watch(const struct conn *c, uint32_t events);
struct conn *conn_open(int fd, enum role role, uint32_t events); /* both */
void conn_close(struct conn *c);
void turn(int timeout_ms);
int tcp_socket(void);
void die(const char *what) __attribute__((noreturn));

/* endpoint.c */
extern uint16_t echo_ports[MAX_ENDPOINTS], sink_ports[MAX_ENDPOINTS], web_ports[MAX_ENDPOINTS];
extern int endpoint_connections;         /* accepted and not closed yet; HTTP's, which a proxy keeps, are not among them */
extern uint64_t sink_bytes;
extern const uint8_t *pattern;           /* what a bulk stream carries, from any position below PATTERN_PERIOD */
enum { PATTERN_PERIOD = 65521 };         /* prime: a chunk that is lost, doubled or swapped never fits */
void endpoints_start(int count);
void endpoint_event(struct conn *c, uint32_t events);

/* tls.c */
void tls_attach(struct conn *c, bool http2);
int tls_handshake(struct conn *c);       /* 1 is done; else -1, and errno says EAGAIN while it goes on */
ssize_t conn_send(struct conn *c, const void *data, size_t length);
ssize_t conn_receive(struct conn *c, void *data, size_t room);
void tls_detach(struct conn *c);

/* http.c */
enum received { PENDING, ANSWERED, CLOSED, WRONG };
void http_prepare(const struct traffic *t);
bool http_send_request(struct conn *c);
uint32_t http_tag(const struct conn *c, uint64_t number);
enum received http_receive(struct conn *c, uint32_t events, const char **wrong);
bool web_event(struct conn *c, uint32_t events);

/* http2.c */
void http2_prepare(const struct traffic *t);
void http2_begin(struct conn *c);
bool http2_request(struct conn *c);
bool http2_flush(struct conn *c);
enum received http2_receive(struct conn *c, void (*answered)(struct conn *), const char **wrong);

/* clients.c */
extern struct counts counts;
extern uint64_t *latencies;
enum { MAX_SAMPLES = 1 << 20 };
bool clients_connect(const struct traffic *t);
void clients_begin(uint64_t at);
void clients_work(uint64_t at);
bool clients_wait_allowed(void);
void clients_end(void);
bool clients_drained(void);
void clients_close(void);
void client_event(struct conn *c, uint32_t events);
void clients_tell_error(const char *what);
const char *clients_error(void);
bool clients_hold(const struct traffic *t);

/* slow.c */
bool slow_start(const struct traffic *t);
void slow_work(uint64_t at);
void slow_event(struct conn *c, uint32_t events);
void slow_close(void);

/* commands, load.c */
void command_event(void);

/* meter.c */
uint64_t monotonic_ns(void);
uint64_t cpu_ns(const int *pids, int count);
void meter_pin(int core);
uint64_t meter_calibrate(int proxy_core, int load_core);

#endif
