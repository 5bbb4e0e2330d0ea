/* The event loop: one epoll set, a table of descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

int epoll_descriptor;
static struct conn conns[MAX_DESCRIPTORS];

void die(const char *what)
{
    printf("fatal %s: %s\n", what, strerror(errno));
    fflush(stdout);
    exit(1);
}

struct conn *conn_claim(int fd, enum role role)
{
    if (fd >= MAX_DESCRIPTORS) {
        errno = EMFILE;
        die("descriptor table");
    }
    struct conn *c = &conns[fd];
    uint32_t generation = c->generation + 1;
    uint64_t *due = c->due;
    struct http2 *h2 = c->h2;
    memset(c, 0, offsetof(struct conn, in));
    c->due = due;
    c->h2 = h2;
    c->generation = generation;
    c->fd = fd;
    c->role = role;
    return c;
}

void conn_watch(const struct conn *c, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.u64 = (uint64_t)c->generation << 32 | (uint32_t)c->fd };
    if (epoll_ctl(epoll_descriptor, EPOLL_CTL_ADD, c->fd, &e) != 0)
        die("epoll_ctl");
}

struct conn *conn_open(int fd, enum role role, uint32_t events)
{
    struct conn *c = conn_claim(fd, role);
    conn_watch(c, events);
    return c;
}

void conn_close(struct conn *c)
{
    c->role = NOBODY;
    tls_detach(c);
    close(c->fd);
}

int tcp_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void turn(int timeout_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(epoll_descriptor, events, 256, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct conn *c = &conns[(uint32_t)events[i].data.u64];
        if (c->role == NOBODY || c->generation != events[i].data.u64 >> 32)
            continue;
        if (c->role == CLIENT)
            client_event(c, events[i].events);
        else if (c->role == SLOW)
            slow_event(c, events[i].events);
        else if (c->role == COMMANDS)
            command_event();
        else
            endpoint_event(c, events[i].events);
    }
}
