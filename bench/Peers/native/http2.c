/* HTTP/2, as much as the load needs: the requests of http.c on many streams of a connection, by prior knowledge or over TLS.
 *
 * Fields that do not change are in the peer's table after the first request (RFC 7541, literal with incremental indexing), as with any
 * client library. Of an answer the status has to be the first field and 200, and every byte of the body is compared. What is different
 * is an error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "load.h"

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW_UPDATE = 8, CONTINUATION = 9 };
enum { END_STREAM = 1, ACK = 1, PADDED = 8 };
enum { STREAMS = 1024, OUT = 64 * 1024, WINDOW = 1 << 30, MAX_FRAME = 16384 };

/* One connection's state beside its struct conn. */
struct http2 {
    uint32_t next_stream;
    uint32_t number[STREAMS];    /* which request a stream carries, by stream / 2 % STREAMS */
    uint32_t body_at[STREAMS];
    uint32_t credit;             /* bytes taken that the peer has not been told of */
    uint32_t out_length;
    uint32_t in_length;
    uint8_t out[OUT];
    uint8_t in[MAX_FRAME + 9];
};

static int body_length;

static void put_frame(struct http2 *h, uint32_t length, int type, int flags, uint32_t stream)
{
    uint8_t *at = h->out + h->out_length;
    const uint8_t head[9] = { (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, (uint8_t)type, (uint8_t)flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };
    memcpy(at, head, 9);
    h->out_length += 9;
}

static void put(struct http2 *h, const void *bytes, size_t length)
{
    memcpy(h->out + h->out_length, bytes, length);
    h->out_length += (uint32_t)length;
}

static void put_number(struct http2 *h, uint32_t value)
{
    const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
    put(h, bytes, 4);
}

void http2_prepare(const struct traffic *t)
{
    body_length = t->size;
}

void http2_begin(struct conn *c)
{
    if (c->h2 == NULL)
        c->h2 = malloc(sizeof *c->h2);
    struct http2 *h = c->h2;
    h->next_stream = 1;
    h->credit = h->out_length = h->in_length = 0;
    put(h, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    put_frame(h, 6, SETTINGS, 0, 0);
    put(h, "\0\4", 2);           /* SETTINGS_INITIAL_WINDOW_SIZE */
    put_number(h, 1 << 20);
    put_frame(h, 4, WINDOW_UPDATE, 0, 0);
    put_number(h, WINDOW - 65535);
}

/* Adds the next request to what http2_flush sends. */
bool http2_request(struct conn *c)
{
    static const uint8_t first[] = "\x41\x0d" "bench.example" "\x7a\x0d" "bench-peers/1" "\x53\x03*/*";
    static const uint8_t later[] = { 0xc0, 0xbf, 0xbe };
    struct http2 *h = c->h2;
    char path[32];
    uint32_t stream = h->next_stream;
    int length = snprintf(path, sizeof path, "/%d/%05u", body_length, http_tag(c, c->sent));
    size_t fields = stream == 1 ? sizeof first - 1 : sizeof later;
    if (h->out_length + 128 > OUT)
        return false;
    h->next_stream += 2;
    h->number[stream / 2 % STREAMS] = (uint32_t)c->sent;
    h->body_at[stream / 2 % STREAMS] = 0;
    put_frame(h, (uint32_t)(4 + (size_t)length + fields), HEADERS, END_STREAM | 4, stream);
    put(h, c->ssl ? "\x82\x87\x04" : "\x82\x86\x04", 3);
    put(h, (const uint8_t[]){ (uint8_t)length }, 1);
    put(h, path, (size_t)length);
    put(h, stream == 1 ? first : later, fields);
    return true;
}

bool http2_flush(struct conn *c)
{
    struct http2 *h = c->h2;
    if (h->out_length == 0)
        return true;
    ssize_t n = conn_send(c, h->out, h->out_length);
    bool whole = n == (ssize_t)h->out_length;
    h->out_length = 0;
    return whole;
}

/* Takes one frame. Returns what is wrong with it, or NULL; *done says that it ended an answer. */
static const char *take(struct conn *c, const uint8_t *frame, uint32_t length, bool *done)
{
    struct http2 *h = c->h2;
    int type = frame[3], flags = frame[4];
    uint32_t stream = (uint32_t)(frame[5] & 0x7f) << 24 | (uint32_t)frame[6] << 16 | (uint32_t)frame[7] << 8 | frame[8];
    const uint8_t *payload = frame + 9;
    uint32_t slot = stream / 2 % STREAMS;
    *done = false;
    switch (type) {
    case SETTINGS:
        if (!(flags & ACK))
            put_frame(h, 0, SETTINGS, ACK, 0);
        return NULL;
    case PING:
        if (!(flags & ACK) && length == 8) {
            put_frame(h, 8, PING, ACK, 0);
            put(h, payload, 8);
        }
        return NULL;
    case HEADERS:
        while (length > 0 && (*payload & 0xe0) == 0x20) {
            payload++;           /* a new size of the table */
            length--;
        }
        if (length == 0 || *payload != 0x88 || (flags & (PADDED | 0x20)) || !(flags & 4))
            return "an answer's status was not 200";
        *done = flags & END_STREAM;
        break;
    case DATA:
        if ((flags & PADDED) || h->body_at[slot] + length > (uint32_t)body_length)
            return "there were bytes behind an answer";
        if (memcmp(payload, pattern + http_tag(c, h->number[slot]) + h->body_at[slot], length) != 0)
            return "an answer held other bytes than were asked for";
        h->body_at[slot] += length;
        h->credit += length;
        if (h->credit > WINDOW / 2) {
            put_frame(h, 4, WINDOW_UPDATE, 0, 0);
            put_number(h, h->credit);
            h->credit = 0;
        }
        *done = flags & END_STREAM;
        break;
    case RST_STREAM:
        return "a stream was reset";
    case GOAWAY:
        return "the connection is to be given up (GOAWAY)";
    case CONTINUATION:
        return "an answer's head was too long";
    default:
        return NULL;
    }
    if (*done && h->body_at[slot] != (uint32_t)body_length)
        return "an answer was too short";
    return NULL;
}

enum received http2_receive(struct conn *c, void (*answered)(struct conn *), const char **wrong)
{
    static uint8_t buffer[CHUNK];
    struct http2 *h = c->h2;
    for (;;) {
        memcpy(buffer, h->in, h->in_length);
        errno = 0;
        ssize_t n = conn_receive(c, buffer + h->in_length, sizeof buffer - h->in_length);
        if (n < 0 && errno == EAGAIN)
            return PENDING;
        if (n < 0) {
            *wrong = "receive";
            return WRONG;
        }
        if (n == 0)
            return CLOSED;
        size_t have = h->in_length + (size_t)n, at = 0;
        while (have - at >= 9) {
            uint32_t length = (uint32_t)buffer[at] << 16 | (uint32_t)buffer[at + 1] << 8 | buffer[at + 2];
            bool done;
            if (length > MAX_FRAME) {
                *wrong = "a frame was too long";
                return WRONG;
            }
            if (have - at < 9 + length)
                break;
            *wrong = take(c, buffer + at, length, &done);
            if (*wrong != NULL)
                return WRONG;
            at += 9 + length;
            if (done)
                answered(c);
            if (c->role != CLIENT)
                return PENDING;
        }
        h->in_length = (uint32_t)(have - at);
        memcpy(h->in, buffer + at, h->in_length);
    }
}
