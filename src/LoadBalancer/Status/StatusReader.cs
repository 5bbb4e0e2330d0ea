using System.Globalization;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Reloading;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Status;

/// <summary>Reads the live objects for /status and /metrics. Thread-safe; a reading is not an instant, but each number in it is true.</summary>
internal sealed class StatusReader(Reloader reloader, Readiness readiness, LoopGroup loops, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
}
