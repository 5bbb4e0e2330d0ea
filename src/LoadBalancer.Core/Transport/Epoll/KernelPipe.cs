namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A pipe of the kernel's that holds bytes on their way from one socket to another, so that they need not be copied into
/// this process and out again (splice(2)). Touched only on the loop whose <see cref="PipePool"/> made it.
/// </summary>
internal sealed unsafe class KernelPipe
{
    /// <summary>
    /// What a pipe is made for: 64 pages, each of which holds a fragment of any size. The default of 16 would cut a stream of
    /// Ethernet frames into pieces of 23 KiB. An unprivileged user has only so many pages (pipe(7), pipe-user-pages-soft);
    /// past them a pipe keeps the default, and moves less at a time.
    /// </summary>
    public const int Capacity = 256 * 1024;

    private KernelPipe(int readEnd, int writeEnd) => (ReadEnd, WriteEnd) = (readEnd, writeEnd);

    /// <summary>The descriptor that bytes leave by.</summary>
    public int ReadEnd { get; }

    /// <summary>The descriptor that bytes enter by.</summary>
    public int WriteEnd { get; }

    /// <summary>How many bytes are in it.</summary>
    public int Bytes { get; set; }

    /// <summary>A new, empty pipe; null where the system gives none or few descriptors are left.</summary>
    public static KernelPipe? TryCreate()
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe(ends, SocketConstants.TypeNonBlocking | SocketConstants.TypeCloseOnExec) != 0)
        {
            return null;
        }

        // A stream can do without; what is kept when accepting pauses is not for it.
        if (Math.Max(ends[0], ends[1]) >= DescriptorLimit.PauseAt)
        {
            Libc.Close(ends[0]);
            Libc.Close(ends[1]);
            return null;
        }

        Libc.FileControl(ends[0], SocketConstants.SetPipeSize, Capacity);
        return new KernelPipe(ends[0], ends[1]);
    }

    /// <summary>Closes both ends; what is in it is dropped.</summary>
    public void Close()
    {
        Libc.Close(ReadEnd);
        Libc.Close(WriteEnd);
    }
}
