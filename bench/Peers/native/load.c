/* load --proxy-core N --load-core N --endpoints N
 *
 * Starts the endpoints, prints `ready echo=PORT,PORT sink=PORT,PORT web=PORT,PORT`, then answers commands, one a line, until its input ends:
 *
 *   window kind=exchange|paced|churn|bulk protocol=tcp|http|http2[+tls] port=N connections=N streams=N size=N rate=N slow=N addresses=N flood=resets|pings|settings|continuations tokens=N first_token=N token_file=PATH pieces=N piece_ms=N settle_ms=N
 *          pids=N,N kernel_pids=N
 *     one `piece KEY=VALUE…` line for each piece, then `end errors=N done=N reason=TEXT`, where done counts the time before the first
 *     piece too
 *   hold protocol=tcp|http|http2[+tls] port=N connections=N size=N
 *     `held` once every connection is open and has exchanged one message, or `end errors=N done=N reason=TEXT`
 *   release
 *     closes them: `released`
 *
 * A window:  connect → settle, drain → calibrate → [read CPU → traffic for piece_ms, drain → calibrate] × pieces → read CPU
 * The CPU time of a piece runs to the start of the next one, so work that a proxy puts off until it is idle is not lost.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "load.h"

enum { MAX_PIECES = 256, DRAIN_MS = 3000 };

struct piece {
    struct counts counts;
    uint64_t start_ns, wall_ns, cpu_start, kernel_start, calibration;
    uint64_t p50, p90, p99, max;
};

static int proxy_core = -1, load_core = -1;
static uint64_t all_latencies[MAX_SAMPLES]; /* of the window's pieces so far */
static uint32_t all_samples;
static char line[4096];
static size_t line_length;
static bool line_ready;

void command_event(void)
{
    ssize_t n = read(0, line + line_length, sizeof line - 1 - line_length);
    if (n <= 0)
        exit(0);                 /* whoever started us is gone */
    line_length += (size_t)n;
    line[line_length] = 0;
    line_ready = memchr(line, '\n', line_length) != NULL || line_length == sizeof line - 1;
}

static const char *text_of(const char *key)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, " %s=", key);
    const char *at = strstr(line, wanted);
    return at ? at + strlen(wanted) : "";
}

static long number_of(const char *key)
{
    return strtol(text_of(key), NULL, 10);
}

static int pids_of(const char *key, int *pids)
{
    const char *at = text_of(key);
    int count = 0;
    while (*at >= '0' && *at <= '9' && count < MAX_PIDS) {
        char *end;
        pids[count++] = (int)strtol(at, &end, 10);
        at = *end == ',' ? end + 1 : end;
    }
    return count;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void summarize_latencies(struct piece *p)
{
    uint32_t n = counts.samples;
    if (n == 0)
        return;
    qsort(latencies, n, sizeof *latencies, by_value);
    p->p50 = latencies[n / 2];
    p->p90 = latencies[(uint64_t)n * 90 / 100];
    p->p99 = latencies[(uint64_t)n * 99 / 100];
    p->max = latencies[n - 1];
    if (n > MAX_SAMPLES - all_samples)
        n = MAX_SAMPLES - all_samples;
    memcpy(all_latencies + all_samples, latencies, n * sizeof *latencies);
    all_samples += n;
}

/* Of all pieces together: what stops a proxy for a moment is in few of them. */
static uint64_t p99_of_window(void)
{
    if (all_samples == 0)
        return 0;
    qsort(all_latencies, all_samples, sizeof *all_latencies, by_value);
    return all_latencies[(uint64_t)all_samples * 99 / 100];
}

/* A lost connection changes what the window measures, unless every exchange has one of its own. */
static bool run_for(uint64_t ms, const struct traffic *t)
{
    const uint64_t too_many = t->kind == CHURN ? 100 : 1;
    uint64_t start = monotonic_ns(), end = start + ms * 1000000u, at = start;
    clients_begin(start);
    while (at < end && counts.errors < too_many) {
        clients_work(at);
        slow_work(at);
        uint64_t left_ms = (end - at) / 1000000u;
        turn(clients_wait_allowed() ? (int)left_ms + 1 : 0);
        at = monotonic_ns();
    }
    clients_end();
    uint64_t deadline = monotonic_ns() + DRAIN_MS * 1000000ull;
    while (!clients_drained()) {
        if (monotonic_ns() > deadline) {
            clients_tell_error("exchanges were still under way 3 s after the last was begun");
            return false;
        }
        turn(1);
    }
    return counts.errors < too_many;
}

static enum flood flood_of(const char *name)
{
    return !strncmp(name, "pings", 5) ? OF_PINGS : !strncmp(name, "settings", 8) ? OF_SETTINGS : !strncmp(name, "continuations", 13) ? OF_CONTINUATIONS : OF_RESETS;
}

static struct traffic traffic_of_line(void)
{
    const char *kind = text_of("kind"), *protocol = text_of("protocol"), *end;
    long rate = number_of("rate");
    struct traffic t = {
        .kind = !strncmp(kind, "paced", 5) ? PACED : !strncmp(kind, "churn", 5) ? CHURN : !strncmp(kind, "bulk", 4) ? BULK : EXCHANGE,
        .http = !strncmp(protocol, "http", 4),
        .http2 = !strncmp(protocol, "http2", 5),
        .tls = (end = strchr(protocol, '+')) != NULL && end < protocol + strcspn(protocol, " \n"),
        .streams = (int)number_of("streams"),
        .port = (uint16_t)number_of("port"),
        .connections = (int)number_of("connections"),
        .slow = (int)number_of("slow"),
        .flood = flood_of(text_of("flood")),
        .size = (int)number_of("size"),
        .interval_ns = rate > 0 ? 1000000000u / (uint64_t)rate : 0,
    };
    const char *tokens = text_of("token_file");
    snprintf(t.token_file, sizeof t.token_file, "%.*s", (int)strcspn(tokens, " \n"), tokens);
    t.addresses = (uint32_t)number_of("addresses");
    t.tokens = (uint64_t)number_of("tokens");
    t.first_token = (uint64_t)number_of("first_token");
    if (t.size < 1 || t.size > (t.http ? CHUNK : MAX_MESSAGE))
        t.size = 100;
    return t;
}

static void tell_end(uint64_t errors, uint64_t done)
{
    const char *reason = clients_error();
    printf("end errors=%lu done=%lu p99_ns=%lu reason=%s\n", (unsigned long)errors, (unsigned long)done, (unsigned long)p99_of_window(), reason ? reason : "");
}

static void window(void)
{
    static struct piece pieces[MAX_PIECES + 1];
    int pids[MAX_PIDS], kernel_pids[MAX_PIDS];
    int pid_count = pids_of("pids", pids), kernel_count = pids_of("kernel_pids", kernel_pids);
    int wanted = (int)number_of("pieces"), made = 0;
    uint64_t errors = 0, done = 0;
    struct traffic t = traffic_of_line();
    memset(pieces, 0, sizeof pieces);
    all_samples = 0;
    if (wanted > MAX_PIECES)
        wanted = MAX_PIECES;
    bool going = clients_connect(&t) && slow_start(&t) && run_for((uint64_t)number_of("settle_ms"), &t);
    errors += counts.errors;
    done += counts.done;
    pieces[0].calibration = meter_calibrate(proxy_core, load_core);
    for (; going && made < wanted; made++) {
        struct piece *p = &pieces[made];
        p->cpu_start = cpu_ns(pids, pid_count);
        p->kernel_start = cpu_ns(kernel_pids, kernel_count);
        p->start_ns = monotonic_ns();
        going = run_for((uint64_t)number_of("piece_ms"), &t);
        p->wall_ns = monotonic_ns() - p->start_ns;
        p->counts = counts;
        errors += counts.errors;
        done += counts.done;
        summarize_latencies(p);
        pieces[made + 1].calibration = meter_calibrate(proxy_core, load_core);
    }
    pieces[made].cpu_start = cpu_ns(pids, pid_count);
    pieces[made].kernel_start = cpu_ns(kernel_pids, kernel_count);
    slow_close();
    clients_close();
    for (int i = 0; i < made; i++) {
        struct piece *p = &pieces[i];
        printf("piece done=%lu errors=%lu wall_ns=%lu cpu_ns=%lu kernel_ns=%lu calibration_before_ns=%lu calibration_after_ns=%lu "
               "p50_ns=%lu p90_ns=%lu p99_ns=%lu max_ns=%lu\n",
               (unsigned long)p->counts.done, (unsigned long)p->counts.errors, (unsigned long)p->wall_ns,
               (unsigned long)(p[1].cpu_start - p->cpu_start), (unsigned long)(p[1].kernel_start - p->kernel_start),
               (unsigned long)p->calibration, (unsigned long)p[1].calibration,
               (unsigned long)p->p50, (unsigned long)p->p90, (unsigned long)p->p99, (unsigned long)p->max);
    }
    tell_end(errors, done);
}

static void hold(void)
{
    struct traffic t = traffic_of_line();
    if (clients_hold(&t))
        printf("held\n");
    else
        tell_end(counts.errors, counts.done);
}

static void obey(void)
{
    if (!strncmp(line, "window ", 7)) {
        window();
    } else if (!strncmp(line, "hold ", 5)) {
        hold();
    } else if (!strncmp(line, "release", 7)) {
        clients_close();
        printf("released\n");
    } else {
        printf("end errors=1 done=0 reason=unknown command\n");
    }
    fflush(stdout);
}

static void tell_ports(const char *name, const uint16_t *ports, int count)
{
    printf(" %s=", name);
    for (int i = 0; i < count; i++)
        printf("%s%u", i ? "," : "", ports[i]);
}

int main(int argc, char **argv)
{
    int endpoints = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        int value = atoi(argv[i + 1]);
        if (!strcmp(argv[i], "--proxy-core"))
            proxy_core = value;
        else if (!strcmp(argv[i], "--load-core"))
            load_core = value;
        else if (!strcmp(argv[i], "--endpoints"))
            endpoints = value;
    }
    if (proxy_core < 0 || load_core < 0 || endpoints < 1 || endpoints > MAX_ENDPOINTS) {
        fprintf(stderr, "usage: load --proxy-core N --load-core N --endpoints 1..%d\n", MAX_ENDPOINTS);
        return 2;
    }
    meter_pin(load_core);
    epoll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_descriptor < 0)
        die("epoll_create1");
    conn_open(0, COMMANDS, EPOLLIN);
    endpoints_start(endpoints);
    printf("ready");
    tell_ports("echo", echo_ports, endpoints);
    tell_ports("sink", sink_ports, endpoints);
    tell_ports("web", web_ports, endpoints);
    printf("\n");
    fflush(stdout);
    for (;;) {
        turn(-1);
        if (line_ready) {
            obey();
            line_length = 0;
            line_ready = false;
        }
    }
}
