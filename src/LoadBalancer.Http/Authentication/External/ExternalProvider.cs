using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.External;

/// <summary>
/// Asks a service about each request, be there a credential in it or not, and remembers the answer where the file says so. Everybody of whom it would be
/// sent the same meanwhile waits for one answer, and <see cref="MostUnderWay"/> questions are under way at most.
/// </summary>
internal sealed class ExternalProvider : IdentityProvider
{
    /// <summary>So many questions may be under way.</summary>
    public const int MostUnderWay = 256;

    /// <summary>An answer that refuses is remembered so long at most: whoever logs in meanwhile need not wait long.</summary>
    public static readonly TimeSpan LongestRefusal = TimeSpan.FromSeconds(10);

    private const int MostRemembered = 64 * 1024;
    private const long MostRememberedBytes = 64L << 20;

    private readonly ExternalOptions _options;
    private readonly ExternalQuestion _question;
    private readonly ExternalClient _client;
    private readonly Flights<ExternalAnswer> _flights = new(MostUnderWay);
    private readonly IdentityCache? _remembered;
    private readonly ProviderCondition _condition;
    private readonly TimeProvider _time;

    /// <summary>The provider that the options describe.</summary>
    public ExternalProvider(ProviderBuild build, ExternalOptions options)
        : base(build.Name)
    {
        _options = options;
        _time = build.Context.Time;
        _question = new ExternalQuestion(options.Send);
        _client = new ExternalClient(build.Name, options, build.Outbound);
        _remembered = options.Cache is null ? null : new IdentityCache(MostRemembered, MostRememberedBytes, _time, build.Context.Seeds);
        _condition = new ProviderCondition(build.Name, build.Context);
    }

    /// <summary>The provider, or null where the options ask for another kind.</summary>
    public static ExternalProvider? Create(ProviderBuild build) => build.Options.External is { } options ? new(build, options) : null;

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => true;

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange) => _remembered?.TryGet(_question.Write(exchange), out _, out _) == true;

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        var fault = _question.Check(exchange.Request.Fields);
        if (fault != FaultKind.None)
        {
            return new(ProviderAnswer.Refuse(fault));
        }

        var question = _question.Write(exchange);
        if (_remembered is not null && _remembered.TryGet(question, out var identity, out var refusal))
        {
            exchange.Decisions.Note("source", "cache");
            return new(identity is null ? ProviderAnswer.RefuseAgain(refusal) : ProviderAnswer.Known(identity));
        }

        if (!exchange.MayAsk)
        {
            exchange.Decisions.Note("source", "not_asked");
            return new(ProviderAnswer.Refuse(FaultKind.ProviderUnavailable));
        }

        exchange.Decisions.Note("source", "service");
        return AskAsync(exchange, Encoding.Latin1.GetString(question));
    }

    /// <inheritdoc/>
    public override void RemoveCredential(Exchange exchange)
    {
        if (!_options.KeepCredential)
        {
            _question.Remove(exchange.Request.Fields);
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<ProviderAnswer> AskAsync(Exchange exchange, string question)
    {
        if (_flights.Join(question, () => LearnAsync(question)) is not { } flight)
        {
            // Whatever 'on_failure' says: so many are what clients send, who would let themselves in.
            _condition.Fail($"{MostUnderWay} questions to the check service are under way");
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        var answer = await ProviderWait.ForAsync(exchange, flight);
        if (answer?.Identity is { } identity)
        {
            return ProviderAnswer.Known(identity);
        }

        if (answer?.Failure is null && answer is not null)
        {
            // Who has sent nothing has guessed nothing.
            exchange.Challenges.AddRange(answer.Challenges);
            return _question.HasAny(exchange.Request.Fields) ? ProviderAnswer.Refuse(answer.Refusal) : ProviderAnswer.RefuseAgain(answer.Refusal);
        }

        if (!_options.AllowsOnFailure)
        {
            return ProviderAnswer.Refuse(FaultKind.ProviderUnavailable);
        }

        exchange.Decisions.Note("source", "allowed_on_failure");
        return ProviderAnswer.Known(_client.Nobody);
    }

    private async Task<ExternalAnswer> LearnAsync(string question)
    {
        var answer = await _client.AskAsync(question);
        if (answer.Failure is not null)
        {
            _condition.Fail(answer.Failure);
            return answer;
        }

        _condition.Succeed();
        if (_remembered is not null && _options.Cache is { } cache && answer.IsKept)
        {
            var (now, key) = (_time.GetUtcNow(), Encoding.Latin1.GetBytes(question));
            if (answer.Identity is { } identity)
            {
                _remembered.Set(key, identity, (now + cache).ToUnixTimeSeconds());
            }
            else
            {
                _remembered.SetRefusal(key, answer.Refusal, (now + (cache < LongestRefusal ? cache : LongestRefusal)).ToUnixTimeSeconds());
            }
        }

        return answer;
    }
}
