namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// What the flushes of a few events leave to be sent together. Touched only on its loop.
/// </summary>
/// <remarks>
/// A send by way of TCP, and a request's way through this program, are each larger than a core's nearest caches: one after the other for each
/// event they push each other out; one behind the other for many events they stay, which is what vector packet processing lives on (Barach and
/// others, IEEE Communications Magazine 56:12, 2018). A message waits for the other events of its batch, and never for the loop to wait.
/// </remarks>
internal sealed class SendBatch(EventLoop loop)
{
    /// <summary>Events that are looked at before what they led to is sent: enough to share the caches, few enough that the first does not wait long.</summary>
    public const int Events = 64;

    // One event may lead to many sends: what does not fit is not put off. Each holds a block until it is sent, and the loop keeps twice as many.
    private const int MostWriters = Events;

    private readonly LoopPipeWriter[] _writers = new LoopPipeWriter[MostWriters];
    private int _count;

    /// <summary>Takes a writer that has something to send; false where there is no room.</summary>
    public bool TryAdd(LoopPipeWriter writer)
    {
        if (_count == MostWriters)
        {
            return false;
        }

        _writers[_count++] = writer;
        return true;
    }

    /// <summary>Sends what was put off.</summary>
    public void Send()
    {
        // Whoever waited for room may go on inline, and put off more.
        for (var at = 0; at < _count; at++)
        {
            var writer = _writers[at];
            _writers[at] = null!;
            try
            {
                writer.SendFlushed();
            }
            catch (Exception error)
            {
                loop.Lose(writer.Socket, error);
            }
        }

        _count = 0;
    }
}
