using System.Globalization;
using System.Text;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Daemon.Reloading;

/// <summary>
/// The thread on which .NET compiles methods anew that have run often. A reload is what ran seldom, so each of the first ones has hundreds of milliseconds of
/// that behind it, which loops of the same core would wait for. At a start it is as urgent as they are: what is compiled then is what requests need.
/// </summary>
/// <remarks>
/// .NET has no setting for it. Whoever calls a new method first starts the thread, which is as urgent as its starter; it ends when it had nothing to do for 4 s
/// (<c>TC_BackgroundWorkerTimeoutMs</c> of github.com/dotnet/runtime, src/coreclr/inc/clrconfignames.h).
/// </remarks>
internal static class CompilerThread
{
    /// <summary>What the kernel has of its name, which is <c>.NET Tiered Compilation Worker</c>: 15 bytes (proc_pid_comm(5)).</summary>
    public const string Name = ".NET Tiered Com";

    // Behind what reads the file, which is at 10: a collection that this one begins stops all loops, and is over the sooner the less of the core it leaves to others.
    private const int Niceness = 19;
    private const int MostNameBytes = 16;

    /// <summary>Makes it the least urgent of all, if it runs, until it ends.</summary>
    public static void MakeLeastUrgent()
    {
        try
        {
            foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
            {
                if (IsIt(thread))
                {
                    // Where it is not allowed, it stays as it is.
                    _ = Libc.SetNiceness(int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), Niceness);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A machine without /proc.
        }
    }

    private static bool IsIt(string thread)
    {
        try
        {
            // As little as can be: every reload asks this of every thread.
            using var file = File.OpenHandle(Path.Combine(thread, "comm"));
            Span<byte> name = stackalloc byte[MostNameBytes];
            return Ascii.Equals(name[..RandomAccess.Read(file, name, 0)].TrimEnd((byte)'\n'), Name);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }
}
