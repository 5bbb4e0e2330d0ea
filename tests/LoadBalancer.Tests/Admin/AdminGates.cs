using LoadBalancer.Daemon.Admin;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Admin;

/// <summary>Gates for tests that are about something else.</summary>
internal static class AdminGates
{
    /// <summary>The gate of a file that says nothing, on a machine with these names.</summary>
    public static Live<AdminGate> Open(params string[] machine) =>
        new(new AdminGate(new AdminOptions(), machine, user: 0, new TokenThrottle(TimeProvider.System)));
}
