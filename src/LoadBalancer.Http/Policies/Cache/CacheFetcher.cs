using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies.Cache;

/// <summary>
/// Stands before the action of a route with <c>cache</c>: what <see cref="CachePolicy"/> has not found is asked for once, however many want it at the same time
/// (ADR 0030). Immutable wiring, thread-safe; each exchange on its loop.
/// </summary>
/// <remarks>
/// <code>
///   not found ─► (1) somebody asks for it already ─── wait ─► kept: answer it · failed: so has this one · else look again, lead, or ask alone
///                       │ nobody, or alone
///                       ▼
///                (2) ask, by the route's action ─► (3) what came of it is told to those who wait
/// </code>
/// The leader is an exchange as any other: its client gets the answer while it comes, and what it keeps those who wait get when it is whole.
/// </remarks>
/// <param name="action">Who answers.</param>
/// <param name="policy">What the route keeps.</param>
/// <param name="time">The clock of durations.</param>
internal sealed class CacheFetcher(HttpHandler action, CachePolicy policy, TimeProvider time) : HttpHandler
{
    // Whoever has looked so often, and found each time that it was something else, asks.
    private const int MostTurns = 4;

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange) =>
        exchange.Caching is { IsFetch: true } work ? FetchAsync(exchange, work) : action.HandleAsync(exchange);

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal) => action.RehearseAsync(exchange, rehearsal);

    /// <summary>True where a fault says something about the endpoint, or the way to it, and nothing about who has asked: it would be the same for others.</summary>
    private static bool IsForAll(Fault fault) => fault.Side != FaultSide.Client && fault.Kind is not (FaultKind.Bug or FaultKind.ExchangeTimeout);

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> FetchAsync(Exchange exchange, CacheWork work)
    {
        var began = time.GetTimestamp();
        var longest = work.IsShareable && !exchange.GivenUp.Failed ? policy.Coalesce!.Value : TimeSpan.Zero;
        for (var turn = 0; turn < MostTurns && longest > TimeSpan.Zero; turn++)
        {
            // :: (1)
            var end = work.Join(exchange, time.GetTimestamp(), out var wait);
            if (wait is not null)
            {
                exchange.Pending = wait;
                end = await wait.EndAsync(longest);
                exchange.Pending = null;
                if (end == FetchEnd.Lead)
                {
                    work.Lead(wait.Fetch);
                }

                if (exchange.GivenUp.Failed)
                {
                    work.PassOn();
                    return exchange.GivenUp;
                }

                if (end == FetchEnd.Failed)
                {
                    work.Pass(CacheLookup.Collapsed);
                    return wait.Fault;
                }
            }

            if (end is FetchEnd.Alone or FetchEnd.Late)
            {
                break;
            }

            // Between looking and joining, and while it waited, somebody else may have kept it; and what was kept need not have stayed in the store.
            var now = time.GetTimestamp();
            var found = end == FetchEnd.Kept && policy.IsCurrent(exchange, wait!.Response!) && !policy.IsGivenUp(wait.Response!) ? wait.Response : policy.Find(exchange, work, now, counts: false);
            if (found is not null)
            {
                work.Release();
                policy.Answer(exchange, work, found, wait is null ? CacheLookup.Hit : CacheLookup.Collapsed, now);
                return await OwnResponse.SendAsync(exchange);
            }

            if (end == FetchEnd.Lead)
            {
                break;
            }

            longest = policy.Coalesce!.Value - time.GetElapsedTime(began);
        }

        // :: (2)
        work.Ask(time.GetTimestamp());
        var fault = await action.HandleAsync(exchange);

        // :: (3)
        if (!fault.Failed)
        {
            work.Refuse(time.GetTimestamp());
        }
        else if (IsForAll(fault))
        {
            work.Fail(fault);
        }
        else
        {
            work.PassOn();
        }

        return fault;
    }
}
