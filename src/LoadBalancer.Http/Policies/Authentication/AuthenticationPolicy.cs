using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies.Authentication;

/// <summary>
/// Establishes who calls: a route's <c>auth</c>. Under <c>any</c> the first provider whose credential the request has decides; under
/// <c>all</c> each has to. What the endpoint is told of the caller is set here, and credentials that are not for it are taken out.
/// </summary>
internal sealed class AuthenticationPolicy : HttpPolicy
{
    // A 401 has a challenge (RFC 9110 section 15.5.2), also where a check service has named none.
    private static readonly byte[] Unnamed = [.. "External"u8];

    private readonly AuthOptions _options;
    private readonly IdentityProvider[] _providers;
    private readonly bool _needsAll;
    private readonly bool _isShadow;
    private readonly FailureThrottle? _failures;
    private readonly AuthCounts[] _counts;

    /// <summary>The policy of a route.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="providers">Who is asked, in this order.</param>
    /// <param name="failures">Who keeps clients from guessing; null for nobody.</param>
    /// <param name="metrics">Where answers are counted; null for nowhere.</param>
    /// <param name="isShadow">True where it is only watched: nobody is kept from anything, and the endpoint gets the credential that it may still ask for.</param>
    public AuthenticationPolicy(AuthOptions options, IdentityProvider[] providers, FailureThrottle? failures = null, AuthMetrics? metrics = null, bool isShadow = false)
    {
        (_options, _providers, _failures, _isShadow) = (options, providers, isShadow ? null : failures, isShadow);
        _needsAll = options.All.Count > 0;
        _counts = [.. providers.Select(provider => metrics?.Of(provider.Name)).OfType<AuthCounts>()];
    }

    /// <inheritdoc/>
    public override string Key => "auth";

    /// <summary>The policy, or null where anybody may come.</summary>
    public static AuthenticationPolicy? Create(PolicyBuild build)
    {
        if (build.Options.Auth is not { } options)
        {
            return null;
        }

        IdentityProvider[] providers = [.. options.Names.Select(name => build.Providers.Find(name) ?? throw new InvalidOperationException($"no provider '{name}'"))];
        var isShadow = build.Options.Shadow.Contains("auth");
        return build.Previous.Find<AuthenticationPolicy>() is { } running && running._options == options && running._providers.AsSpan().SequenceEqual(providers)
            && running._isShadow == isShadow && (isShadow || running._failures == build.Providers.Failures)
            ? running
            : new AuthenticationPolicy(options, providers, build.Providers.Failures, build.Providers.Metrics, isShadow);
    }

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        if (exchange.Rehearsal?.Identity is { } assumed)
        {
            Admit(exchange, assumed);
            return new(PolicyOutcome.AllowedFor("assumed"));
        }

        var first = Next(exchange, 0);
        if (first == _providers.Length)
        {
            return new(Nobody(exchange));
        }

        var asked = AskAsync(exchange, first);
        if (!asked.IsCompletedSuccessfully)
        {
            return AwaitAsync(exchange, first, asked);
        }

        var answer = asked.Result;
        return answer.Verdict == ProviderVerdict.Absent || (_needsAll && answer.Verdict == ProviderVerdict.Known)
            ? AwaitAsync(exchange, first, new(answer))
            : new(Decide(exchange, first, answer));
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<PolicyOutcome> AwaitAsync(Exchange exchange, int at, ValueTask<ProviderAnswer> asked)
    {
        Identity? known = null;
        while (true)
        {
            var answer = await asked;
            if (answer.Verdict == ProviderVerdict.Known && _needsAll)
            {
                known = known is null ? answer.Identity! : known.And(answer.Identity!);
                answer = ProviderAnswer.Known(known);
            }

            var goesOn = answer.Verdict == ProviderVerdict.Absent || (_needsAll && answer.Verdict == ProviderVerdict.Known && at + 1 < _providers.Length);
            if (!goesOn)
            {
                return Decide(exchange, at, answer);
            }

            // Under `all` a provider without its credential is asked for it, wherever it stands.
            at = _needsAll && answer.Verdict == ProviderVerdict.Absent ? _providers.Length : Next(exchange, at + 1);
            if (at == _providers.Length)
            {
                return Nobody(exchange);
            }

            asked = AskAsync(exchange, at);
        }
    }

    /// <summary>Asks a provider, unless the client has guessed too often: then only for a credential that is known already.</summary>
    private ValueTask<ProviderAnswer> AskAsync(Exchange exchange, int at)
    {
        if (_failures is not null && _failures.WaitOf(exchange) is { Ticks: > 0 } wait && !_providers[at].IsCached(exchange))
        {
            exchange.RetryAfterSeconds = (int)Math.Ceiling(wait.TotalSeconds);
            return new(ProviderAnswer.RefuseAgain(FaultKind.TooManyFailures));
        }

        return _providers[at].IdentifyAsync(exchange);
    }

    /// <summary>Who is asked next: under <c>any</c> the next whose credential is there; the number of all for nobody.</summary>
    private int Next(Exchange exchange, int at)
    {
        if (_needsAll)
        {
            return at < _providers.Length && _providers[at].IsPresent(exchange) ? at : _providers.Length;
        }

        while (at < _providers.Length && !_providers[at].IsPresent(exchange))
        {
            at++;
        }

        return at;
    }

    private bool HasAny(Exchange exchange)
    {
        foreach (var provider in _providers)
        {
            if (provider.IsPresent(exchange))
            {
                return true;
            }
        }

        return false;
    }

    private PolicyOutcome Nobody(Exchange exchange)
    {
        if (_options.Optional && !HasAny(exchange))
        {
            return PolicyOutcome.Skipped("anonymous");
        }

        foreach (var provider in _providers)
        {
            if (provider.TryLogIn(exchange))
            {
                exchange.Decisions.Note("provider", provider.Name);
                return PolicyOutcome.Answer;
            }
        }

        foreach (var provider in _providers)
        {
            AddChallenge(exchange, provider, FaultKind.CredentialMissing);
        }

        return PolicyOutcome.Refuse(FaultKind.CredentialMissing);
    }

    private PolicyOutcome Decide(Exchange exchange, int at, ProviderAnswer answer)
    {
        exchange.Decisions.Note("provider", _providers[at].Name);
        if (exchange.GivenUp.Failed)
        {
            // While a provider was waited for: the client has gone, or its time is over.
            return PolicyOutcome.Refuse(exchange.GivenUp);
        }

        Count(exchange, at, answer);
        switch (answer.Verdict)
        {
            case ProviderVerdict.Known:
                Admit(exchange, answer.Identity!);
                return PolicyOutcome.AllowedFor("identified");

            case ProviderVerdict.Answered:
                return PolicyOutcome.Answer;

            case ProviderVerdict.Refused when answer.Fault == FaultKind.ProviderUnavailable:
                return PolicyOutcome.Refuse(new Fault(FaultSide.Internal, answer.Fault));

            case ProviderVerdict.Refused:
                if (FaultResponse.Status(answer.Fault) == 401)
                {
                    AddChallenge(exchange, _providers[at], answer.Fault);
                    if (exchange.Challenges.Count == 0)
                    {
                        exchange.Challenges.Add(Unnamed);
                    }
                }

                return PolicyOutcome.Refuse(answer.Fault);

            default:
                return Nobody(exchange);
        }
    }

    private void Count(Exchange exchange, int at, in ProviderAnswer answer)
    {
        if (answer.Verdict == ProviderVerdict.Refused)
        {
            _failures?.Count(exchange, answer);
        }

        if (answer.Verdict is ProviderVerdict.Refused or ProviderVerdict.Known && !exchange.IsRehearsal && _counts.Length > 0)
        {
            _counts[at].Count(exchange.Loop.Index, answer.Fault);
        }
    }

    private void Admit(Exchange exchange, Identity identity)
    {
        exchange.Identity = identity;
        exchange.TunnelEndsAt = _options.CloseAtExpiry && !_isShadow ? identity.ExpiresAt : long.MaxValue;
        exchange.Decisions.Note("subject", identity.Subject);
        if (!_isShadow)
        {
            foreach (var provider in _providers)
            {
                provider.RemoveCredential(exchange);
            }
        }

        var fields = exchange.Request.Fields;
        foreach (var field in identity.Forwarded)
        {
            fields.AddOwn(field.Known, field.Name, field.Value);
        }
    }

    private static void AddChallenge(Exchange exchange, IdentityProvider provider, FaultKind why)
    {
        if (provider.Challenge(why) is { } challenge)
        {
            exchange.Challenges.Add(challenge);
        }
    }
}
