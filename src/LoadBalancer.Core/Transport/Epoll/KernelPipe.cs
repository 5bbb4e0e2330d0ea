namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A pipe of the kernel's that holds bytes on their way from one socket to another, so that they need not be copied into
/// this process and out again (splice(2)). Touched only on the loop whose <see cref="PipePool"/> made it.
/// </summary>
internal sealed unsafe class KernelPipe
{
    private KernelPipe(int readEnd, int writeEnd) => (ReadEnd, WriteEnd) = (readEnd, writeEnd);

    /// <summary>The descriptor that bytes leave by.</summary>
    public int ReadEnd { get; }

    /// <summary>The descriptor that bytes enter by.</summary>
    public int WriteEnd { get; }

    /// <summary>How many bytes are in it.</summary>
    public int Bytes { get; set; }

    /// <summary>A new, empty pipe of the default size, 16 pages; null where the system gives none.</summary>
    public static KernelPipe? TryCreate()
    {
        var ends = stackalloc int[2];
        return Libc.Pipe(ends, SocketConstants.TypeNonBlocking | SocketConstants.TypeCloseOnExec) == 0 ? new KernelPipe(ends[0], ends[1]) : null;
    }

    /// <summary>Closes both ends; what is in it is dropped.</summary>
    public void Close()
    {
        Libc.Close(ReadEnd);
        Libc.Close(WriteEnd);
    }
}
