// One file, because the few steps of a lease (taken, renewed, given back, offered again) act on one cell, and are right only together.
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A limit that instances share by leasing from it: each takes some ahead for the callers that it sees, as many as it lately needed, and decides by
/// itself while it has any. What is leased is charged when it is leased, so all instances together never allow more than the limit (ADR 0024).
/// </summary>
/// <remarks>
/// <code>
///   request ─► leased? ───────────────────────────────► allowed, and asks for more ahead where little is left
///                 │ no
///                 ├─► refused a moment ago? ───────────► refused
///                 │ no
///                 └─► the store: charges the request, and leases for the next ones ─► allowed, refused
///                                                    └─ no answer ─► what the file wants then
///   leases that are over, with something left ─► back to the store, again and again while it cannot be asked
/// </code>
/// The store leases at most an eighth of what is left, so near the limit there are no leases, and it is asked for each request. A refusal is
/// remembered for <see cref="RefusalMemory"/>, at most until as much is free again: whoever is refused costs the store nothing. Callers are kept there as
/// <see cref="ExactLimit"/> keeps them; a rate's under keys of their own, since it is kept otherwise there.
/// Thread-safe; while something is leased a check takes no lock, waits for nobody and allocates nothing.
/// </remarks>
internal sealed class LeasedLimit : KeyedLimit
{
    // A request's charge may be given back so long after it: other limits of the same request are asked meanwhile.
    private const long RequestSlackMs = 1000;
    private const int MostAtOnce = 64;
    private const long RefusalMemoryMs = 1000;

    // While the store cannot be asked, what is to go back is not offered with every lease that ends.
    private const long RetryMs = 1000;

    private readonly ILeaseStore _store;
    private readonly KeyedLimit? _alone;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly long _perMillisecond;
    private readonly long _length;
    private readonly StoredKey _keys;
    private readonly LeaseTable _cells = new();
    private readonly ConcurrentQueue<LeaseCell> _line = new();
    private readonly ITimer _ends;
    private int _isTimed;
    private bool _isClosed;
    private long _retryAt;
    private long _asked;
    private long _leases;
    private long _leased;
    private long _returned;

    /// <summary>A limit.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="store">Where it is counted.</param>
    /// <param name="alone">What counts in this process while the store does not answer; null where it is not to.</param>
    /// <param name="time">The clock, of which only differences matter.</param>
    public LeasedLimit(LimitSpec spec, ILeaseStore store, KeyedLimit? alone, TimeProvider time)
        : base(spec)
    {
        (_store, _alone, _time, _began) = (store, alone, time, time.GetTimestamp());
        _perMillisecond = time.TimestampFrequency / 1000;
        _length = (long)LeaseTerms.Of(spec.Rule).TotalMilliseconds;

        // Of a quota the same as those of an exact one, which goes on with them.
        _keys = new StoredKey(spec, spec.Rule switch
        {
            { Quota.Period: QuotaPeriod.Day } => "qd",
            { Quota: not null } => "qm",
            { Burst: > 0 } => "lb",
            _ => "lw",
        });
        _ends = time.CreateTimer(static limit => ((LeasedLimit)limit!).EndLeases(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How long a refusal is remembered at most.</summary>
    public static TimeSpan RefusalMemory { get; } = TimeSpan.FromMilliseconds(RefusalMemoryMs);

    /// <inheritdoc/>
    public override long Keys => _cells.Count;

    /// <summary>How often the store was asked.</summary>
    public long Asked => Interlocked.Read(ref _asked);

    /// <summary>How many leases it granted.</summary>
    public long Leases => Interlocked.Read(ref _leases);

    /// <summary>How many requests they were for.</summary>
    public long Leased => Interlocked.Read(ref _leased);

    /// <summary>How many of those were given back unused.</summary>
    public long Returned => Interlocked.Read(ref _returned);

    /// <summary>How many are leased now and not used: what other instances cannot have.</summary>
    public long Held
    {
        get
        {
            var (held, now) = (0L, Now);
            foreach (var cell in _cells.Cells)
            {
                held += cell?.HeldAt(now) ?? 0;
            }

            return held;
        }
    }

    private long Now => (_time.GetTimestamp() - _began) / _perMillisecond;

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost)
    {
        var now = Now;
        var cell = _cells.Find(key.Number);
        if (cell is null)
        {
            return AskAsync(Add(key, now), cost, now);
        }

        if (cell.TryTake(cost, now))
        {
            var held = cell.HeldAt(now);
            var answer = cell.Allowed(held, now);
            if (cell.IsLow(held, now))
            {
                Renew(cell, now);
            }

            return new(answer);
        }

        return cell.IsRefused(cost, now) ? new(cell.Refused(now)) : AskAsync(cell, cost, now);
    }

    /// <inheritdoc/>
    /// <remarks>Of a caller for whom nothing is leased this process knows what the store said last, if it ever asked.</remarks>
    public override LimitAnswer Peek(in LimitKey key, int cost)
    {
        var now = Now;
        if (_cells.Find(key.Number) is not { } cell)
        {
            return new(cost <= Spec.Rule.Most, Spec.Rule.Most, TimeSpan.Zero, TimeSpan.Zero);
        }

        return cell.IsAlone && _alone is not null ? _alone.Peek(key, cost) with { IsAlone = true }
            : cell.IsRefused(cost, now) && cell.HeldAt(now) < cost ? cell.Refused(now)
            : cell.Allowed(cell.HeldAt(now), now);
    }

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost)
    {
        if (_cells.Find(key.Number) is not { } cell)
        {
            return;
        }

        cell.Return(cost, Now);
        StandInLine(cell);
    }

    /// <inheritdoc/>
    public override void ReturnAlone(in LimitKey key, int cost) => _alone?.Return(key, cost);

    /// <summary>Gives all leases back and takes no more, before the process ends; where the store does not answer, they end there by themselves.</summary>
    public async Task CloseAsync()
    {
        Volatile.Write(ref _isClosed, true);
        var sent = new List<Task<bool>>();
        foreach (var cell in _cells.Cells.ToArray())
        {
            if (cell is null || GiveBack(cell, long.MaxValue) is not { } request)
            {
                continue;
            }

            sent.Add(SendAsync(cell, request));
            if (sent.Count == MostAtOnce)
            {
                if (Array.IndexOf(await Task.WhenAll(sent).ConfigureAwait(false), false) >= 0)
                {
                    break;
                }

                sent.Clear();
            }
        }

        await Task.WhenAll(sent).ConfigureAwait(false);
        await _ends.DisposeAsync().ConfigureAwait(false);
    }

    private LeaseCell Add(in LimitKey key, long now)
    {
        var name = new byte[_keys.Length];
        _keys.Write(key.Text, name);
        var cell = _cells.GetOrAdd(new LeaseCell(key.Number, key.Text.ToArray(), name), now, out var evicted);
        if (evicted is not null && GiveBack(evicted, long.MaxValue) is { } request)
        {
            _ = SendAsync(evicted, request);
        }

        return cell;
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<LimitAnswer> AskAsync(LeaseCell cell, int cost, long sent)
    {
        // One at a time leases, however many ask.
        var leases = cell.TryBegin();
        var request = leases ? Request(cell, cost, sent) : new LeaseRequest(cell.Key, cost, 0, 0, 0);
        var reply = await _store.AskAsync(request).ConfigureAwait(false);
        Settle(cell, request, reply, sent, leases);
        if (!reply.IsGood)
        {
            return await DecideAlone(cell, cost).ConfigureAwait(false);
        }

        if (reply.IsAllowed)
        {
            return cell.Allowed(cell.HeldAt(sent), sent);
        }

        var now = Now;
        cell.Refuse(cost, now + Math.Min(RefusalMemoryMs, reply.WaitUs / 1000));
        return cell.Refused(now);
    }

    private void Renew(LeaseCell cell, long now)
    {
        if (!cell.TryBegin())
        {
            return;
        }

        if (cell.HasRoom(now))
        {
            var request = Request(cell, 0, now);
            if (request.Want > 0 || request.Back > 0)
            {
                _ = RenewAsync(cell, request, now);
                return;
            }

            cell.Rest();
        }

        LayDownPen(cell);
    }

    private async Task RenewAsync(LeaseCell cell, LeaseRequest request, long sent) =>
        Settle(cell, request, await _store.AskAsync(request).ConfigureAwait(false), sent, leases: true);

    private LeaseRequest Request(LeaseCell cell, int cost, long now)
    {
        var used = Tell(cell);
        var want = _length == 0 || Volatile.Read(ref _isClosed) ? 0 : cell.Demand(used, _length, now);
        var back = cell.TakeBack(now, _length + RequestSlackMs, out var mark);
        return new LeaseRequest(cell.Key, cost, want, back, back > 0 ? mark : 0);
    }

    /// <summary>Lets whoever counts in the store's place know what was used, so that an outage gives nobody a second limit.</summary>
    private long Tell(LeaseCell cell)
    {
        var used = cell.TakeUsed();
        if (used > 0 && _alone is not null)
        {
            // Completed already: nothing else is asked there.
            _ = _alone.TakeAsync(cell.Caller, (int)Math.Min(used, int.MaxValue)).AsTask();
        }

        return used;
    }

    private void Settle(LeaseCell cell, in LeaseRequest request, in LeaseReply reply, long sent, bool leases)
    {
        Interlocked.Increment(ref _asked);
        if (!reply.IsGood)
        {
            cell.IsAlone = true;
        }
        else
        {
            var now = Now;
            cell.Hear(reply, request.Cost, now);
            if (leases)
            {
                cell.Begin(reply, sent, now);
            }

            if (reply.Granted > 0)
            {
                Interlocked.Increment(ref _leases);
                Interlocked.Add(ref _leased, reply.Granted);
            }
        }

        if (leases)
        {
            End(cell, request, reply);
        }
    }

    /// <summary>Ends a question that was asked with the pen.</summary>
    private void End(LeaseCell cell, in LeaseRequest request, in LeaseReply reply)
    {
        if (reply.IsUnsent)
        {
            cell.Keep(request.Back, request.Mark);
            Volatile.Write(ref _retryAt, Now + RetryMs);
        }
        else
        {
            Interlocked.Add(ref _returned, request.Back);
        }

        LayDownPen(cell);
    }

    /// <summary>Lays down the pen. Who found it taken when a lease ended has left that to whoever had it, so the cell stands in line again with anything that it has.</summary>
    private void LayDownPen(LeaseCell cell)
    {
        var hasAny = cell.HasAny;
        cell.End();
        if (hasAny)
        {
            StandInLine(cell);
        }
    }

    private ValueTask<LimitAnswer> DecideAlone(LeaseCell cell, int cost) => Spec.OnFailure switch
    {
        StoreFailure.Local when _alone is not null => CountAloneAsync(cell, cost),
        StoreFailure.Deny => new(new LimitAnswer(false, 0, ExactLimit.UnavailableWait, TimeSpan.Zero) { IsUnavailable = true }),
        _ => new(new LimitAnswer(true, Spec.Rule.Most, TimeSpan.Zero, TimeSpan.Zero) { IsAlone = true }),
    };

    private async ValueTask<LimitAnswer> CountAloneAsync(LeaseCell cell, int cost) => (await _alone!.TakeAsync(cell.Caller, cost).ConfigureAwait(false)) with { IsAlone = true };

    /// <summary>What a caller gives back; null for nothing, else the pen is held until <see cref="SendAsync"/> has done it.</summary>
    private LeaseRequest? GiveBack(LeaseCell cell, long now)
    {
        // Where another asks for it, what it has is used or comes back with the next request, or is over in a moment.
        if (!cell.TryBegin())
        {
            return null;
        }

        Tell(cell);
        var back = cell.TakeBack(now, _length + RequestSlackMs, out var mark);
        if (back > 0)
        {
            return new LeaseRequest(cell.Key, 0, 0, back, mark);
        }

        LayDownPen(cell);
        return null;
    }

    private async Task<bool> SendAsync(LeaseCell cell, LeaseRequest request)
    {
        var reply = await _store.AskAsync(request).ConfigureAwait(false);
        End(cell, request, reply);
        return reply.IsGood;
    }

    private void StandInLine(LeaseCell cell)
    {
        if (!Volatile.Read(ref _isClosed) && cell.TryStandInLine())
        {
            _line.Enqueue(cell);
            Time();
        }
    }

    private void Time()
    {
        if (Interlocked.Exchange(ref _isTimed, 1) == 0)
        {
            _ends.Change(TimeSpan.FromMilliseconds(Math.Max(Math.Max(_length, 1), Volatile.Read(ref _retryAt) - Now)), Timeout.InfiniteTimeSpan);
        }
    }

    private void EndLeases()
    {
        var now = Now;
        for (var left = _line.Count; left > 0 && _line.TryDequeue(out var cell); left--)
        {
            if (cell.EndsAt > now)
            {
                _line.Enqueue(cell);
                continue;
            }

            cell.LeaveLine();
            if (GiveBack(cell, now) is { } request)
            {
                _ = SendAsync(cell, request);
            }
        }

        Volatile.Write(ref _isTimed, 0);
        if (!_line.IsEmpty)
        {
            Time();
        }
    }
}
