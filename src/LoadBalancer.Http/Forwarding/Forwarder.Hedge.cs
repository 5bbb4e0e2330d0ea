using System.Runtime.CompilerServices;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <content>Two attempts at once, where the first is slow.</content>
internal sealed partial class Forwarder
{
    private bool IsHedged(Exchange exchange, ForwardWork work) =>
        retries.HedgeAfter is not null && work.MayRepeat && !exchange.Request.WantsWebSocket && work.CanReplay(exchange, wasAsked: true);

    /// <summary>Makes the attempt at hand, and another one beside it where it takes too long. The first good answer wins, and the other is broken off.</summary>
    /// <returns>How the one ended that is <see cref="ForwardWork.Attempt"/> afterwards.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> RaceAsync(Exchange exchange, ForwardWork work, Attempt first, ulong hashKey)
    {
        var race = work.Race;
        Attempt? second = null;
        (Attempt Attempt, Fault Fault)? earlier = null;
        try
        {
            race.Begin(retries.HedgeAfter!.Value);
            first.Run(RunAsync(exchange, work, first, hashKey));
            while (true)
            {
                if (await race.NextAsync() is not { } ended)
                {
                    if (IsHedgedLater(exchange, work, first, out var later))
                    {
                        race.Again(later);
                    }
                    else if (await MayHedgeAsync(exchange, work, first))
                    {
                        second = work.BeginRival();
                        second.Run(RunAsync(exchange, work, second, hashKey));
                    }

                    continue;
                }

                race.Close();
                var fault = await ended.EndAsync();
                ended.Answered();
                if (second is null)
                {
                    return fault;
                }

                if (earlier is { } before)
                {
                    // An answer is better than none, but not one that was broken off since: the other has committed, or nobody waits any more. And a fault of
                    // an endpoint says more than that there is no further one.
                    work.Earlier = null;
                    var (chosen, left) = (before.Fault.Failed && ended.Endpoint is not null) || !fault.Failed || before.Attempt.GaveUp.Failed
                        ? ((ended, fault), before) : (before, (ended, fault));
                    await LeaveAsync(exchange, work, chosen.Item1, left.Item1, left.Item2);
                    return chosen.Item2;
                }

                if (!fault.Failed && !retries.Watches(ended.Response.Status))
                {
                    var other = ended == first ? second : first;
                    if (other == first)
                    {
                        other.Outrun(time);
                    }

                    other.GiveUp(Unwanted);
                    await race.NextAsync();
                    await other.EndAsync();
                    await LeaveAsync(exchange, work, ended, other, Unwanted);
                    return fault;
                }

                earlier = (ended, fault);
                work.Earlier = fault.Failed ? null : ended;
                ended.Connection?.Relax();
            }
        }
        catch
        {
            // An error of this program ended one of them: the other must not outlive the exchange.
            first.GiveUp(Unwanted);
            second?.GiveUp(Unwanted);
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<Fault> RunAsync(Exchange exchange, ForwardWork work, Attempt attempt, ulong hashKey)
    {
        try
        {
            var fault = await _connector.ConnectAsync(exchange, work, attempt, hashKey);
            return fault.Failed ? fault : await AskAsync(exchange, work, attempt);
        }
        finally
        {
            work.Race.Tell(attempt);
        }
    }

    /// <summary>
    /// True where <paramref name="first"/> has had the whole request for less than a hedge waits, or has not got it yet: then, after
    /// <paramref name="later"/>, it is looked at again.
    /// </summary>
    private bool IsHedgedLater(Exchange exchange, ForwardWork work, Attempt first, out TimeSpan later)
    {
        later = retries.HedgeAfter!.Value;
        if (work.IsCommitted || work.GaveUp.Failed || first.GaveUp.Failed || !retries.MayHedge(work.Tries + 1) || !work.CanReplay(exchange, wasAsked: true))
        {
            return false;
        }

        if (first.Endpoint is null || first.WaitsForRoom || (_options.Host == UpstreamOptions.EndpointHost && first.Connection is not { IsSent: true })
            || (exchange.RequestBody is { } body && !(work.HasUpload && work.UploadHasEnded && body.IsAtEnd)))
        {
            return true;
        }

        later -= time.GetElapsedTime(Math.Max(first.Leased, work.BodyCame));
        return later > TimeSpan.Zero;
    }

    /// <summary>True where a second attempt may begin beside <paramref name="first"/>; then the body, if there is one, is ready for it.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<bool> MayHedgeAsync(Exchange exchange, ForwardWork work, Attempt first)
    {
        // Each endpoint has its own Host field, and the request has one: it has to be on its way before it is the next one's.
        if (work.IsCommitted || work.GaveUp.Failed || first.Endpoint is null || !retries.MayHedge(work.Tries + 1)
            || (_options.Host == UpstreamOptions.EndpointHost && first.Connection is not { IsSent: true }))
        {
            return false;
        }

        if (exchange.RequestBody is { } body)
        {
            if (!work.HasUpload || !work.UploadHasEnded || !body.IsAtEnd || !work.CanReplay(exchange, wasAsked: true))
            {
                return false;
            }

            first.SentWhole = await work.EndUploadAsync();
            work.Rewind();
        }

        work.Leave(first.Endpoint);
        return true;
    }

    /// <summary>Of two attempts that have ended <paramref name="chosen"/> counts, and the other does not.</summary>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder))]
    private async ValueTask LeaveAsync(Exchange exchange, ForwardWork work, Attempt chosen, Attempt other, Fault fault)
    {
        if (other == work.Rival && work.HasUpload)
        {
            // The body is all there, and nobody takes it any more: it ends at once.
            other.Connection?.Close();
            await work.EndUploadAsync();
        }

        if (chosen == work.Rival && chosen.Response.Status > 0 && !retries.Watches(chosen.Response.Status))
        {
            _responses.HedgeWon(exchange.Loop.Index);
        }

        if (other.Endpoint is { } left)
        {
            work.Leave(left);
        }

        if (!fault.Failed)
        {
            // It has answered, whether that is passed on or not.
            Count(work, other);
        }

        work.Choose(exchange, chosen);
        EndAttempt(exchange, work, other, fault);
    }
}
