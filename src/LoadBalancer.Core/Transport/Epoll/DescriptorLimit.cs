namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)), and whether accepting comes near it: a
/// part is kept for the other half of what was accepted, for probes and for the operator. Thread-safe.
/// </summary>
/// <remarks>
/// The kernel gives the lowest number that is free, so a number tells how many are taken without counting them.
/// <para>
/// The last few are not for connections at all. The runtime needs a descriptor for each thread that it starts and for each
/// assembly that it loads, at moments of its own choice; where it gets none, it ends the process ("Out of memory").
/// </para>
/// </remarks>
internal static unsafe class DescriptorLimit
{
    private const int NumberOfFiles = 7;
    private const int LeastKept = 32;
    private const int MostKept = 256;
    private const int KeptForTheRuntime = 16;

    private static volatile int _limit = Read();

    /// <summary>The soft limit, which the runtime has raised to the hard one; <see cref="int.MaxValue"/> where there is none.</summary>
    public static int Limit => _limit;

    /// <summary>A descriptor of this number or above says that accepting should pause.</summary>
    public static int PauseAt => _limit - Math.Clamp(_limit / 8, LeastKept, MostKept);

    /// <summary>A descriptor of this number or above is not for a connection to an endpoint, however few have ended.</summary>
    public static int StopAt => _limit - KeptForTheRuntime;

    /// <summary>Looks at the limit again: who may, raises or lowers it while the process runs (prlimit(1)).</summary>
    public static void Refresh() => _limit = Read();

    /// <summary>True where accepting may go on.</summary>
    /// <param name="anyDescriptor">Any open descriptor; it is duplicated for a moment, to see which number comes.</param>
    public static bool HasRoom(int anyDescriptor)
    {
        var probe = Libc.FileControl(anyDescriptor, SocketConstants.DuplicateCloseOnExec, 0);
        if (probe >= 0)
        {
            Libc.Close(probe);
        }

        return probe >= 0 && probe < PauseAt;
    }

    private static int Read()
    {
        var limits = stackalloc ulong[2];
        return Libc.GetResourceLimit(NumberOfFiles, limits) < 0 ? int.MaxValue : (int)Math.Min(limits[0], int.MaxValue);
    }
}
