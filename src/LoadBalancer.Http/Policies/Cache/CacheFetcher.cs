using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Policies.Cache;

/// <summary>
/// Stands before the action of a route with <c>cache</c>: what <see cref="CachePolicy"/> has not found, or not fresh, is asked for once, however many want it at the
/// same time (ADR 0030). Immutable wiring, thread-safe; each exchange on its loop.
/// </summary>
/// <remarks>
/// <code>
///   not found, ─► (1) stale, and may be used while it is asked for ─► answer it; ask in the background
///   not fresh     │
///                 ▼
///                 (2) somebody asks for it already ─── wait ─► kept: answer it · failed: so has this one · else look again, lead, or ask alone
///                 │ nobody, or alone
///                 ▼
///                 (3) ask, by the route's action ─► (4) what came of it is told to those who wait
///                     with what is kept, if it                304: what is kept is answered, and fresh again
///                     is the same still                       fault, 5xx: what is kept is answered, where it may be
/// </code>
/// The leader is an exchange as any other: its client gets the answer while it comes, and what it keeps those who wait get when it is whole.
/// </remarks>
internal sealed class CacheFetcher : HttpHandler
{
    /// <summary>Requests in the background that are under way on a loop, over all routes.</summary>
    public const int MostRefreshing = 256;

    // Whoever has looked so often, and found each time that it was something else, asks.
    private const int MostTurns = 4;

    // A request in the background that has failed is not made again at once.
    private static readonly TimeSpan RefreshPause = TimeSpan.FromSeconds(1);

    private readonly HttpHandler _action;
    private readonly CachePolicy _policy;
    private readonly HttpEngine _engine;
    private readonly TimeProvider _time;
    private readonly Action<Exception> _onBug;
    private readonly Action<Exchange> _onHead;
    private readonly long _pause;

    /// <summary>A route's.</summary>
    /// <param name="action">Who answers.</param>
    /// <param name="policy">What the route keeps.</param>
    /// <param name="engine">Where requests in the background live.</param>
    /// <param name="context">The clock of durations, and who hears of an error of this program.</param>
    public CacheFetcher(HttpHandler action, CachePolicy policy, HttpEngine engine, BuildContext context)
    {
        (_action, _policy, _engine, _time, _onBug, _onHead) = (action, policy, engine, context.Time, context.OnBug, policy.OnResponse);
        _pause = RefreshPause.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond;
    }

    /// <inheritdoc/>
    public override ValueTask<Fault> HandleAsync(Exchange exchange) =>
        exchange.Caching is { IsFetch: true } work ? FetchAsync(exchange, work) : _action.HandleAsync(exchange);

    /// <inheritdoc/>
    public override ValueTask<Fault> RehearseAsync(Exchange exchange, Rehearsal rehearsal) => _action.RehearseAsync(exchange, rehearsal);

    /// <summary>True where a fault says something about the endpoint, or the way to it, and nothing about who has asked: it would be the same for others.</summary>
    private static bool IsForAll(Fault fault) => fault.Side != FaultSide.Client && fault.Kind is not (FaultKind.Bug or FaultKind.ExchangeTimeout);

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> FetchAsync(Exchange exchange, CacheWork work)
    {
        // :: (1)
        var began = _time.GetTimestamp();
        if (work.IsShareable && work.Kept is { } stale && _policy.MayUseWhileAsking(exchange, stale, began))
        {
            Refresh(exchange, work, stale, began);
            return await AnswerAsync(exchange, work, stale, CacheLookup.StaleHit, began);
        }

        // What has to be asked about each time is asked about by each.
        var longest = work.IsShareable && work.Kept is not { Lifetime: 0 } && !exchange.GivenUp.Failed ? _policy.Coalesce : TimeSpan.Zero;
        for (var turn = 0; turn < MostTurns && longest > TimeSpan.Zero; turn++)
        {
            // :: (2)
            var end = work.Join(exchange, _time.GetTimestamp(), out var wait);
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
                    return await FailAsync(exchange, work, wait.Fault, CacheLookup.Collapsed);
                }
            }

            if (end is FetchEnd.Alone or FetchEnd.Late)
            {
                break;
            }

            // Between looking and joining, and while it waited, somebody else may have kept it; and what was kept need not have stayed in the store.
            var now = _time.GetTimestamp();
            var found = end == FetchEnd.Kept && _policy.MayShare(exchange, wait!.Response!, now) ? wait.Response : _policy.Find(exchange, work, now, counts: false);
            if (found is not null)
            {
                work.Release();
                return await AnswerAsync(exchange, work, found, wait is null ? CacheLookup.Hit : CacheLookup.Collapsed, now);
            }

            if (end == FetchEnd.Lead)
            {
                break;
            }

            longest = _policy.Coalesce - _time.GetElapsedTime(began);
        }

        // :: (3)
        var fault = await AskAsync(exchange, work);

        // :: (4)
        if (!fault.Failed && work.WithheldStatus == 304)
        {
            _policy.Freshen(exchange, work, _time.GetTimestamp());
            return await OwnResponse.SendAsync(exchange);
        }

        Tell(work, fault);
        return fault.Failed && !exchange.Carrier.HasStarted ? await FailAsync(exchange, work, fault, work.Lookup) : fault;
    }

    /// <summary>Asks for it, or whether what is kept is still the same.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> AskAsync(Exchange exchange, CacheWork work)
    {
        var (fields, now) = (exchange.Request.Fields, _time.GetTimestamp());
        var spares = work.Kept is { } kept && _policy.MayUseOnError(exchange, kept, now);
        work.BeginAsking(fields, now, validates: exchange.Request.Method == RequestMethod.Get && work.Kept is { } same && !_policy.IsGivenUp(same), spares);
        var fault = await _action.HandleAsync(exchange);
        work.EndAsking(fields);
        if (!fault.Failed && work.WithheldStatus == 304 && (!Revalidation.IsAbout(exchange.Response, work.Kept!) || _policy.IsGivenUp(work.Kept!)))
        {
            // It is about what lb does not have, or what an operator has given up meanwhile: that it is as it was does not help.
            exchange.Response.Reset();
            work.BeginAsking(fields, _time.GetTimestamp(), validates: false, spares);
            fault = await _action.HandleAsync(exchange);
            work.EndAsking(fields);
        }

        return fault;
    }

    /// <summary>Tells those who wait what came of asking, where nothing else has told them yet.</summary>
    private void Tell(CacheWork work, Fault fault)
    {
        if (!fault.Failed)
        {
            work.Refuse(_time.GetTimestamp());
        }
        else if (IsForAll(fault))
        {
            work.Fail(fault);
        }
        else
        {
            work.PassOn();
        }
    }

    private ValueTask<Fault> AnswerAsync(Exchange exchange, CacheWork work, CachedResponse found, CacheLookup lookup, long now)
    {
        exchange.Response.Reset();
        _policy.Answer(exchange, work, found, lookup, now);
        return OwnResponse.SendAsync(exchange);
    }

    /// <summary>Answers what is kept in place of a fault, where it may.</summary>
    private ValueTask<Fault> FailAsync(Exchange exchange, CacheWork work, Fault fault, CacheLookup lookup)
    {
        var now = _time.GetTimestamp();
        if (fault.Side != FaultSide.Client && fault.Kind != FaultKind.Bug && work.Kept is { } kept && _policy.MayUseOnError(exchange, kept, now))
        {
            work.Failure = fault;
            return AnswerAsync(exchange, work, kept, CacheLookup.StaleOnError, now);
        }

        work.Pass(lookup);
        return new(fault);
    }

    /// <summary>Asks in the background for what is stale, as the exchange would: whatever comes is kept, if it may be, and nobody else gets it.</summary>
    private void Refresh(Exchange exchange, CacheWork work, CachedResponse stale, long now)
    {
        var loop = _engine.On(exchange.Loop);
        if (now < stale.RefreshAt || loop.Refreshing.Count >= MostRefreshing)
        {
            return;
        }

        var copy = loop.Exchanges.Rent();
        copy.CopyFrom(exchange);
        var asks = copy.Caching ??= new();
        if (!asks.TryRefresh(work, copy.Request.Fields, now))
        {
            loop.Exchanges.Return(copy);
            return;
        }

        loop.Refreshing.Add(copy);
        copy.Route = exchange.Route;
        copy.Began = now;
        copy.Carrier = new NoCarrier(_onHead, () => asks.IsKeeping);
        _ = RefreshAsync(loop, copy, asks, stale);
    }

    private async Task RefreshAsync(HttpLoop loop, Exchange copy, CacheWork work, CachedResponse stale)
    {
        try
        {
            copy.BeginTimeout(_policy.RefreshTime);
            var fault = await AskAsync(copy, work);
            var isSame = !fault.Failed && work.WithheldStatus == 304;
            var hasFailed = fault.Failed || !(isSame || StoragePlan.IsKept(copy.Response.Status));
            if (hasFailed)
            {
                stale.RefreshAt = _time.GetTimestamp() + _pause;
            }

            if (isSame)
            {
                _policy.Freshen(copy, work, _time.GetTimestamp());
            }

            Tell(work, fault);
            copy.Route!.Metrics?.Cached(copy.Loop.Index, hasFailed ? CacheLookup.RefreshFailed : CacheLookup.Refreshed, 0);
        }
        catch (Exception error)
        {
            _onBug(error);
        }
        finally
        {
            copy.Loop.AssertInLoop();
            copy.EndTimeout();
            loop.Refreshing.Remove(copy);
            loop.Exchanges.Return(copy);
        }
    }
}
