namespace LoadBalancer.Limits;

/// <summary>
/// What each client has used of one rate: a table of at most <see cref="MostClients"/>, shared by the loops. Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// Sets instead of one lock: a client's number says in which of <see cref="Sets"/> it is, and a set is taken with a spin lock for
/// the hundred nanoseconds of one look-up. Nothing in there waits, and two loops seldom want the same set. A table for each
/// loop would need no lock, but a client's connections are spread over the loops, and the limit would be one of each loop.
/// </para>
/// <para>
/// Bounded however many clients come: in a full set, a newcomer takes the place of the client that is furthest from its limit,
/// which loses nothing where its window is over. One that is at its limit is forgotten only where the whole set is.
/// </para>
/// </remarks>
internal sealed class ClientRates
{
    /// <summary>How many sets there are, a power of two.</summary>
    public const int Sets = 1024;

    /// <summary>How many clients are remembered at most: 18 MB where a rate needs most cells, and half a kilobyte a set of none.</summary>
    public const int MostClients = Sets * ClientRateSet.MostClients;

    private const int SetShift = 64 - 10;

    private readonly ClientRateSet[] _sets = new ClientRateSet[Sets];
    private readonly Limiter _limiter;
    private readonly TimeProvider _time;
    private readonly long _began;

    /// <summary>A table of nobody.</summary>
    public ClientRates(Limiter limiter, TimeProvider time)
    {
        _limiter = limiter;
        _time = time;
        _began = time.GetTimestamp();
        for (var index = 0; index < Sets; index++)
        {
            _sets[index] = new ClientRateSet();
        }
    }

    /// <summary>How many clients are remembered.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var set in _sets)
            {
                count += set.Count;
            }

            return count;
        }
    }

    /// <summary>Counts one more for the client with this number; false where its rate does not allow it.</summary>
    public bool TryTake(ulong client) => _sets[client >> SetShift].TryTake(client, _limiter, _time, _began);

    /// <summary>How long the client with this number has to wait until one more would be counted; zero where it would be at once. Counts nothing.</summary>
    public TimeSpan WaitOf(ulong client) =>
        _sets[client >> SetShift].WaitOf(client, _limiter, _time, _began) is var wait and > 0 ? _time.GetElapsedTime(0, wait) : TimeSpan.Zero;
}
