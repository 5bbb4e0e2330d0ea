using System.Text;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Caching;

/// <summary>
/// What becomes of a response in a shared cache (RFC 9111 section 3): the whole judgement, of heads alone. Stricter than the RFC where that costs little: no
/// heuristic freshness, no part, no answer to a request with a cookie that does not say that it is for everybody.
/// </summary>
/// <param name="Storability">Whether it is kept.</param>
/// <param name="Lifetime">For how long it is fresh from when it was made, in seconds.</param>
/// <param name="Age">How old it was when it came, in seconds.</param>
/// <param name="IsForAll">True where it says that it is for all, be they known to the endpoint or not.</param>
internal readonly record struct StoragePlan(Storability Storability, long Lifetime = 0, long Age = 0, bool IsForAll = false)
{
    /// <summary>Judges a response to a GET.</summary>
    /// <param name="request">The request's fields, as the endpoint saw them.</param>
    /// <param name="credentials">By what its endpoint could know the client.</param>
    /// <param name="response">The response.</param>
    /// <param name="ttl">For how long the route says that answers are fresh, in seconds, whatever they say; 0 where they are to say it.</param>
    /// <param name="receivedAt">When it came, in seconds since 1970.</param>
    /// <param name="delay">How long it took from the request to its head, in seconds.</param>
    /// <param name="mostBody">The longest body that is kept, in bytes.</param>
    public static StoragePlan Of(HeaderList request, Credentials credentials, ResponseHead response, long ttl, long receivedAt, long delay, long mostBody)
    {
        var fields = response.Fields;
        if (!IsKept(response.Status))
        {
            return new(Storability.Status);
        }

        var directives = CacheDirectives.Of(fields);
        if (directives.NoStore || CacheDirectives.Of(request).NoStore)
        {
            return new(Storability.NoStore);
        }

        if (directives.Private)
        {
            return new(Storability.Private);
        }

        var hasValidator = response.Status == 200 && (fields.Find("etag"u8) >= 0 || fields.Find("last-modified"u8) >= 0);
        if (directives.NoCache && !hasValidator)
        {
            return new(Storability.NoCache);
        }

        if (fields.Find(KnownHeader.SetCookie) >= 0)
        {
            return new(Storability.SetCookie);
        }

        // That it is fresh for shared caches says that it is for all: for that long, and not for as long as the route would have it (RFC 9111 section 3.5).
        if (credentials != Credentials.None && !directives.Public)
        {
            if (directives.SharedMaxAge == CacheDirectives.Unsaid && !(directives.MustRevalidate && credentials == Credentials.Authorization))
            {
                return new(Storability.Credential);
            }

            ttl = 0;
        }

        if (!VaryNames.TryCount(fields, out _))
        {
            return new(Storability.Vary);
        }

        if (response.Framing == BodyFraming.Close || IsEventStream(fields))
        {
            return new(Storability.Endless);
        }

        if (response.Framing == BodyFraming.Length && response.ContentLength > mostBody)
        {
            return new(Storability.TooLarge);
        }

        // A word to shared caches alone that they are not to use it is no mistake that a route would mend.
        var age = Freshness.AgeOf(fields, receivedAt, delay);
        var lifetime = directives.SharedMaxAge == 0 ? 0

            // What the route says holds for answers that are one; that an error is kept, the endpoint alone can want.
            : ttl > 0 && response.Status < 400 ? age + ttl
            : Freshness.LifetimeOf(fields, directives, receivedAt);
        var isForAll = directives.Public || directives.SharedMaxAge > 0 || directives.MustRevalidate;
        if (lifetime > age && !directives.NoCache)
        {
            return new(Storability.Stored, lifetime, age, isForAll);
        }

        // Whoever says how to ask whether it is still the same has it kept, and asked about each time; not what was for somebody whom the endpoint may know.
        return hasValidator && credentials == Credentials.None && directives.SharedMaxAge != 0 && (directives.NoCache || lifetime != CacheDirectives.Unsaid)
            ? new(Storability.Stored, 0, age, isForAll)
            : new(Storability.NotFresh);
    }

    /// <summary>True for a status that is kept, if all else allows it; any other says nothing of what is kept already.</summary>
    public static bool IsKept(int status) => status is 200 or 203 or 301 or 308 or 404 or 410;

    private static bool IsEventStream(HeaderList fields) =>
        fields.TryGet(KnownHeader.ContentType, out var type) && type.Length >= 17 && Ascii.EqualsIgnoreCase(type[..17], "text/event-stream"u8);
}
