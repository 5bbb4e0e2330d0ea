namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// A loop's kernel pipes, reused last in first out. A pipe is rented for one read and returned when it is empty, so a few
/// serve any number of connections; only a sink without room keeps one. Touched only on its loop.
/// </summary>
internal sealed class PipePool
{
    /// <summary>
    /// The most pipes in use at once. Each is two descriptors and up to <see cref="KernelPipe.Capacity"/> of the kernel's
    /// memory; who gets none copies.
    /// </summary>
    public const int MostRented = 32;

    private readonly Stack<KernelPipe> _kept = new(MostRented);

    /// <summary>Pipes in use: 0 when nothing holds data.</summary>
    public int Rented { get; private set; }

    /// <summary>Pipes made so far.</summary>
    public int Made { get; private set; }

    /// <summary>An empty pipe, or null where there are enough or the system gives none.</summary>
    public KernelPipe? TryRent()
    {
        if (Rented == MostRented)
        {
            return null;
        }

        if (!_kept.TryPop(out var pipe))
        {
            pipe = KernelPipe.TryCreate();
            Made += pipe is null ? 0 : 1;
        }

        Rented += pipe is null ? 0 : 1;
        return pipe;
    }

    /// <summary>Takes back a pipe; one that is not empty is closed, and what is in it is dropped.</summary>
    public void Return(KernelPipe pipe)
    {
        Rented--;
        if (pipe.Bytes == 0)
        {
            _kept.Push(pipe);
        }
        else
        {
            pipe.Close();
        }
    }

    /// <summary>Closes what is kept, at the end of the loop.</summary>
    public void Close()
    {
        while (_kept.TryPop(out var pipe))
        {
            pipe.Close();
        }
    }
}
