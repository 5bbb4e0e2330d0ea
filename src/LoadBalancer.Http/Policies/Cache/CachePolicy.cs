using System.Text;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Cache;

/// <summary>
/// Answers from memory what was answered before, and keeps what may be (RFC 9111, as a shared cache; ADR 0028): <c>cache</c>. It comes last: behind everything that
/// asks who calls, and behind what changes the request, so that an answer is found by what its endpoint was asked (ADR 0029). Of the response it is the first to see
/// what the endpoint said. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A route without <c>cache</c> in a file that has one elsewhere has it too, for one thing: a request that changes something ends what is kept of that place,
/// by whatever route it came (section 4.4).
/// </remarks>
internal sealed class CachePolicy : HttpPolicy
{
    private static readonly ulong AsksOfState = HeaderList.SetOf(KnownHeader.IfMatch, KnownHeader.IfUnmodifiedSince);

    // Behind "detail"; of what is kept nothing.
    private static readonly byte[][] Reasons = [[], .. Enum.GetNames<Storability>().Skip(1).Select(static name => Encoding.ASCII.GetBytes(JsonNamingPolicy.SnakeCaseLower.ConvertName(name)))];

    // For so long nobody waits for an answer that turned out to be for one caller alone.
    private static readonly TimeSpan AloneFor = TimeSpan.FromSeconds(10);

    // Where the route has no time of its own.
    private static readonly TimeSpan RefreshFor = TimeSpan.FromMinutes(1);

    private readonly CacheOptions? _options;
    private readonly CacheStore _store;
    private readonly TimeProvider _time;
    private readonly long _alone;
    private readonly TimeSpan? _timeout;
    private readonly CacheInputs? _inputs;
    private readonly byte[] _tags;

    private CachePolicy(CacheStore store, PolicyBuild build)
    {
        (_options, _store, _time) = (build.Options.Cache, store, build.Context.Time);
        _timeout = build.Options.Timeout;
        _tags = Encoding.ASCII.GetBytes(_options?.Tags ?? "");
        _alone = AloneFor.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond;
        var changes = build.Options.RequestHeaders;
        _inputs = _options is null ? null : new CacheInputs(_options.Key, changes?.Set ?? ValueMap<string>.Empty, changes?.Add ?? ValueMap<string>.Empty, build.Captures);
    }

    /// <inheritdoc/>
    public override string Key => "cache";

    /// <summary>The policy, or null where nothing is kept.</summary>
    public static CachePolicy? Create(PolicyBuild build) => build.Cache is { } store ? new CachePolicy(store, build) : null;

    /// <summary>True where answers are kept, and not only ended.</summary>
    public bool Keeps => _options is not null;

    /// <summary>How long a request in the background may take.</summary>
    public TimeSpan RefreshTime => _timeout ?? RefreshFor;

    /// <summary>How long a request waits for another one's answer; zero for not at all.</summary>
    public TimeSpan Coalesce => _options?.Coalesce ?? TimeSpan.Zero;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange) => new(Decide(exchange));

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange)
    {
        var work = exchange.Caching!;
        var response = exchange.Response;
        if (_tags.Length > 0 && exchange.Endpoint is not null)
        {
            work.Tags = CacheTags.Take(response.Fields, _tags, _store);
        }

        if (work.Lookup is CacheLookup.None or CacheLookup.Hit or >= CacheLookup.Collapsed || exchange.Endpoint is null || exchange.Fault.Failed)
        {
            return;
        }

        var now = _time.GetTimestamp();
        if (work.Lookup == CacheLookup.Method && response.Status is >= 200 and < 400 && IsUnsafe(exchange.Request.Method))
        {
            _store.Change(_store.PlaceOf(exchange.Request.Host, exchange.Request.Path), now);
        }

        if (_options is null)
        {
            return;
        }

        Storability? judged = null;
        if (work.Lookup is CacheLookup.Miss or CacheLookup.VaryMiss or CacheLookup.Stale && exchange.Request.Method == RequestMethod.Get)
        {
            var plan = Judge(exchange, work, now);
            judged = plan.Storability;
            if (plan.Storability == Storability.Stored)
            {
                if (plan.Lifetime <= plan.Age)
                {
                    // Each has to ask whether it is as good as new.
                    work.Refuse(now);
                }

                work.Keep(exchange, plan, now);
            }
            else if (response.Status >= 500)
            {
                work.Fail(new Fault(FaultSide.Upstream, FaultKind.BadStatus));
            }
            else if (plan.Storability is Storability.Status or Storability.Endless)
            {
                // A refusal, a part, a stream: what was kept is still what it was, and others may get something else.
                work.Doubt(now);
            }
            else
            {
                work.Refuse(now);
                GiveUp(work);
            }
        }

        response.Fields.BeginField("Cache-Status"u8);
        response.Fields.Append(ForwardedFor(work.Lookup));
        if (judged is { } found)
        {
            response.Fields.Append(found == Storability.Stored ? "; stored"u8 : "; detail="u8);
            response.Fields.Append(Reasons[(int)found]);
        }

        response.Fields.EndField(KnownHeader.Other);
    }

    /// <inheritdoc/>
    public override void OnEnd(Exchange exchange)
    {
        var work = exchange.Caching!;
        if (_options is null)
        {
            work.Reset();
            return;
        }

        exchange.Route?.Metrics?.Cached(exchange.Loop.Index, work.Lookup, exchange.SentBytes);
        work.Forget();
    }

    /// <summary>What is kept and fresh for the exchange; null for nothing.</summary>
    /// <param name="exchange">The exchange, which has a key.</param>
    /// <param name="work">Its cache.</param>
    /// <param name="now">When, by the clock of durations.</param>
    /// <param name="counts">True where it counts as asked for.</param>
    public CachedResponse? Find(Exchange exchange, CacheWork work, long now, bool counts)
    {
        if (work.Find(exchange, counts) is not { } response)
        {
            return null;
        }

        if ((work.Credentials & Credentials.Authorization) != 0 && !response.IsForAll)
        {
            // What a stranger got is not what somebody gets, whom the endpoint may know, as long as the endpoint has not said so.
            work.Decline();
            return null;
        }

        return IsCurrent(exchange, response) && AgeOf(response, now) < response.Lifetime ? response : null;
    }

    /// <summary>True where nothing has changed what is kept since it was asked for.</summary>
    public bool IsCurrent(Exchange exchange, CachedResponse response) => response.AskedAt > _store.ChangedAt(_store.PlaceOf(exchange.Request.Host, exchange.Request.Path));

    /// <summary>True where the answer to another exchange is the answer to this one too, whatever it took to come: one that nobody may use stale not when it is stale by now.</summary>
    public bool MayShare(Exchange exchange, CachedResponse response, long now) =>
        IsCurrent(exchange, response) && !IsGivenUp(response) && !(response.MustRevalidate && AgeOf(response, now) >= response.Lifetime);

    /// <summary>True where an operator has given up what an exchange has in its hand, be it asked for before or found.</summary>
    public bool IsGivenUp(CachedResponse response) => _store.IsGivenUp(response);

    /// <summary>True where what is kept may be sent though it is stale, while it is asked for anew (RFC 5861 section 3).</summary>
    /// <remarks>What says that it is to be asked about each time is not what the route's time is about: that answer has to say so itself.</remarks>
    public bool MayUseWhileAsking(Exchange exchange, CachedResponse response, long now) =>
        MayUse(exchange, response, now, response.Lifetime > 0 || _options!.StaleWhileRevalidate == TimeSpan.Zero ? _options!.StaleWhileRevalidate : null, response.StaleWhileRevalidate);

    /// <summary>True where what is kept may be sent though it is stale, as asking has failed (RFC 5861 section 4).</summary>
    public bool MayUseOnError(Exchange exchange, CachedResponse response, long now) => MayUse(exchange, response, now, _options!.StaleIfError, response.StaleIfError);

    /// <summary>The endpoint has said by a 304 that what is kept is as good as new: makes it the exchange's response, and keeps it for as long as that says.</summary>
    public void Freshen(Exchange exchange, CacheWork work, long now)
    {
        var kept = work.Kept!;
        Revalidation.Merge(exchange.Response, kept);
        exchange.StoredBody = kept.Body;
        if (_tags.Length > 0)
        {
            // What it does not say anew is as it was.
            var tags = CacheTags.Take(exchange.Response.Fields, _tags, _store);
            work.Tags = tags is { Length: 0 } ? kept.Tags : tags;
        }

        var plan = Judge(exchange, work, now);
        if (plan.Storability != Storability.Stored)
        {
            work.Refuse(now);
            GiveUp(work);
            work.Pass(CacheLookup.Revalidated);
            StoredAnswer.AddStatus(exchange.Response.Fields, work, 0);
            return;
        }

        if (plan.Lifetime <= plan.Age)
        {
            work.Refuse(now);
        }

        work.Keep(exchange, plan, now);
        var fresh = work.Store(kept.Body, kept);
        exchange.Response.Reset();
        Answer(exchange, work, fresh, CacheLookup.Revalidated, now);
    }

    /// <summary>Makes what is kept the exchange's response.</summary>
    /// <returns>Its age, in seconds.</returns>
    public long Answer(Exchange exchange, CacheWork work, CachedResponse response, CacheLookup lookup, long now)
    {
        var age = AgeOf(response, now);
        work.Pass(lookup);
        StoredAnswer.Prepare(exchange, response, age);
        if ((exchange.StoredBody.Length > CachedResponse.LongBody || exchange.ResponsePace is not null) && !exchange.IsRehearsal)
        {
            work.Hold(_store, response);
        }

        return age;
    }

    private static bool IsUnsafe(RequestMethod method) => method is not (RequestMethod.Get or RequestMethod.Head or RequestMethod.Options or RequestMethod.Trace);

    // RFC 9211.
    private static ReadOnlySpan<byte> ForwardedFor(CacheLookup lookup) => lookup switch
    {
        CacheLookup.Method => "lb; fwd=method"u8,
        CacheLookup.Miss => "lb; fwd=uri-miss"u8,
        CacheLookup.VaryMiss => "lb; fwd=vary-miss"u8,
        CacheLookup.Stale => "lb; fwd=stale"u8,
        _ => "lb; fwd=bypass"u8,
    };

    private PolicyOutcome Decide(Exchange exchange)
    {
        var work = exchange.Caching ??= new();
        work.Reset();
        var request = exchange.Request;
        if (request.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            work.Pass(CacheLookup.Method);
            return PolicyOutcome.Skipped("method");
        }

        if (_options is null || exchange.Route!.CacheScope is not { } scope)
        {
            return PolicyOutcome.Skipped("off");
        }

        work.Pass(CacheLookup.Bypass);
        if (request.Framing != BodyFraming.None || exchange.RequestBody is not null || request.WantsWebSocket)
        {
            return PolicyOutcome.Skipped("body");
        }

        if (request.Fields.MayHaveAny(AsksOfState))
        {
            return PolicyOutcome.Skipped("condition");
        }

        if (exchange.Identity is not null && _options.Share == CacheSharing.None)
        {
            return PolicyOutcome.Skipped("identity");
        }

        if (exchange.Proxy.Providers.HasLogins)
        {
            // They reach no endpoint, so that no answer is made of them.
            LoginCookies.RemoveAll(request.Fields);
        }

        foreach (var place in scope.Places)
        {
            if (!CookieText.TryFind(request.Fields, place, out _))
            {
                // Its answer gives it a place, which is nobody else's.
                return PolicyOutcome.Skipped("no_place");
            }
        }

        _inputs!.Reduce(exchange, scope);
        return Look(exchange, work, CacheKeys.Write(exchange, scope, _options.Share, _inputs.Fields, _inputs.CountsCookies));
    }

    private PolicyOutcome Look(Exchange exchange, CacheWork work, Slice key)
    {
        var now = _time.GetTimestamp();
        work.Look(_store, key, CredentialsOf(exchange), now, _alone);
        if (Find(exchange, work, now, counts: !exchange.IsRehearsal) is { } response)
        {
            exchange.Decisions.Note("age", Answer(exchange, work, response, CacheLookup.Hit, now));
            return PolicyOutcome.Answer;
        }

        var reason = work.Lookup == CacheLookup.Stale ? "stale" : "miss";
        if (exchange.Request.Fields.MayHave(KnownHeader.Range))
        {
            // The answer to a request for a part is none to others.
            work.Pass(CacheLookup.Bypass);
        }

        work.IsShareable = IsShareable(exchange, work);
        return PolicyOutcome.AllowedFor(reason);
    }

    // When in doubt not: whoever does not share its answer asks for it alone, and by an unusual field the endpoint could be brought to fail for those who wait.
    private bool IsShareable(Exchange exchange, CacheWork work)
    {
        var (request, fields) = (exchange.Request, exchange.Request.Fields);
        return request.Method == RequestMethod.Get && work.Credentials == Credentials.None && !_inputs!.HasOther(exchange, exchange.Route!.CacheScope!)
            && !(fields.MayHave(KnownHeader.CacheControl) && CacheDirectives.Of(fields).NoStore);
    }

    // What the endpoint says now is not to be kept, and nothing about who has asked made it say so: neither is what it said before.
    private void GiveUp(CacheWork work)
    {
        if (work.IsShareable && work.Kept is { } kept)
        {
            _store.Remove(kept);
        }
    }

    private bool MayUse(Exchange exchange, CachedResponse response, long now, TimeSpan? own, long said) =>
        !response.MustRevalidate && AgeOf(response, now) - response.Lifetime < (own is { } time ? (long)time.TotalSeconds : said) && IsCurrent(exchange, response) && !IsGivenUp(response);

    private long AgeOf(CachedResponse response, long now) => response.Age + (long)_time.GetElapsedTime(response.ReceivedAt, now).TotalSeconds;

    private StoragePlan Judge(Exchange exchange, CacheWork work, long now)
    {
        var plan = StoragePlan.Of(
            exchange.Request.Fields, work.Credentials, exchange.Response, (long)(_options!.Ttl ?? TimeSpan.Zero).TotalSeconds, _time.GetUtcNow().ToUnixTimeSeconds(),
            (long)_time.GetElapsedTime(work.AskedAt, now).TotalSeconds, _store.MostBody);
        return plan.Storability != Storability.Stored ? plan
            : work.Tags is null ? new(Storability.Tags)
            : _inputs!.HasOther(exchange, exchange.Route!.CacheScope!) ? new(Storability.Field)
            : plan;
    }

    /// <summary>
    /// Of a client that nobody knows, what it has sent, whatever the route has made of that since: a field that was taken out is there still. Of a known one, whose answers
    /// the route says to be for others, what of it the endpoint gets.
    /// </summary>
    private Credentials CredentialsOf(Exchange exchange)
    {
        var (fields, places, isKnown) = (exchange.Request.Fields, exchange.Proxy.Providers.Credentials, exchange.Identity is not null);
        var found = !isKnown && places.HasIn(exchange.Request.Target) ? Credentials.Authorization : Credentials.None;
        for (var at = 0; at < (isKnown ? fields.Count : exchange.ReceivedFields); at++)
        {
            if (isKnown && fields[at].Removed)
            {
                continue;
            }

            if (fields[at].Known == KnownHeader.Cookie)
            {
                // Where the key has cookies, the endpoint gets no others.
                found |= !_inputs!.CountsCookies && CookieText.HasOther(fields, at, exchange.Route!.CacheScope!.Places) ? Credentials.Cookie : Credentials.None;
            }
            else if (at < exchange.ReceivedFields && places.Has(fields, at) && !OpenFields.Has(fields, at))
            {
                found |= Credentials.Authorization;
            }
        }

        return found;
    }
}
