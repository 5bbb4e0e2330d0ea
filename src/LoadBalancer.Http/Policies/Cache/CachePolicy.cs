using System.Text;
using LoadBalancer.Configuration;
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

    private readonly CacheOptions? _options;
    private readonly CacheStore _store;
    private readonly TimeProvider _time;
    private readonly CacheInputs? _inputs;
    private readonly byte[] _tags;

    private CachePolicy(CacheStore store, PolicyBuild build)
    {
        (_options, _store, _time) = (build.Options.Cache, store, build.Context.Time);
        _tags = Encoding.ASCII.GetBytes(_options?.Tags ?? "");
        var changes = build.Options.RequestHeaders;
        _inputs = _options is null ? null : new CacheInputs(_options.Key, changes?.Set ?? ValueMap<string>.Empty, changes?.Add ?? ValueMap<string>.Empty, build.Captures);
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
        if (work.Lookup == CacheLookup.Method && response.Status is >= 200 and < 300 && IsUnsafe(exchange.Request.Method))
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
        var fields = exchange.Request.Fields;
        var now = _time.GetTimestamp();
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

        // The answer to a request for a part is none to others.
        work.Look(_store, key, fields.MayHave(KnownHeader.Range) ? CacheLookup.Bypass : lookup, now);
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
        var plan = StoragePlan.Of(
            exchange.Request.Fields, CredentialsOf(exchange), exchange.Response, (long)(_options!.Ttl ?? TimeSpan.Zero).TotalSeconds, _time.GetUtcNow().ToUnixTimeSeconds(),
            (long)_time.GetElapsedTime(askedAt, now).TotalSeconds, _store.MostBody);
        return plan.Storability == Storability.Stored && _inputs!.HasOther(exchange, exchange.Route!.CacheScope!) ? new(Storability.Field) : plan;
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
