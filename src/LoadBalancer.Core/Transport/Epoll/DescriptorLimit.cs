namespace LoadBalancer.Transport.Epoll;

/// <summary>How many descriptors this process may have open (RLIMIT_NOFILE, getrlimit(2)).</summary>
internal static unsafe class DescriptorLimit
{
    private const int NumberOfFiles = 7;

    /// <summary>The soft limit, which the runtime has raised to the hard one; <see cref="int.MaxValue"/> where there is none.</summary>
    public static int Read()
    {
        var limits = stackalloc ulong[2];
        return Libc.GetResourceLimit(NumberOfFiles, limits) < 0 ? int.MaxValue : (int)Math.Min(limits[0], int.MaxValue);
    }
}
