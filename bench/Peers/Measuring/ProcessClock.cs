using System.Runtime.InteropServices;

namespace LoadBalancer.Peers.Measuring;

/// <summary>The CPU time of other processes, exact to the scheduler's last look, ended threads included (clock_getcpuclockid(3)).</summary>
internal static unsafe partial class ProcessClock
{
    /// <summary>CPUCLOCK_SCHED of the kernel's posix-timers: the time that the scheduler has charged, not clock ticks.</summary>
    private const int Scheduled = 2;

    /// <summary>User and system time of <paramref name="pids"/> so far; a process that is gone counts nothing.</summary>
    public static TimeSpan Of(IEnumerable<int> pids) => TimeSpan.FromTicks(pids.Sum(TicksOf));

    private static long TicksOf(int pid)
    {
        var time = stackalloc long[2];
        return GetTime((~pid << 3) | Scheduled, time) == 0 ? (time[0] * TimeSpan.TicksPerSecond) + (time[1] / TimeSpan.NanosecondsPerTick) : 0;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, long* time);
}
