using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Introspection;

/// <summary>
/// Asks the issuer of a token whose it is (RFC 7662), and remembers the answer for a while. Everybody who comes with the same token meanwhile waits for one
/// answer, and <see cref="MostUnderWay"/> questions are under way at most: beyond them, and where the issuer cannot be asked, it is 503.
/// </summary>
internal sealed class IntrospectionProvider : IdentityProvider
{
    /// <summary>So many questions may be under way.</summary>
    public const int MostUnderWay = 256;

    /// <summary>An answer that refuses is remembered so long at most: the issuer's copies may not all know a new token yet.</summary>
    public static readonly TimeSpan LongestRefusal = TimeSpan.FromSeconds(10);

    private const int MostRemembered = 64 * 1024;
    private const long MostRememberedBytes = 64L << 20;

    // RFC 6750 section 3: without a token nothing but the scheme, since the client may not know that there is any.
    private static readonly byte[] Plain = "Bearer"u8.ToArray();
    private static readonly byte[] Invalid = "Bearer error=\"invalid_token\""u8.ToArray();

    private readonly IntrospectionOptions _options;
    private readonly IntrospectionClient _client;
    private readonly Flights<IntrospectionAnswer> _flights = new(MostUnderWay);
    private readonly IdentityCache? _remembered;
    private readonly ProviderCondition _condition;
    private readonly TimeProvider _time;

    /// <summary>The provider that the options describe.</summary>
    public IntrospectionProvider(ProviderBuild build, IntrospectionOptions options)
        : base(build.Name)
    {
        _options = options;
        _time = build.Context.Time;
        _client = new IntrospectionClient(options, build.Outbound, options.Claims.MappingOf(build.Name), _time);
        _remembered = options.Cache is null ? null : new IdentityCache(MostRemembered, MostRememberedBytes, _time, build.Context.Seeds);
        _condition = new ProviderCondition(build.Name, build.Context);
    }

    /// <summary>The provider, or null where the options ask for another kind.</summary>
    public static IntrospectionProvider? Create(ProviderBuild build) => build.Options.Introspection is { } options ? new(build, options) : null;

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => BearerToken.IsPresent(exchange.Request.Fields);

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange) =>
        BearerToken.Read(exchange.Request.Fields, out var token) == FaultKind.None && _remembered?.TryGet(token, out _, out _) == true;

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        var fault = BearerToken.Read(exchange.Request.Fields, out var token);
        if (fault != FaultKind.None)
        {
            return new(ProviderAnswer.Refuse(fault));
        }

        if (_remembered is not null && _remembered.TryGet(token, out var identity, out var refusal))
        {
            exchange.Decisions.Note("source", "cache");
            return new(identity is null ? ProviderAnswer.RefuseAgain(refusal) : ProviderAnswer.Known(identity));
        }

        if (!exchange.MayAsk)
        {
            exchange.Decisions.Note("source", "not_asked");
            return new(ProviderAnswer.Refuse(FaultKind.ProviderUnavailable));
        }

        exchange.Decisions.Note("source", "issuer");
        return AskAsync(exchange, Encoding.ASCII.GetString(token));
    }

    /// <inheritdoc/>
    public override byte[]? Challenge(FaultKind why) => why == FaultKind.CredentialMissing ? Plain : Invalid;

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange)
    {
        if (!_options.KeepCredential && BearerToken.IsPresent(exchange.Request.Fields))
        {
            exchange.Request.Fields.Remove(KnownHeader.Authorization);
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ProviderAnswer> AskAsync(Exchange exchange, string token)
    {
        if (_flights.Join(token, () => LearnAsync(token)) is not { } flight)
        {
            _condition.Fail($"{MostUnderWay} questions to the issuer are under way");
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        return await ProviderWait.ForAsync(exchange, flight) switch
        {
            { Identity: { } identity } => ProviderAnswer.Known(identity),
            var answer => ProviderAnswer.Refuse(answer?.Refusal ?? FaultKind.ProviderUnavailable),
        };
    }

    private async Task<IntrospectionAnswer> LearnAsync(string token)
    {
        var answer = await _client.AskAsync(token);
        if (answer.Failure is not null)
        {
            _condition.Fail(answer.Failure);
            return answer;
        }

        _condition.Succeed();
        if (_remembered is not null && _options.Cache is { } cache)
        {
            var now = _time.GetUtcNow();
            if (answer.Identity is { } identity)
            {
                _remembered.Set(Encoding.ASCII.GetBytes(token), identity, (now + cache).ToUnixTimeSeconds());
            }
            else
            {
                _remembered.SetRefusal(Encoding.ASCII.GetBytes(token), answer.Refusal, (now + (cache < LongestRefusal ? cache : LongestRefusal)).ToUnixTimeSeconds());
            }
        }

        return answer;
    }
}
