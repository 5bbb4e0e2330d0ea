using System.Text;
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
    private static readonly ulong AsksOfState = HeaderList.SetOf(KnownHeader.IfMatch, KnownHeader.IfUnmodifiedSince);

    private readonly CacheOptions? _options;
    private readonly CacheStore _store;
    private readonly TimeProvider _time;
    private readonly long _scope;
    private readonly byte[][] _changed;
    private readonly byte[] _tags;

    private CachePolicy(CacheStore store, PolicyBuild build)
    {
        (_options, _store, _time) = (build.Options.Cache, store, build.Context.Time);
        _scope = build.Previous.Options == build.Options && build.Previous.Find<CachePolicy>() is { } previous ? previous._scope : store.NextScope();
        _tags = Encoding.ASCII.GetBytes(_options?.Tags ?? "");
        var changes = build.Options.RequestHeaders;
        _changed = changes is null ? [] : [.. changes.Remove.Concat(changes.Set.Keys).Concat(changes.Add.Keys).Select(Encoding.ASCII.GetBytes)];
    }

    /// <inheritdoc/>
    public override string Key => "cache";

    /// <summary>The policy, or null where nothing is kept.</summary>
    public static CachePolicy? Create(PolicyBuild build) => build.Cache is { } store ? new CachePolicy(store, build) : null;

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

        if (work.Lookup is CacheLookup.None or CacheLookup.Hit || exchange.Endpoint is null || exchange.Fault.Failed)
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
            if (plan.Storability == Storability.Stored && work.Tags is not null)
            {
                isStored = true;
                work.Keep(exchange, plan, now);
            }
        }

        response.Fields.AddOwn(KnownHeader.Other, "Cache-Status"u8, StatusOf(work.Lookup, isStored));
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
        work.Reset();
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
        var fields = exchange.Request.Fields;
        var now = _time.GetTimestamp();
        var key = CacheKeys.Write(exchange, _scope, _options!.Share);
        var found = Find(exchange, key);
        var lookup = CacheLookup.Miss;
        if (found is VaryEntry vary)
        {
            found = Find(exchange, CacheKeys.WriteVaried(fields, key, vary.Names));
            lookup = CacheLookup.VaryMiss;
        }

        if (found is CachedResponse response)
        {
            var age = response.Age + (long)_time.GetElapsedTime(response.ReceivedAt, now).TotalSeconds;
            if (age < response.Lifetime && response.AskedAt > _store.ChangedAt(_store.PlaceOf(exchange.Request.Host, exchange.Request.Path)))
            {
                work.Pass(CacheLookup.Hit);
                StoredAnswer.Prepare(exchange, response, age);
                if ((exchange.StoredBody.Length > CachedResponse.LongBody || exchange.ResponsePace is not null) && !exchange.IsRehearsal)
                {
                    work.Hold(_store, response);
                }

                exchange.Decisions.Note("age", age);
                return PolicyOutcome.Answer;
            }

            lookup = CacheLookup.Stale;
        }

        work.Look(_store, key, DisguisesMethod(fields) || fields.MayHave(KnownHeader.Range) ? CacheLookup.Bypass : lookup, now);
        return PolicyOutcome.AllowedFor(lookup == CacheLookup.Stale ? "stale" : "miss");
    }

    private CacheEntry? Find(Exchange exchange, Slice slice)
    {
        var key = slice.Of(exchange.Request.Fields);
        var hash = _store.HashOf(key);
        return exchange.IsRehearsal ? _store.Peek(key, hash) : _store.Find(key, hash);
    }

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
