namespace LoadBalancer.Limits;

/// <summary>What one caller has used of a quota in one period. Thread-safe: charged by comparing and exchanging, so that the count is exact and nobody waits.</summary>
internal sealed class QuotaCell
{
    private long _used;

    /// <summary>How much is used.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Charges <paramref name="cost"/> unless that is more than <paramref name="most"/> leaves; gives what is used after it, or what is too much already.</summary>
    public bool TryTake(int cost, long most, out long used)
    {
        used = Volatile.Read(ref _used);
        while (used <= most - cost)
        {
            var seen = Interlocked.CompareExchange(ref _used, used + cost, used);
            if (seen == used)
            {
                used += cost;
                return true;
            }

            used = seen;
        }

        return false;
    }

    /// <summary>Makes it at least so many.</summary>
    public void Raise(long least)
    {
        for (var used = Used; used < least;)
        {
            var seen = Interlocked.CompareExchange(ref _used, least, used);
            if (seen == used)
            {
                return;
            }

            used = seen;
        }
    }

    /// <summary>Adds what was used elsewhere, or takes back what was charged; never below zero.</summary>
    public void Add(long amount)
    {
        var used = Volatile.Read(ref _used);
        while (true)
        {
            // A sum that does not fit is of a damaged file, and as good as any other that is too much.
            var next = amount > long.MaxValue - used ? long.MaxValue : Math.Max(0, used + amount);
            var seen = Interlocked.CompareExchange(ref _used, next, used);
            if (seen == used)
            {
                return;
            }

            used = seen;
        }
    }
}
