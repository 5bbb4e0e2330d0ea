using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>For how long a response may be used, and how old it is (RFC 9111 section 4.2). Pure: times are given. No heuristics: what says nothing is not fresh.</summary>
internal static class Freshness
{
    /// <summary>For how long a shared cache may use it, from when it was made, in seconds; <see cref="CacheDirectives.Unsaid"/> where nothing says so.</summary>
    /// <param name="fields">Those of the response.</param>
    /// <param name="directives">Its Cache-Control.</param>
    /// <param name="receivedAt">When it came, in seconds since 1970; stands in for a Date that is not there.</param>
    public static long LifetimeOf(HeaderList fields, in CacheDirectives directives, long receivedAt)
    {
        if (directives.SharedMaxAge != CacheDirectives.Unsaid)
        {
            return directives.SharedMaxAge;
        }

        if (directives.MaxAge != CacheDirectives.Unsaid)
        {
            return directives.MaxAge;
        }

        var at = fields.Find("expires"u8);
        if (at < 0)
        {
            return CacheDirectives.Unsaid;
        }

        // An invalid date, as "0" is one, and two that differ are the past.
        if (!HttpDate.TryParse(fields.Value(at), out var expires) || (fields.Find("expires"u8, at + 1) is var next and >= 0 && !fields.Value(next).SequenceEqual(fields.Value(at))))
        {
            return 0;
        }

        return Math.Clamp(expires - DateOf(fields, receivedAt), 0, int.MaxValue);
    }

    /// <summary>How old it was when it came, in seconds: what caches before lb say of it, or its Date, whichever is more (section 4.2.3).</summary>
    /// <param name="fields">Those of the response.</param>
    /// <param name="receivedAt">When it came, in seconds since 1970.</param>
    /// <param name="delay">How long it took from the request to its head, in seconds.</param>
    public static long AgeOf(HeaderList fields, long receivedAt, long delay)
    {
        var apparent = Math.Max(0, receivedAt - DateOf(fields, receivedAt));
        var at = fields.Find("age"u8);
        var said = at >= 0 ? CacheDirectives.SecondsOf(fields.Value(at)) : 0;
        return Math.Max(apparent, said + delay);
    }

    private static long DateOf(HeaderList fields, long receivedAt) =>
        fields.TryGet(KnownHeader.Date, out var text) && HttpDate.TryParse(text, out var date) ? date : receivedAt;
}
