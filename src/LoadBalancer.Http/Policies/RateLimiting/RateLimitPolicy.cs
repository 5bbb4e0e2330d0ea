using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies.RateLimiting;

/// <summary>
/// Whether there is something left for a request in the limits of its route and of its caller's plan. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A route may have it twice, under one word: before it is known who calls, for the limits that need not know it, so that a guess at a credential costs; and after
/// that, for the others and the plan's own. All have to allow a request. Where one refuses, what the others charged is given back, those of the first step too, unless
/// that took so long that it may have come back by itself; where somebody else refuses in between, the charges of the first step stay.
/// </para>
/// <para>
/// A limit is asked and charged in one step, and given back where another refuses: to look first and charge then would let two requests at a time see the same last
/// token. Those that are counted in this process come first, and those of which some may be leased, so that a refusal seldom costs a question to a store. Those of which
/// the store is asked for each request come together at last, and are asked with one question, which charges all of them or none.
/// </para>
/// </remarks>
internal sealed class RateLimitPolicy : HttpPolicy
{
    private readonly LimitSet _limits;
    private readonly TimeProvider _time;
    private readonly RateLimit[] _named;
    private readonly int _together;
    private readonly CallerKey? _planKey;
    private readonly int _cost;
    private readonly bool _isShadow;

    private RateLimitPolicy(PolicyBuild build, RateLimit[] named, bool hasPlans)
    {
        _limits = build.Limits;
        _time = build.Context.Time;

        // In a cluster those with the same key are in one place, so they stand together.
        _named =
        [
            .. named.Where(limit => limit.Mode != LimitMode.Exact).OrderBy(limit => limit.Mode),
            .. named.Where(limit => limit.Mode == LimitMode.Exact).GroupBy(limit => limit.Key).SelectMany(limits => limits),
        ];
        _together = named.Count(limit => limit.Mode != LimitMode.Exact);
        _planKey = hasPlans ? build.Limits.PlanKey : null;
        _cost = build.Options.Cost;
        _isShadow = build.Options.Shadow.Contains("rate_limit");
    }

    /// <inheritdoc/>
    public override string Key => "rate_limit";

    /// <summary>The limits of a route that need not know who calls; null for none.</summary>
    public static RateLimitPolicy? CreateForClients(PolicyBuild build) =>
        Named(build, needsIdentity: false) is { Length: > 0 } named ? new RateLimitPolicy(build, named, hasPlans: false) : null;

    /// <summary>The others, and where callers are known those of their plans; null for none.</summary>
    public static RateLimitPolicy? CreateForCallers(PolicyBuild build)
    {
        var named = Named(build, needsIdentity: true);
        var hasPlans = build.Options.Auth is not null && build.Limits.HasPlanLimits;
        return named.Length > 0 || hasPlans ? new RateLimitPolicy(build, named, hasPlans) : null;
    }

    /// <inheritdoc/>
    public override ValueTask<PolicyOutcome> OnRequestAsync(Exchange exchange)
    {
        var plan = _limits.Of(exchange.Identity);
        if (_limits.HasPlans && exchange.Identity is { Plan: { } claimed } && claimed != plan.Name)
        {
            exchange.Decisions.Note("plan_unknown", claimed);
        }

        if (_named.Length == 0 && !plan.HasLimits)
        {
            exchange.Decisions.Note("plan", plan.Name);
            return new(PolicyOutcome.Skipped("no_limit"));
        }

        return _planKey is not null && plan.Concurrency is { } most && !TryEnter(exchange, plan, most)
            ? new(PolicyOutcome.Refuse(FaultKind.ConcurrencyExceeded))
            : AskFrom(exchange, plan, 0);
    }

    /// <inheritdoc/>
    public override void OnResponse(Exchange exchange)
    {
        if (exchange.Limits is { AreTold: false } charges)
        {
            charges.AreTold = true;
            RateLimitFields.Write(exchange.Response.Fields, charges.All);
        }
    }

    /// <inheritdoc/>
    public override void OnEnd(Exchange exchange)
    {
        if (_planKey is not null)
        {
            exchange.Limits?.Leave();
        }
    }

    // Rule zero: LINQ, because a chain is built once.
    private static RateLimit[] Named(PolicyBuild build, bool needsIdentity) =>
    [
        .. build.Options.RateLimit.Distinct()
            .Select(name => build.Limits.Find(name) ?? throw new InvalidOperationException($"no limit '{name}'")).Where(limit => limit.CountsRequests && limit.NeedsIdentity == needsIdentity),
    ];

    private bool TryEnter(Exchange exchange, Plan plan, int most)
    {
        var charges = exchange.Limits ??= new LimitCharges();
        var isEntered = charges.TryEnter(exchange, _planKey!, _limits.Hash, plan.UnderWay, most);
        Count(exchange, plan.Counts!, isEntered ? LimitOutcome.Allowed : LimitOutcome.Refused);
        if (!isEntered)
        {
            exchange.Decisions.Note("limit", plan.Counts!.Limit);
            exchange.Decisions.Note("plan", plan.Name);
            exchange.Decisions.Note("concurrency", most);
            Refuse(exchange, charges, plan.Counts.Limit, TimeSpan.Zero);
        }

        return isEntered;
    }

    private ValueTask<PolicyOutcome> AskFrom(Exchange exchange, Plan plan, int at)
    {
        while (At(plan, at++) is { } tier)
        {
            // In a rehearsal nobody is asked, only this process.
            if (at > _together && at < _named.Length && !exchange.IsRehearsal)
            {
                return AskTogether(exchange, plan, at - 1);
            }

            var asked = Ask(exchange, tier);
            if (!asked.IsCompletedSuccessfully)
            {
                return AwaitAsync(exchange, plan, at, asked);
            }

            if (JudgeLast(exchange, asked.Result) is { IsFinal: true } refusal)
            {
                return new(refusal);
            }
        }

        return new(PolicyOutcome.Allowed);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<PolicyOutcome> AwaitAsync(Exchange exchange, Plan plan, int next, ValueTask<LimitAnswer> asked)
    {
        var answer = await asked;
        await exchange.Loop;
        var outcome = JudgeLast(exchange, answer);
        if (exchange.GivenUp.Failed)
        {
            // The charge stays: who goes away in time would ask for nothing.
            return PolicyOutcome.Refuse(exchange.GivenUp);
        }

        return outcome.IsFinal ? outcome : await AskFrom(exchange, plan, next);
    }

    private ValueTask<PolicyOutcome> AskTogether(Exchange exchange, Plan plan, int at)
    {
        var charges = exchange.Limits ??= new LimitCharges();
        var first = charges.All.Length;
        var count = Math.Min(_named.Length - at, LimitAnswers.Most);
        for (var each = 0; each < count; each++)
        {
            charges.Prepare(exchange, _named[at + each].Of(plan), _limits.Hash, _cost);
        }

        var asked = charges.AskTogether(_limits.Store!, count);
        if (!asked.IsCompletedSuccessfully)
        {
            return AwaitTogetherAsync(exchange, plan, at, first, asked);
        }

        var answers = asked.Result;
        var outcome = JudgeTogether(exchange, first, answers);
        return outcome.IsFinal ? new(outcome) : AskFrom(exchange, plan, at + answers.Count);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<PolicyOutcome> AwaitTogetherAsync(Exchange exchange, Plan plan, int at, int first, ValueTask<LimitAnswers> asked)
    {
        var answers = await asked;
        await exchange.Loop;
        var outcome = JudgeTogether(exchange, first, answers);
        if (exchange.GivenUp.Failed)
        {
            // As above.
            return PolicyOutcome.Refuse(exchange.GivenUp);
        }

        return outcome.IsFinal ? outcome : await AskFrom(exchange, plan, at + answers.Count);
    }

    private PolicyOutcome JudgeTogether(Exchange exchange, int first, in LimitAnswers answers)
    {
        exchange.Limits!.Keep(first + answers.Count);
        var outcome = PolicyOutcome.Allowed;
        for (var at = 0; at < answers.Count; at++)
        {
            outcome = Judge(exchange, first + at, answers[at], answers[at].Allowed && answers.AreCharged);
        }

        return outcome;
    }

    private LimitTier? At(Plan plan, int at) =>
        at < _named.Length ? _named[at].Of(plan)
        : _planKey is not null && at - _named.Length < plan.Tiers.Length ? plan.Tiers[at - _named.Length]
        : null;

    private ValueTask<LimitAnswer> Ask(Exchange exchange, LimitTier tier) => (exchange.Limits ??= new LimitCharges()).Ask(exchange, tier, _limits.Hash, _cost);

    private PolicyOutcome JudgeLast(Exchange exchange, in LimitAnswer answer) => Judge(exchange, exchange.Limits!.All.Length - 1, answer, answer.Allowed && !exchange.IsRehearsal);

    private PolicyOutcome Judge(Exchange exchange, int at, in LimitAnswer answer, bool isCharged)
    {
        var charges = exchange.Limits!;
        var tier = charges.All[at].Tier;
        charges.Answer(at, answer, isCharged, _time.GetTimestamp());
        Note(exchange, charges.All[at]);
        if (answer.Allowed)
        {
            Count(exchange, tier.Counts, LimitOutcome.Allowed);
            return PolicyOutcome.Allowed;
        }

        Count(exchange, tier.Counts, answer.IsUnavailable ? LimitOutcome.Unavailable : LimitOutcome.Refused);
        Refuse(exchange, charges, tier.Counts.Limit, answer.Wait);
        return answer.IsUnavailable ? PolicyOutcome.Refuse(new Fault(FaultSide.Internal, FaultKind.LimitUnavailable))
            : PolicyOutcome.Refuse(tier.Limit.Spec.Rule.Quota is null ? FaultKind.RateLimited : FaultKind.QuotaExceeded);
    }

    private void Refuse(Exchange exchange, LimitCharges charges, string limit, TimeSpan wait)
    {
        charges.GiveBack(_time);
        charges.RefusedBy = limit;
        if (!_isShadow)
        {
            exchange.RetryAfterSeconds = (int)Math.Clamp(RateLimitFields.Seconds(wait), 1, int.MaxValue);
        }
    }

    private void Count(Exchange exchange, LimitCounts counts, LimitOutcome outcome)
    {
        if (!exchange.IsRehearsal)
        {
            counts.Count(exchange.Loop.Index, _isShadow && outcome != LimitOutcome.Allowed ? LimitOutcome.WouldRefuse : outcome);
        }
    }

    private static void Note(Exchange exchange, in LimitCharges.Charge charge)
    {
        var (decisions, tier, answer) = (exchange.Decisions, charge.Tier, charge.Answer);
        decisions.Note("limit", tier.Counts.Limit);
        decisions.Note("plan", tier.Counts.Plan.Length > 0 ? tier.Counts.Plan : null);
        decisions.Note("key", charge.Missing ?? tier.Key.Text);
        decisions.Note("remaining", answer.Remaining);
        if (!answer.Allowed)
        {
            decisions.Note("wait_s", RateLimitFields.Seconds(answer.Wait));
        }

        if (answer.IsAlone)
        {
            decisions.Note("store", "unavailable");
        }
    }
}
