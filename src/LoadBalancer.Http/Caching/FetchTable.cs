using System.Runtime.InteropServices;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What is being asked for at endpoints, so that it is asked for once however many want it (ADR 0030): a part of a <see cref="CacheStore"/>. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   miss ─► Join ── nobody asks ─────────► leads ─► kept ──────────► all who wait have the answer
///             │                                └──► for one alone ─► all ask, and nobody waits for the key for a while
///             ├── somebody asks ─► waits       ├──► no answer ─────► all have failed
///             └── not to be waited for         ├──► went away ─────► one of those who wait leads
///                                              └──► 4xx, 5xx, … ───► one of those who wait leads, once: the second time it is so for all
/// </code>
/// Rule zero: there is a lock. It is held for a look-up, on misses of routes with a cache alone, and nobody is called under it. What it holds is bounded by the exchanges
/// under way: each leads one fetch, or waits for one.
/// </remarks>
internal sealed class FetchTable
{
    private const int Marks = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, SharedFetch> _underWay = [];
    private readonly (ulong Hash, long Until)[] _alone = new (ulong, long)[Marks];
    private int _waiting;

    /// <summary>How many fetches are under way.</summary>
    public int UnderWay
    {
        get
        {
            lock (_lock)
            {
                return _underWay.Count;
            }
        }
    }

    /// <summary>How many wait for them.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Somebody wants something that is not kept.</summary>
    /// <param name="key">What it is found by, whole.</param>
    /// <param name="hash">The key's number.</param>
    /// <param name="loop">Where to wait; null for whoever does not, and leads or leaves it.</param>
    /// <param name="now">By the clock of durations.</param>
    /// <param name="fetch">Led from here on, with <see cref="FetchEnd.Lead"/>.</param>
    /// <param name="wait">The wait, with <see cref="FetchEnd.None"/>.</param>
    public FetchEnd Join(ReadOnlySpan<byte> key, ulong hash, EventLoop? loop, long now, out SharedFetch? fetch, out FetchWait? wait)
    {
        (fetch, wait) = (null, null);
        lock (_lock)
        {
            // Whoever does not wait does not mind that nobody does.
            ref readonly var mark = ref _alone[MarkOf(hash)];
            if (loop is not null && mark.Hash == hash && now < mark.Until)
            {
                return FetchEnd.Alone;
            }

            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_underWay, hash, out var isKnown);
            if (!isKnown)
            {
                known = fetch = new SharedFetch(this, key.ToArray(), hash);
                return FetchEnd.Lead;
            }

            if (loop is null || !known!.IsFor(key))
            {
                return FetchEnd.Alone;
            }

            wait = new FetchWait(known, loop) { IsQueued = true, Previous = known.Last };
            if (known.Last is { } last)
            {
                last.Next = wait;
            }

            known.Last = wait;
            known.First ??= wait;
            _waiting++;
            return FetchEnd.None;
        }
    }

    /// <summary>What this key asks for was kept: whoever wants it next may wait again.</summary>
    public void Clear(ulong hash)
    {
        lock (_lock)
        {
            Unmark(hash);
        }
    }

    /// <summary>Ends a fetch; all who wait go on, each on its loop.</summary>
    internal void End(SharedFetch fetch, FetchEnd end, CachedResponse? response = null, Fault fault = default, long until = 0)
    {
        FetchWait? wait;
        lock (_lock)
        {
            if (!fetch.IsUnderWay)
            {
                return;
            }

            // From here on nobody leaves the list, as nobody is let.
            fetch.IsUnderWay = false;
            _underWay.Remove(fetch.Hash);
            (wait, fetch.First, fetch.Last) = (fetch.First, null, null);
            for (var each = wait; each is not null; each = each.Next)
            {
                _waiting--;
            }

            if (end == FetchEnd.Alone)
            {
                _alone[MarkOf(fetch.Hash)] = (fetch.Hash, until);
            }
            else if (end == FetchEnd.Kept)
            {
                Unmark(fetch.Hash);
            }
        }

        while (wait is not null)
        {
            var next = wait.Next;
            (wait.Next, wait.Previous) = (null, null);
            wait.Post(end, response, fault);
            wait = next;
        }
    }

    /// <summary>Another one leads a fetch: who has waited longest. Where nobody waits, it ends.</summary>
    /// <param name="fetch">The fetch.</param>
    /// <param name="once">True where that is to happen once in the life of a fetch.</param>
    /// <returns>False where it has happened.</returns>
    internal bool PassOn(SharedFetch fetch, bool once = false)
    {
        FetchWait? next;
        lock (_lock)
        {
            if (!fetch.IsUnderWay)
            {
                return true;
            }

            if (once && fetch.IsSecondTry)
            {
                return false;
            }

            fetch.IsSecondTry |= once;
            next = fetch.First;
            if (next is null)
            {
                fetch.IsUnderWay = false;
                _underWay.Remove(fetch.Hash);
                return true;
            }

            Unlink(fetch, next);
        }

        next.Post(FetchEnd.Lead, null, default);
        return true;
    }

    /// <summary>Somebody waits no longer; false where he has lost his place already, and the end of his wait is on its way.</summary>
    internal bool Leave(SharedFetch fetch, FetchWait wait)
    {
        lock (_lock)
        {
            if (!fetch.IsUnderWay || !wait.IsQueued)
            {
                return false;
            }

            Unlink(fetch, wait);
            return true;
        }
    }

    // The lowest bits are the same for all of a table.
    private static int MarkOf(ulong hash) => (int)(hash >> 32) & (Marks - 1);

    private void Unmark(ulong hash)
    {
        ref var mark = ref _alone[MarkOf(hash)];
        if (mark.Hash == hash)
        {
            mark = default;
        }
    }

    private void Unlink(SharedFetch fetch, FetchWait wait)
    {
        if (wait.Previous is { } previous)
        {
            previous.Next = wait.Next;
        }
        else
        {
            fetch.First = wait.Next;
        }

        if (wait.Next is { } next)
        {
            next.Previous = wait.Previous;
        }
        else
        {
            fetch.Last = wait.Previous;
        }

        (wait.Next, wait.Previous, wait.IsQueued) = (null, null, false);
        _waiting--;
    }
}
