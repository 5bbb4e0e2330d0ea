using System.Runtime.InteropServices;

namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// How long the kernel lets a thread run before it looks at others. Since Linux 6.12 a thread that asks for a shorter slice than the one that runs is let in as soon as it wakes; without that it waits for
/// the end of the other's, 3 ms and more, though that one be less urgent by its niceness: niceness tells shares, not who comes first (EEVDF; sched_setattr(2), <c>sched_runtime</c>).
/// </summary>
internal static unsafe class TimeSlice
{
    /// <summary>The shortest there is, in nanoseconds. It is no smaller share of the core.</summary>
    public const ulong ShortestNs = 100_000;

    // Those whose threads take turns by it; the policies of real time are an operator's own wish.
    private const uint Other = 0;
    private const uint Batch = 3;

    // glibc has functions for them since 2.41 only.
    private static readonly (nint Set, nint Get)? Calls = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (314, 315),
        Architecture.Arm64 => (274, 275),
        _ => null,
    };

    /// <summary>Gives the calling thread, and those that it starts, the shortest slice. Where that is not known or not allowed, all stays as it is.</summary>
    public static void Shorten()
    {
        Attributes attributes;
        if (Calls is { } calls && Read(calls.Get, &attributes) && attributes.Policy is Other or Batch)
        {
            attributes.SliceNs = ShortestNs;
            _ = Libc.SystemCall(calls.Set, 0, &attributes, 0, 0);
        }
    }

    /// <summary>That of the calling thread, in nanoseconds; 0 where the kernel does not tell.</summary>
    public static ulong OfCaller()
    {
        Attributes attributes;
        return Calls is { } calls && Read(calls.Get, &attributes) ? attributes.SliceNs : 0;
    }

    private static bool Read(nint call, Attributes* attributes)
    {
        *attributes = default;
        return Libc.SystemCall(call, 0, attributes, sizeof(Attributes), 0) == 0;
    }

    // struct sched_attr in its first version, 48 bytes; the kernel takes what it read as it was, niceness and all, but for the slice.
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Niceness;
        public uint Priority;
        public ulong SliceNs;
        public ulong DeadlineNs;
        public ulong PeriodNs;
    }
}
