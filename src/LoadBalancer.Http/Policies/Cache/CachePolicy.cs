using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Policies.Cache;

/// <summary>
/// Answers from memory what was answered before, and keeps what may be (RFC 9111, as a shared cache; ADR 0028): <c>cache</c>. It comes behind everything that
/// asks who calls, and before everything that changes the request; of the response it sees what the endpoint said. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A route without <c>cache</c> on a listener that has one elsewhere has it too, for one thing: a request that changes something ends what is kept of that place,
/// by whatever route it came (section 4.4).
/// </remarks>
internal sealed class CachePolicy : HttpPolicy
{
    private static readonly ulong AsksForPart = HeaderList.SetOf(KnownHeader.Range);
    private static readonly ulong HasCredential = HeaderList.SetOf(KnownHeader.Authorization, KnownHeader.Cookie);

    // For so long nobody waits for an answer that turned out to be for one caller alone.
    private static readonly TimeSpan AloneFor = TimeSpan.FromSeconds(10);

    // Where the route has no time of its own.
    private static readonly TimeSpan RefreshFor = TimeSpan.FromMinutes(1);
    private static readonly ulong AsksOfState = HeaderList.SetOf(KnownHeader.IfMatch, KnownHeader.IfUnmodifiedSince);

    private readonly CacheOptions? _options;
    private readonly CacheStore _store;
    private readonly TimeProvider _time;
    private readonly long _scope;
    private readonly long _alone;
    private readonly TimeSpan? _timeout;
    private readonly byte[][] _changed;

    private CachePolicy(CacheStore store, PolicyBuild build)
    {
        (_options, _store, _time) = (build.Options.Cache, store, build.Context.Time);
        _timeout = build.Options.Timeout;
        _alone = AloneFor.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond;
        _scope = build.Previous.Options == build.Options && build.Previous.Find<CachePolicy>() is { } previous ? previous._scope : store.NextScope();
        var changes = build.Options.RequestHeaders;
        _changed = changes is null ? [] : [.. changes.Remove.Concat(changes.Set.Keys).Concat(changes.Add.Keys).Select(Encoding.ASCII.GetBytes)];
    }

    /// <inheritdoc/>
    public override string Key => "cache";

    /// <summary>The policy, or null where nothing is kept.</summary>
    public static CachePolicy? Create(PolicyBuild build) => build.Cache is { } store ? new CachePolicy(store, build) : null;

    /// <summary>True where answers are kept, and not only ended.</summary>
    public bool Keeps => _options is not null;

    /// <summary>How long a request in the background may take.</summary>
    public TimeSpan RefreshTime => _timeout ?? RefreshFor;

    /// <summary>How long a request waits for another one's answer; null for not at all.</summary>
    public TimeSpan? Coalesce => _options?.Coalesce;

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange) => new(Decide(exchange));

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange)
    {
        var work = exchange.Caching!;
        var response = exchange.Response;
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

        var isStored = false;
        if (work.Lookup is CacheLookup.Miss or CacheLookup.VaryMiss or CacheLookup.Stale && exchange.Request.Method == RequestMethod.Get)
        {
            var plan = Judge(exchange, work.AskedAt, now);
            if (plan.Storability == Storability.Stored)
            {
                isStored = true;
                if (plan.Lifetime <= plan.Age)
                {
                    // Each has to ask whether it is as good as new.
                    work.Refuse(now);
                }

                work.Keep(exchange, plan, now);
            }
            else if (response.Status < 500)
            {
                work.Refuse(now);
                GiveUp(work);
            }
            else
            {
                work.Fail(new Fault(FaultSide.Upstream, FaultKind.BadStatus));
            }
        }

        response.Fields.AddOwn(KnownHeader.Other, "Cache-Status"u8, StatusOf(work.Lookup, isStored));
    }

    /// <inheritdoc/>
    public override void OnEnd(Exchange exchange) => exchange.Caching?.Forget();

    /// <summary>What is kept and fresh for the exchange; null for nothing.</summary>
    /// <param name="exchange">The exchange, which has a key.</param>
    /// <param name="work">Its cache.</param>
    /// <param name="now">When, by the clock of durations.</param>
    /// <param name="counts">True where it counts as asked for.</param>
    public CachedResponse? Find(Exchange exchange, CacheWork work, long now, bool counts) =>
        work.Find(exchange, counts) is { } response && IsCurrent(exchange, response) && AgeOf(response, now) < response.Lifetime ? response : null;

    /// <summary>True where nothing has changed what is kept since it was asked for.</summary>
    public bool IsCurrent(Exchange exchange, CachedResponse response) => response.AskedAt > _store.ChangedAt(_store.PlaceOf(exchange.Request.Host, exchange.Request.Path));

    /// <summary>True where what is kept may be sent though it is stale, while it is asked for anew (RFC 5861 section 3).</summary>
    public bool MayUseWhileAsking(Exchange exchange, CachedResponse response, long now) => MayUse(exchange, response, now, _options!.StaleWhileRevalidate, response.StaleWhileRevalidate);

    /// <summary>True where what is kept may be sent though it is stale, as asking has failed (RFC 5861 section 4).</summary>
    public bool MayUseOnError(Exchange exchange, CachedResponse response, long now) => MayUse(exchange, response, now, _options!.StaleIfError, response.StaleIfError);

    /// <summary>The endpoint has said by a 304 that what is kept is as good as new: makes it the exchange's response, and keeps it for as long as that says.</summary>
    public void Freshen(Exchange exchange, CacheWork work, long now)
    {
        var kept = work.Kept!;
        Revalidation.Merge(exchange.Response, kept);
        exchange.StoredBody = kept.Body;
        var plan = Judge(exchange, work.AskedAt, now);
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
        var fresh = work.Store(kept.Body);
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
        return age;
    }

    private static bool IsUnsafe(RequestMethod method) => method is not (RequestMethod.Get or RequestMethod.Head or RequestMethod.Options or RequestMethod.Trace);

    // RFC 9211.
    private static ReadOnlySpan<byte> StatusOf(CacheLookup lookup, bool isStored) => (lookup, isStored) switch
    {
        (CacheLookup.Method, _) => "lb; fwd=method"u8,
        (CacheLookup.Miss, false) => "lb; fwd=uri-miss"u8,
        (CacheLookup.Miss, true) => "lb; fwd=uri-miss; stored"u8,
        (CacheLookup.VaryMiss, false) => "lb; fwd=vary-miss"u8,
        (CacheLookup.VaryMiss, true) => "lb; fwd=vary-miss; stored"u8,
        (CacheLookup.Stale, false) => "lb; fwd=stale"u8,
        (CacheLookup.Stale, true) => "lb; fwd=stale; stored"u8,
        _ => "lb; fwd=bypass"u8,
    };

    // Frameworks take these for the method, so that a GET might be answered as something else.
    private static bool DisguisesMethod(HeaderList request) =>
        request.Find("x-http-method-override"u8) >= 0 || request.Find("x-http-method"u8) >= 0 || request.Find("x-method-override"u8) >= 0;

    private PolicyOutcome Decide(Exchange exchange)
    {
        var work = exchange.Caching ??= new();
        work.Forget();
        var request = exchange.Request;
        if (request.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            work.Pass(CacheLookup.Method);
            return PolicyOutcome.Skipped("method");
        }

        if (_options is null)
        {
            return PolicyOutcome.Skipped("off");
        }

        work.Pass(CacheLookup.Bypass);
        if (request.Framing != BodyFraming.None || exchange.RequestBody is not null || request.WantsWebSocket)
        {
            return PolicyOutcome.Skipped("body");
        }

        if (request.Fields.MayHaveAny(AsksForPart))
        {
            return PolicyOutcome.Skipped("range");
        }

        if (request.Fields.MayHaveAny(AsksOfState))
        {
            return PolicyOutcome.Skipped("condition");
        }

        if (exchange.Identity is not null && _options.Share == CacheSharing.None)
        {
            return PolicyOutcome.Skipped("identity");
        }

        return Look(exchange, work);
    }

    private PolicyOutcome Look(Exchange exchange, CacheWork work)
    {
        var now = _time.GetTimestamp();
        work.Look(_store, CacheKeys.Write(exchange, _scope, _options!.Share), IsShareable(exchange), now, _alone);
        if (Find(exchange, work, now, counts: !exchange.IsRehearsal) is { } response)
        {
            exchange.Decisions.Note("age", Answer(exchange, work, response, CacheLookup.Hit, now));
            return PolicyOutcome.Answer;
        }

        var reason = work.Lookup == CacheLookup.Stale ? "stale" : "miss";
        if (DisguisesMethod(exchange.Request.Fields))
        {
            work.Pass(CacheLookup.Bypass);
        }

        return PolicyOutcome.AllowedFor(reason);
    }

    // When in doubt not: whoever does not share its answer asks for it alone.
    private bool IsShareable(Exchange exchange)
    {
        var (request, fields) = (exchange.Request, exchange.Request.Fields);
        return _options!.Coalesce is not null && request.Method == RequestMethod.Get
            && (!fields.MayHaveAny(HasCredential) || (exchange.Identity is not null && !fields.MayHave(KnownHeader.Cookie)))
            && !(fields.MayHave(KnownHeader.CacheControl) && CacheDirectives.Of(fields).NoStore);
    }

    // What the endpoint says now is not to be kept: neither is what it said before.
    private void GiveUp(CacheWork work)
    {
        if (work.Kept is { } kept)
        {
            _store.Remove(kept);
        }
    }

    private bool MayUse(Exchange exchange, CachedResponse response, long now, TimeSpan? own, long said) =>
        !response.MustRevalidate && AgeOf(response, now) - response.Lifetime < (own is { } time ? (long)time.TotalSeconds : said) && IsCurrent(exchange, response);

    private long AgeOf(CachedResponse response, long now) => response.Age + (long)_time.GetElapsedTime(response.ReceivedAt, now).TotalSeconds;

    private StoragePlan Judge(Exchange exchange, long askedAt, long now)
    {
        var fields = exchange.Response.Fields;
        foreach (var name in _changed)
        {
            // What clients send under that name is not what the endpoint saw.
            if (VaryNames.Has(fields, name))
            {
                return new(Storability.Vary);
            }
        }

        return StoragePlan.Of(
            exchange.Request.Fields, exchange.Response, (long)(_options!.Ttl ?? TimeSpan.Zero).TotalSeconds, exchange.Identity is not null, _time.GetUtcNow().ToUnixTimeSeconds(),
            (long)_time.GetElapsedTime(askedAt, now).TotalSeconds, _store.MostBody);
    }
}
