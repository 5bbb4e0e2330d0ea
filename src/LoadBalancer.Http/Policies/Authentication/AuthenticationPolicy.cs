using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies.Authentication;

/// <summary>
/// Establishes who calls: a route's <c>auth</c>. Under <c>any</c> the first provider whose credential the request has decides; under
/// <c>all</c> each has to. What the endpoint is told of the caller is set here, and credentials that are not for it are taken out.
/// </summary>
internal sealed class AuthenticationPolicy : HttpPolicy
{
    private readonly AuthOptions _options;
    private readonly IdentityProvider[] _providers;
    private readonly bool _needsAll;

    /// <summary>The policy of a route.</summary>
    /// <param name="options">What the file says.</param>
    /// <param name="providers">Who is asked, in this order.</param>
    public AuthenticationPolicy(AuthOptions options, IdentityProvider[] providers)
    {
        (_options, _providers) = (options, providers);
        _needsAll = options.All.Count > 0;
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
        return build.Previous.Find<AuthenticationPolicy>() is { } running && running._options == options && running._providers.AsSpan().SequenceEqual(providers)
            ? running
            : new AuthenticationPolicy(options, providers);
    }

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        var first = Next(exchange, 0);
        if (first == _providers.Length)
        {
            return new(Nobody(exchange));
        }

        var asked = _providers[first].IdentifyAsync(exchange);
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

            asked = _providers[at].IdentifyAsync(exchange);
        }
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

    private PolicyOutcome Nobody(Exchange exchange)
    {
        if (_options.Optional && !Array.Exists(_providers, provider => provider.IsPresent(exchange)))
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
                AddChallenge(exchange, _providers[at], answer.Fault);
                return PolicyOutcome.Refuse(answer.Fault);

            default:
                return Nobody(exchange);
        }
    }

    private void Admit(Exchange exchange, Identity identity)
    {
        exchange.Identity = identity;
        exchange.Decisions.Note("subject", identity.Subject);
        foreach (var provider in _providers)
        {
            provider.RemoveCredential(exchange);
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
