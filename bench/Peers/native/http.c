/* HTTP/1.1, as much as the load needs: GET /SIZE/TAG, answered by SIZE bytes of the pattern from position TAG.
 *
 * The tag is computed from the connection and the number of the request, so an answer that belongs elsewhere holds other bytes than
 * its client expects. Status, length and every byte of a body are compared. Nothing here is general: requests have no body, answers
 * have a Content-Length, and what is different is an error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "load.h"

enum { TAG_DIGITS = 5 };

static char request[MAX_HEAD];
static size_t request_length, request_tag;
static const char *tokens;       /* the file of them; NULL where requests have none */
static size_t token_at, token_length;
static uint64_t token_count, next_token;
static size_t body_length;
static uint32_t addresses = PATTERN_PERIOD;

uint32_t http_tag(const struct conn *c, uint64_t number)
{
    return (uint32_t)((c->salt * 7919 + number * 104729) % PATTERN_PERIOD) % addresses;
}

/* The file is read once for the whole run: every window names the same. */
static void read_tokens(const struct traffic *t)
{
    static const char *file;
    static size_t file_length;
    tokens = NULL;
    if (t->tokens == 0)
        return;
    if (file == NULL) {
        int fd = open(t->token_file, O_RDONLY | O_CLOEXEC);
        struct stat about;
        if (fd < 0 || fstat(fd, &about) < 0)
            die("the file of tokens");
        file = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        file_length = (size_t)about.st_size;
        if (file == MAP_FAILED)
            die("the file of tokens");
        close(fd);
    }
    const char *end = memchr(file, '\n', file_length);
    token_length = end != NULL ? (size_t)(end - file) : 0;
    if (token_length == 0 || token_length > MAX_HEAD / 2 || (token_length + 1) * t->tokens > file_length)
        die("the file of tokens");
    tokens = file;
    token_count = t->tokens;
    next_token = t->first_token % t->tokens;
}

/* The request of all clients of a window; only its tag and its token change. The head is about what a client library sends. */
void http_prepare(const struct traffic *t)
{
    read_tokens(t);
    body_length = (size_t)t->size;
    addresses = t->addresses > 0 ? t->addresses : PATTERN_PERIOD;
    request_tag = (size_t)snprintf(request, sizeof request, "GET /%d/", t->size);
    token_at = request_tag + (size_t)snprintf(request + request_tag, sizeof request - request_tag,
        "00000 HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench-peers/1\r\nAccept: */*\r\n%s%s",
        t->kind == CHURN ? "Connection: close\r\n" : "", tokens ? "Authorization: Bearer " : "");
    request_length = token_at + (size_t)(tokens ? snprintf(request + token_at, sizeof request - token_at, "%*s\r\n\r\n", (int)token_length, "")
        : snprintf(request + token_at, sizeof request - token_at, "\r\n"));
}

bool http_send_request(struct conn *c)
{
    uint32_t tag = http_tag(c, c->sent);
    for (int i = TAG_DIGITS - 1; i >= 0; i--, tag /= 10)
        request[request_tag + (size_t)i] = (char)('0' + tag % 10);
    if (tokens) {
        memcpy(request + token_at, tokens + next_token * (token_length + 1), token_length);
        next_token = next_token + 1 < token_count ? next_token + 1 : 0;
    }
    return conn_send(c, request, request_length) == (ssize_t)request_length;
}

/* The value of the one Content-Length of a head, or -1. */
static long content_length(const char *head, const char *end)
{
    static const char name[] = "content-length:";
    long length = -1;
    for (const char *at = memchr(head, '\n', (size_t)(end - head)); at != NULL; at = memchr(at, '\n', (size_t)(end - at))) {
        at++;
        if ((size_t)(end - at) > sizeof name && (*at | 0x20) == 'c' && !strncasecmp(at, name, sizeof name - 1)) {
            if (length >= 0)
                return -1;
            length = strtol(at + sizeof name - 1, NULL, 10);
        }
    }
    return length;
}

/* Takes what arrived, up to the end of the answer that is awaited. Returns what is wrong with it, or NULL. */
static const char *take(struct conn *c, const uint8_t *data, size_t length)
{
    if (c->answered)
        return "there were bytes behind an answer";
    if (!c->in_body) {
        const uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
        if (end == NULL) {
            if (length > sizeof c->in)
                return "an answer's head was too long";
            memcpy(c->in, data, length);
            c->have = (uint32_t)length;
            return NULL;
        }
        c->have = 0;
        if (length < 13 || memcmp(data, "HTTP/1.1 200 ", 13) != 0)
            return "an answer's status was not 200";
        if (content_length((const char *)data, (const char *)end + 2) != (long)body_length)
            return "an answer's Content-Length was not that of its body";
        c->in_body = true;
        c->body_at = 0;
        length -= (size_t)(end + 4 - data);
        data = end + 4;
    }
    if (length > body_length - c->body_at)
        return "there were bytes behind an answer";
    if (memcmp(data, pattern + http_tag(c, c->received) + c->body_at, length) != 0)
        return "an answer held other bytes than were asked for";
    c->body_at += (uint32_t)length;
    c->answered = c->body_at == body_length;
    c->in_body = !c->answered;
    return NULL;
}

enum received http_receive(struct conn *c, uint32_t events, const char **wrong)
{
    static uint8_t buffer[CHUNK];
    for (;;) {
        memcpy(buffer, c->in, c->have);
        size_t room = sizeof buffer - c->have;
        errno = 0;
        ssize_t n = conn_receive(c, buffer + c->have, room);
        if (n < 0 && errno == EAGAIN)
            return PENDING;
        if (n < 0) {
            *wrong = "receive";
            return WRONG;
        }
        if (n == 0)
            return CLOSED;
        *wrong = take(c, buffer, c->have + (size_t)n);
        if (*wrong != NULL)
            return WRONG;
        /* The end of the connection is an event of its own, unless it was in this one. */
        if (c->answered && !(events & EPOLLRDHUP))
            return ANSWERED;
        if ((size_t)n < room && !c->ssl && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            return PENDING;
    }
}

/* Sends what is left of an answer: its head first, where `head` is given. */
static bool web_send(struct conn *c, const char *head, size_t head_length)
{
    while (c->answer_left > 0) {
        struct iovec parts[2] = {
            { .iov_base = (void *)(uintptr_t)head, .iov_len = head_length },
            { .iov_base = (void *)(uintptr_t)(pattern + c->answer_at), .iov_len = c->answer_left },
        };
        struct msghdr message = { .msg_iov = head_length ? parts : parts + 1, .msg_iovlen = head_length ? 2 : 1 };
        ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN && head_length == 0)
            return true;         /* EPOLLOUT tells when there is room again */
        if (n < (ssize_t)head_length)
            return false;        /* a socket that does not take a head is broken, and the client will say so */
        c->answer_at += (uint32_t)((size_t)n - head_length);
        c->answer_left -= (uint32_t)((size_t)n - head_length);
        head_length = 0;
    }
    return true;
}

static bool web_answer(struct conn *c, const char *asked, size_t length)
{
    static char head[256];
    static size_t head_length, head_size;
    char *end;
    if (length < 6 || memcmp(asked, "GET /", 5) != 0)
        return false;
    size_t size = strtoul(asked + 5, &end, 10);
    if (*end != '/' || size == 0 || size > CHUNK)
        return false;
    size_t tag = strtoul(end + 1, NULL, 10);
    if (tag >= PATTERN_PERIOD)
        return false;
    if (head_size != size) {
        head_size = size;
        head_length = (size_t)snprintf(head, sizeof head,
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n\r\n", size);
    }
    c->answer_at = (uint32_t)tag;
    c->answer_left = (uint32_t)size;
    return web_send(c, head, head_length);
}

/* False where the endpoint's connection has to be closed. */
bool web_event(struct conn *c, uint32_t events)
{
    static char buffer[MAX_HEAD + 1];
    if (c->answer_left > 0 && !web_send(c, NULL, 0))
        return false;
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return true;
    for (;;) {
        memcpy(buffer, c->in, c->have);
        ssize_t n = recv(c->fd, buffer + c->have, MAX_HEAD - c->have, 0);
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return false;
        size_t length = c->have + (size_t)n;
        buffer[length] = 0;
        const char *end = memmem(buffer, length, "\r\n\r\n", 4);
        c->have = 0;
        if (end != NULL) {
            errno = 0;
            if (end + 4 != buffer + length || c->answer_left > 0 || !web_answer(c, buffer, length)) {
                /* A proxy breaks off what its client has reset. */
                if (errno == EPIPE || errno == ECONNRESET)
                    return false;
                clients_tell_error("an endpoint got a request that no client sent, or two at once");
                return false;
            }
            /* Only a client without a proxy between says so to an endpoint. */
            if (memmem(buffer, length, "\r\nConnection: close\r\n", 21) != NULL)
                return false;
        } else if (length == MAX_HEAD) {
            clients_tell_error("an endpoint got a head that was too long");
            return false;
        } else {
            memcpy(c->in, buffer, length);
            c->have = (uint32_t)length;
        }
        if (!(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            return true;
    }
}
