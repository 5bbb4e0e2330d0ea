namespace LoadBalancer.Limits;

/// <summary>Some of the clients of a <see cref="ClientRates"/>, in arrays that grow with them. Thread-safe.</summary>
internal sealed class ClientRateSet
{
    /// <summary>How many clients a set has at most.</summary>
    public const int MostClients = 64;

    private const int FirstClients = 4;

    private SpinLock _gate = new(enableThreadOwnerTracking: false);
    private ulong[] _clients = [];
    private long[] _cells = [];
    private int _count;

    /// <summary>How many clients it remembers.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Counts one more for <paramref name="client"/>.</summary>
    /// <param name="client">The client's number.</param>
    /// <param name="limiter">The arithmetic, always the same.</param>
    /// <param name="time">The clock, read inside: loops that come at the same time must not hand in times out of order.</param>
    /// <param name="began">The timestamp that is 0.</param>
    public bool TryTake(ulong client, Limiter limiter, TimeProvider time, long began)
    {
        var entered = false;
        try
        {
            _gate.Enter(ref entered);
            var now = time.GetTimestamp() - began;
            var index = _clients.AsSpan(0, _count).IndexOf(client);
            return limiter.TryTake(CellsOf(index >= 0 ? index : Place(client, limiter, now), limiter), now);
        }
        finally
        {
            if (entered)
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>How long <paramref name="client"/> has to wait until one more would be counted; 0 where it would be at once. Counts nothing.</summary>
    /// <param name="client">The client's number.</param>
    /// <param name="limiter">The arithmetic, always the same.</param>
    /// <param name="time">The clock, read inside as well.</param>
    /// <param name="began">The timestamp that is 0.</param>
    public long WaitOf(ulong client, Limiter limiter, TimeProvider time, long began)
    {
        // Most sets are of nobody, most of the time.
        if (Count == 0)
        {
            return 0;
        }

        var entered = false;
        try
        {
            _gate.Enter(ref entered);
            var index = _clients.AsSpan(0, _count).IndexOf(client);
            return index < 0 ? 0 : limiter.Wait(CellsOf(index, limiter), time.GetTimestamp() - began);
        }
        finally
        {
            if (entered)
            {
                _gate.Exit();
            }
        }
    }

    private Span<long> CellsOf(int index, Limiter limiter) => _cells.AsSpan(index * limiter.Cells, limiter.Cells);

    private int Place(ulong client, Limiter limiter, long now)
    {
        var index = _count;
        if (_count == _clients.Length)
        {
            index = FurthestFromLimit(limiter, now, out var used);
            if (used > 0 && _count < MostClients)
            {
                index = _count;
                Array.Resize(ref _clients, Math.Max(FirstClients, _count * 2));
                Array.Resize(ref _cells, _clients.Length * limiter.Cells);
            }
        }

        _clients[index] = client;
        CellsOf(index, limiter).Clear();
        _count = Math.Max(_count, index + 1);
        return index;
    }

    private int FurthestFromLimit(Limiter limiter, long now, out double used)
    {
        var best = 0;
        used = double.MaxValue;
        for (var index = 0; index < _count && used > 0; index++)
        {
            var of = limiter.Used(CellsOf(index, limiter), now);
            if (of < used)
            {
                (best, used) = (index, of);
            }
        }

        return best;
    }
}
