using System.Runtime.CompilerServices;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies;

/// <summary>A route's policies in their order. The first who refuses or answers decides; nobody after it is asked. Immutable and thread-safe.</summary>
/// <remarks>Where every policy decides at once, so does the chain, and nothing is allocated.</remarks>
/// <param name="options">What it was built from: equal options keep the chain.</param>
/// <param name="captures">What the route's path captures, in its order; the templates refer to it.</param>
/// <param name="steps">The policies in their order.</param>
internal sealed class PolicyChain(RoutePolicyOptions options, ValueList<string> captures, params PolicyStep[] steps)
{
    /// <summary>No policy at all.</summary>
    public static PolicyChain Empty { get; } = new(new RoutePolicyOptions(), []);

    /// <summary>What it was built from.</summary>
    public RoutePolicyOptions Options => options;

    /// <summary>What the route's path captures, in its order.</summary>
    public ValueList<string> Captures => captures;

    /// <summary>The policies in their order.</summary>
    public ReadOnlySpan<PolicyStep> Steps => steps;

    /// <summary>The providers that it was built with, of all that its route names: with others it is another chain.</summary>
    public ValueList<IdentityProvider> Providers { get; init; }

    /// <summary>Who keeps clients from guessing that its <c>auth</c> was built with; null for nobody.</summary>
    public FailureThrottle? Failures { get; init; }

    /// <summary>The limits that it was built with.</summary>
    public LimitSet Limits { get; init; } = LimitSet.Empty;

    /// <summary>Where it keeps answers; null for nowhere.</summary>
    public CacheStore? Cache { get; init; }

    /// <summary>True where a policy is only watched.</summary>
    public bool HasShadow { get; } = Array.Exists(steps, static step => step.IsShadow);

    /// <summary>What clients get in place of errors of lb's own.</summary>
    public ErrorPages Errors { get; } = new(options.OnError, captures);

    /// <summary>The policy of this type, or null; for a reload, which lets the next one adopt what it knows.</summary>
    public T? Find<T>()
        where T : HttpPolicy => Array.Find(steps, static step => step.Policy is T).Policy as T;

    /// <summary>
    /// Asks every policy, on the exchange's loop, and notes in <see cref="Exchange.PoliciesAsked"/> how many were asked. An exception of a
    /// policy comes through.
    /// </summary>
    public ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        for (var at = 0; at < steps.Length; at++)
        {
            var decision = Ask(exchange, at);
            if (!decision.IsCompletedSuccessfully)
            {
                return ContinueAsync(decision, exchange);
            }

            var outcome = Conclude(exchange, decision.Result);
            if (outcome.IsFinal)
            {
                return new ValueTask<PolicyOutcome>(outcome);
            }
        }

        return default;
    }

    /// <summary>Shows the head of the response to all that were asked and are not only watched, the last one first.</summary>
    public void OnResponse(Exchange exchange)
    {
        for (var at = exchange.PoliciesAsked - 1; at >= 0; at--)
        {
            if (!steps[at].IsShadow)
            {
                steps[at].Policy.OnResponse(exchange);
            }
        }
    }

    /// <summary>Tells all that were asked that the exchange has ended, the last one first.</summary>
    public void OnEnd(Exchange exchange)
    {
        for (var at = exchange.PoliciesAsked - 1; at >= 0; at--)
        {
            steps[at].Policy.OnEnd(exchange);
        }
    }

    private ValueTask<PolicyOutcome> Ask(Exchange exchange, int at)
    {
        exchange.PoliciesAsked = at + 1;
        var policy = steps[at].Policy;
        exchange.Decisions.Begin(policy.Key);
        return policy.OnRequestAsync(exchange);
    }

    /// <summary>Records what the policy that was asked last has decided, and gives what becomes of it.</summary>
    private PolicyOutcome Conclude(Exchange exchange, PolicyOutcome outcome)
    {
        if (outcome.IsFinal && steps[exchange.PoliciesAsked - 1].IsShadow)
        {
            // Nothing of what it wanted to say is left.
            exchange.Response.Reset();
            exchange.OwnBody = default;
            exchange.Challenges.Clear();
            exchange.Cookies.Clear();
            outcome = outcome.Verdict == PolicyVerdict.Answered ? PolicyOutcome.Skipped("only_watched") : outcome with { Verdict = PolicyVerdict.WouldRefuse };
        }

        exchange.Decisions.End(outcome);
        if (outcome.Verdict is PolicyVerdict.Refused or PolicyVerdict.WouldRefuse && !exchange.IsRehearsal)
        {
            exchange.Route?.Metrics?.Refused(exchange.Loop.Index, steps[exchange.PoliciesAsked - 1].Policy.Key, outcome.Fault, outcome.Verdict == PolicyVerdict.WouldRefuse);
        }

        return outcome;
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<PolicyOutcome> ContinueAsync(ValueTask<PolicyOutcome> pending, Exchange exchange)
    {
        while (true)
        {
            var outcome = Conclude(exchange, await pending);
            if (outcome.IsFinal)
            {
                return outcome;
            }

            if (exchange.PoliciesAsked == steps.Length)
            {
                return default;
            }

            pending = Ask(exchange, exchange.PoliciesAsked);
        }
    }
}
