using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.SharedLimits;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>
/// The store as one instance sees it: the real scripts in a real server, with a way there and back that takes as long as a test says, in simulated
/// time, and may lose what is sent or what is answered.
/// </summary>
internal sealed class SimulatedLeaseStore : ILeaseStore
{
    /// <summary>How long an answer is waited for.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(50);

    private readonly ScriptServer _server;
    private readonly ManualTime _time;
    private readonly string _digest;
    private readonly object[] _rule;

    /// <summary>A store for a rule.</summary>
    public SimulatedLeaseStore(ScriptServer server, ManualTime time, LimitRule rule)
    {
        (_server, _time) = (server, time);
        _digest = server.Load((rule.Quota is not null ? LeasedQuotaScript.Script : rule.Burst > 0 ? LeasedBucketScript.Script : LeasedWindowScript.Script).Text);
        _rule = rule.Quota is { } quota
            ? [quota.Count, quota.Period == QuotaPeriod.Day ? "day" : "month", 0, LeaseTerms.Of(rule).TotalMicroseconds]
            : [rule.Rate!.Value.Count, rule.Rate.Value.Window.TotalMicroseconds, rule.Burst, LeaseTerms.Of(rule).TotalMicroseconds];
    }

    /// <summary>How long the way takes, there or back; more than <see cref="Deadline"/> for never.</summary>
    public Func<TimeSpan> Way { get; set; } = () => TimeSpan.Zero;

    /// <summary>True where nothing can be sent, and that is known at once.</summary>
    public bool IsAway { get; set; }

    /// <summary>Every question that was asked.</summary>
    public List<LeaseRequest> Asked { get; } = [];

    /// <inheritdoc/>
    public ValueTask<LeaseReply> AskAsync(in LeaseRequest request)
    {
        if (IsAway)
        {
            return new(new LeaseReply { IsUnsent = true });
        }

        Asked.Add(request);
        var (asked, there, back) = (request, Way(), Way());
        if (there + back == TimeSpan.Zero)
        {
            return new(Run(asked));
        }

        var reply = new TaskCompletionSource<LeaseReply>();
        After(Deadline, () => reply.TrySetResult(default));
        if (there <= Deadline)
        {
            After(there, () =>
            {
                var ran = Run(asked);
                After(back, () => reply.TrySetResult(ran));
            });
        }

        return new(reply.Task);
    }

    private void After(TimeSpan delay, Action then)
    {
        if (delay == TimeSpan.Zero)
        {
            then();
            return;
        }

        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                timer!.Dispose();
                then();
            },
            null,
            delay,
            Timeout.InfiniteTimeSpan);
    }

    private LeaseReply Run(LeaseRequest request)
    {
        var now = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var answer = _server.Call(
            _digest, Encoding.UTF8.GetString(request.Key.Span), [.. _rule, request.Cost, request.Want, request.Back, request.Mark, now / 1_000_000, now % 1_000_000]);
        return new LeaseReply(answer[0], answer[1], answer[2], answer[3], answer[4], answer[5]);
    }
}
