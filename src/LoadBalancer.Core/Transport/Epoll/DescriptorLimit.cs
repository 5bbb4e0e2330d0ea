namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)), and whether accepting comes near it: a
/// part is kept for the other half of what was accepted, for probes and for the operator. Thread-safe.
/// </summary>
/// <remarks>The kernel gives the lowest number that is free, so a number tells how many are taken without counting them.</remarks>
internal static unsafe class DescriptorLimit
{
    private const int NumberOfFiles = 7;
    private const int LeastKept = 16;
    private const int MostKept = 256;

    /// <summary>The soft limit, which the runtime has raised to the hard one; <see cref="int.MaxValue"/> where there is none.</summary>
    public static int Limit { get; } = Read();

    /// <summary>A descriptor of this number or above says that accepting should pause.</summary>
    public static int PauseAt { get; } = Limit - Math.Clamp(Limit / 8, LeastKept, MostKept);

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
