namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)), and how much accepting leaves of them: for
/// the other half of what was accepted, for probes, logs and the operator. Thread-safe.
/// </summary>
/// <remarks>
/// Two bounds hold for all listeners together. <see cref="MostClients"/> counts clients: each may need a connection to an
/// endpoint, at once or an hour later, and must find a descriptor for it. <see cref="PauseAt"/> catches what nobody has
/// counted, such as idle connections to endpoints.
/// <para>
/// The kernel gives the lowest number that is free, so a number tells how many are taken without counting them.
/// </para>
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

    /// <summary>What the process needs besides: files, logs, probes, name servers, the operator's connections, the runtime's own.</summary>
    private const int OfOurOwn = 128;

    /// <summary>What a loop may take of its own: its epoll and its eventfd, and both ends of each pipe for streams.</summary>
    private const int OfALoop = 2 + (2 * PipePool.MostRented);

    private static volatile int _limit = Read();
    private static int _listening;

    /// <summary>The soft limit, which the runtime has raised to the hard one; <see cref="int.MaxValue"/> where there is none.</summary>
    public static int Limit => _limit;

    /// <summary>A descriptor of this number or above says that accepting should pause.</summary>
    public static int PauseAt => _limit - Math.Clamp(_limit / 8, LeastKept, MostKept);

    /// <summary>A descriptor of this number or above is not for a connection to an endpoint, however few have ended.</summary>
    public static int StopAt => _limit - KeptForTheRuntime;

    /// <summary>How many clients there may be at once, so that each finds a descriptor for its other half; at least 1.</summary>
    /// <param name="loops">How many event loops there are.</param>
    public static int MostClients(int loops) => Math.Max(1, (_limit - OfOurOwn - (loops * OfALoop) - Volatile.Read(ref _listening)) / 2);

    /// <summary>Listening sockets have come, or gone where <paramref name="change"/> is negative.</summary>
    public static void NoteListening(int change) => Interlocked.Add(ref _listening, change);

    /// <summary>Looks at the limit again: who may, raises or lowers it while the process runs (prlimit(1)).</summary>
    public static void Refresh() => _limit = Read();

    /// <summary>True where the next descriptor is below <paramref name="bound"/>.</summary>
    /// <param name="anyDescriptor">Any open descriptor; it is duplicated for a moment, to see which number comes.</param>
    /// <param name="bound"><see cref="PauseAt"/> or <see cref="StopAt"/>.</param>
    public static bool HasRoom(int anyDescriptor, int bound)
    {
        var probe = Libc.FileControl(anyDescriptor, SocketConstants.DuplicateCloseOnExec, 0);
        if (probe >= 0)
        {
            Libc.Close(probe);
        }

        return probe >= 0 && probe < bound;
    }

    private static int Read()
    {
        var limits = stackalloc ulong[2];
        return Libc.GetResourceLimit(NumberOfFiles, limits) < 0 ? int.MaxValue : (int)Math.Min(limits[0], int.MaxValue);
    }
}
