namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>
/// What the provider has answered to refreshes of which no browser has shown the new cookie yet. The old refresh token is used up with many providers, so that whoever
/// left before the answer would be logged out: the next request with the old cookie gets it. Thread-safe.
/// </summary>
/// <remarks>
/// Kept until the new cookie comes, and a minute beyond for what is under way with the old one; at most until the new access token runs out. Where there are too many,
/// the oldest go. Rule zero: a lock, held to look at a table, where a cookie has just been opened or the provider has been asked.
/// </remarks>
/// <param name="time">The clock.</param>
internal sealed class RenewedSessions(TimeProvider time)
{
    /// <summary>What all of them weigh at most, in bytes.</summary>
    public const long MostBytes = 16L << 20;

    /// <summary>While a browser learns of its new cookie, requests are under way with the old one.</summary>
    public const long OldCookieSeconds = 60;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RenewedSession> _byId = new(StringComparer.Ordinal);
    private readonly Queue<RenewedSession> _oldestFirst = new();
    private long _bytes;

    /// <summary>How many there are, those included whose time is over and that nobody has looked for since.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _oldestFirst.Count;
            }
        }
    }

    /// <summary>Keeps one that has a session.</summary>
    public void Keep(RenewedSession renewed)
    {
        var now = Now;
        lock (_lock)
        {
            renewed.Until = Math.Max(renewed.After!.ValidUntil, now + OldCookieSeconds);
            renewed.Older = _byId.GetValueOrDefault(renewed.Before.Id) is { } older && older.Until > now ? older : null;
            _byId[renewed.Before.Id] = renewed;
            _oldestFirst.Enqueue(renewed);
            _bytes += renewed.Bytes;
            while (_oldestFirst.TryPeek(out var oldest) && (_bytes > MostBytes || oldest.Until <= now))
            {
                _oldestFirst.Dequeue();
                _bytes -= oldest.Bytes;
                Forget(oldest);
            }
        }
    }

    /// <summary>What became of a session that is to be refreshed, after further refreshes what became of it last; null where nobody knows.</summary>
    public RenewedSession? Find(Session session)
    {
        lock (_lock)
        {
            var now = Now;
            var latest = _byId.GetValueOrDefault(session.Id);
            for (var renewed = latest; renewed is not null; renewed = renewed.Older)
            {
                if (renewed.Before.RefreshAt == session.RefreshAt)
                {
                    return renewed.Until <= now ? null : latest!.Until > now ? latest : renewed;
                }
            }

            return null;
        }
    }

    /// <summary>A browser has shown the cookie of a session, which may be one that came of a refresh.</summary>
    public void Arrived(Session session)
    {
        lock (_lock)
        {
            for (var renewed = _byId.GetValueOrDefault(session.Id); renewed is not null; renewed = renewed.Older)
            {
                if (renewed.Before.RefreshAt < session.RefreshAt)
                {
                    renewed.Until = Math.Min(renewed.Until, Now + OldCookieSeconds);
                }
            }
        }
    }

    private void Forget(RenewedSession oldest)
    {
        if (!_byId.TryGetValue(oldest.Before.Id, out var newer))
        {
            return;
        }

        if (newer == oldest)
        {
            _byId.Remove(oldest.Before.Id);
            return;
        }

        // Those before it have gone earlier.
        while (newer.Older is { } older && older != oldest)
        {
            newer = older;
        }

        newer.Older = null;
    }

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();
}
