using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// Knows callers by a JSON web token. A token is verified once and remembered until it expires, or until a key leaves the issuer's set: it cannot be
/// revoked otherwise. Thread-safe.
/// </summary>
/// <remarks>
/// A signature is verified on the loop that has the request. It takes 20 to 70 µs, about what the request itself costs; to hand it to another thread
/// and to come back costs a good part of that and helps only while other cores are idle.
/// </remarks>
internal sealed class JwtProvider : IdentityProvider
{
    /// <summary>So many tokens are remembered at most, and so many bytes of them and their identities.</summary>
    public const int MostRemembered = 64 * 1024;

    /// <summary>The bytes; see <see cref="MostRemembered"/>.</summary>
    public const long MostRememberedBytes = 64L << 20;

    private readonly JwtOptions _options;
    private readonly TokenPlaces _places;
    private readonly JwtVerifier _verifier;
    private readonly IdentityMapping _mapping;
    private readonly KeySource _source;
    private readonly TimeProvider _time;
    private readonly Random _seeds;
    private readonly Lock _seedsLock = new();
    private readonly byte[] _plain;
    private readonly byte[] _invalid;
    private Remembered? _remembered;
    private int _isInForce;

    private JwtProvider(ProviderBuild build, JwtOptions options, KeySource source)
        : base(build.Name)
    {
        (_options, _source, _time) = (options, source, build.Context.Time);
        _places = new TokenPlaces(options);
        _verifier = new JwtVerifier(options.Issuer, options.Audiences, JwtAlgorithmNames.SetOf(options.Algorithms), options.Leeway, _time);
        _mapping = options.Claims.MappingOf(build.Name);
        _seeds = new Random(build.Context.Seeds.Next());

        // RFC 6750 section 3: nothing is said of an error to who has sent nothing.
        _plain = Encoding.ASCII.GetBytes($"Bearer realm=\"{build.Name}\"");
        _invalid = Encoding.ASCII.GetBytes($"Bearer realm=\"{build.Name}\", error=\"invalid_token\"");
    }

    /// <inheritdoc/>
    public override CredentialFile? File => _source.File;

    /// <inheritdoc/>
    public override JwksSource? IssuerKeys => _source as JwksSource;

    /// <summary>The provider; null where the options ask for another kind.</summary>
    public static IdentityProvider? Create(ProviderBuild build)
    {
        if (build.Options.Jwt is not { } options)
        {
            return null;
        }

        var running = build.Previous as JwtProvider;
        var keepsKeys = running is not null && running._options.Keys == options.Keys && running._options.Algorithms == options.Algorithms;
        return new JwtProvider(build, options, keepsKeys ? running!._source : KeySource.Create(build, options));
    }

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => _places.HasAny(exchange.Request);

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange) =>
        _source.Current is { } keys && _places.Read(exchange.Request, out var token) == FaultKind.None && Of(keys).Identities.TryGet(token, out _, out _);

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        var fault = _places.Read(exchange.Request, out var token);
        if (fault != FaultKind.None)
        {
            return new(fault == FaultKind.CredentialMissing ? ProviderAnswer.Absent : ProviderAnswer.Refuse(fault));
        }

        var keys = _source.Current;
        var answer = Identify(exchange, token, keys);
        if (answer.Fault is not (FaultKind.TokenKeyUnknown or FaultKind.ProviderUnavailable) || !exchange.MayAsk || _source.Refetch(keys) is not { } fetch)
        {
            return new(answer);
        }

        exchange.Decisions.Note("keys", "fetched");
        return AwaitKeysAsync(exchange, fetch);
    }

    /// <inheritdoc/>
    public override byte[] Challenge(FaultKind why) => why == FaultKind.CredentialMissing ? _plain : _invalid;

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange)
    {
        if (!_options.KeepCredential)
        {
            _places.Remove(exchange.Request);
        }
    }

    /// <inheritdoc/>
    public override void Begin()
    {
        if (Interlocked.Exchange(ref _isInForce, 1) == 0)
        {
            _source.Acquire();
        }
    }

    /// <inheritdoc/>
    public override void Retire()
    {
        if (Interlocked.Exchange(ref _isInForce, 0) == 1)
        {
            _source.Release();
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ProviderAnswer> AwaitKeysAsync(Exchange exchange, Task<KeySource> fetch)
    {
        if (await ProviderWait.ForAsync(exchange, fetch) is null)
        {
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        // What the token is had moved on if the buffer has.
        _places.Read(exchange.Request, out var token);
        return Identify(exchange, token, _source.Current);
    }

    private ProviderAnswer Identify(Exchange exchange, ReadOnlySpan<byte> token, KeySet? keys)
    {
        if (keys is null)
        {
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        var remembered = Of(keys);
        if (remembered.Identities.TryGet(token, out var identity, out _))
        {
            exchange.Decisions.Note("source", "cache");
            return ProviderAnswer.Known(identity!);
        }

        var fault = _verifier.Verify(token, keys, exchange.Loop.Index, out var verified);
        if (fault != FaultKind.None)
        {
            return ProviderAnswer.Refuse(fault);
        }

        exchange.Decisions.Note("source", "signature");
        identity = _mapping.Map(verified.Subject, verified.Claims, verified.ExpiresAt);
        if (!exchange.IsRehearsal)
        {
            remembered.Identities.Set(token, identity, verified.ExpiresAt);
        }

        return ProviderAnswer.Known(identity);
    }

    /// <summary>What was verified with these keys, or with no others.</summary>
    private Remembered Of(KeySet keys)
    {
        var remembered = Volatile.Read(ref _remembered);
        return remembered?.Keys == keys ? remembered : Follow(remembered, keys);
    }

    private Remembered Follow(Remembered? before, KeySet keys)
    {
        IdentityCache identities;
        if (before is not null && keys.HasAllOf(before.Keys))
        {
            identities = before.Identities;
        }
        else
        {
            lock (_seedsLock)
            {
                identities = new IdentityCache(MostRemembered, MostRememberedBytes, _time, _seeds);
            }
        }

        var next = new Remembered(keys, identities);
        return Interlocked.CompareExchange(ref _remembered, next, before) == before ? next : Of(keys);
    }

    private sealed record Remembered(KeySet Keys, IdentityCache Identities);
}
