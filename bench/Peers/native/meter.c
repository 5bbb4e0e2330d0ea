/* Clocks, cores, and the fixed piece of work that tells how fast the proxy's core runs. */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

#include "load.h"

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* User and system time of processes with all their threads, the ended ones included: the scheduler's own sum, in nanoseconds,
 * where /proc/PID/stat has ticks. It is exact while the process sleeps, which is when this is called. */
uint64_t cpu_ns(const int *pids, int count)
{
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        clockid_t clock;
        if (clock_getcpuclockid(pids[i], &clock) == 0)
            sum += read_clock(clock);
    }
    return sum;
}

void meter_pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        die("sched_setaffinity");
}

static volatile uint64_t keep;
static uint64_t words[2048];

/* Several independent chains with loads, stores and a data-dependent choice. A neighbour on the other hardware thread of the same
 * core takes execution slots, not clock ticks: a single chain of multiplications would not notice it, this does. */
static void work(void)
{
    uint64_t a = keep, b = 1, c = 2, d = 3, e = 4, f = 5;
    for (int i = 0; i < 250000; i++) {
        a = (a ^ (a << 7)) + words[i & 2047];
        b = (b ^ (b >> 9)) + words[(i + 64) & 2047];
        c = c * 5 + a;
        d += c ^ b;
        e = (e ^ (e << 3)) + (uint64_t)i;
        f += (e & 64) ? d : 7;
        words[(i * 7) & 2047] = f;
    }
    keep = a ^ b ^ c ^ d ^ e ^ f;
}

/* Nanoseconds of CPU time for one unit of the work, on the proxy's core; CPU time, so that being preempted does not count. */
uint64_t meter_calibrate(int proxy_core, int load_core)
{
    enum { UNITS = 5 };
    meter_pin(proxy_core);
    work();
    uint64_t start = read_clock(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < UNITS; i++)
        work();
    uint64_t spent = read_clock(CLOCK_THREAD_CPUTIME_ID) - start;
    meter_pin(load_core);
    return spent / UNITS;
}
