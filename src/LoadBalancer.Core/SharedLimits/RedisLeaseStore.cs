using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.SharedLimits;

/// <summary>Leases of one limit from Redis, by one script for each question. Thread-safe.</summary>
internal sealed class RedisLeaseStore : ILeaseStore
{
    private const int ReplyLength = 6;

    // The numbers after the key, and how long a rule's first three may be.
    private const int Numbers = 8;
    private const int LongestNumber = 20;

    private readonly RedisLimitStore _store;
    private readonly RedisScript _script;
    private readonly long _count;
    private readonly byte[] _period;
    private readonly long _burst;
    private readonly long _length;

    /// <summary>Leases of a limit.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="store">Where it is counted.</param>
    public RedisLeaseStore(LimitSpec spec, RedisLimitStore store)
    {
        _store = store;
        (_script, var period) = spec.Rule switch
        {
            { Quota: { } quota } => (LeasedQuotaScript.Script, quota.Period == QuotaPeriod.Day ? "day" : "month"),
            { Burst: > 0 } => (LeasedBucketScript.Script, null),
            _ => (LeasedWindowScript.Script, null),
        };
        _count = spec.Rule.Quota?.Count ?? spec.Rule.Rate!.Value.Count;
        _period = Encoding.ASCII.GetBytes(period ?? FormattableString.Invariant($"{spec.Rule.Rate!.Value.Window.Ticks / TimeSpan.TicksPerMicrosecond}"));
        _burst = spec.Rule.Burst;
        _length = LeaseTerms.Of(spec.Rule).Ticks / TimeSpan.TicksPerMicrosecond;
    }

    /// <inheritdoc/>
    public ValueTask<LeaseReply> AskAsync(in LeaseRequest request)
    {
        if (EventLoop.Current is not { } loop || !_store.Serves(loop))
        {
            return AskElsewhereAsync(request);
        }

        var reply = Send(loop, request);
        return reply.IsCompletedSuccessfully ? new(Of(reply.Result)) : AwaitAsync(reply);
    }

    private ValueTask<RedisReply> Send(EventLoop loop, in LeaseRequest request)
    {
        Span<byte> room = stackalloc byte[RedisCommand.RoomFor(request.Key.Length) + (Numbers * RedisCommand.RoomFor(LongestNumber))];
        var command = new RedisCommand(_script, room);
        command.Add(request.Key.Span);
        command.Add(_count);
        command.Add(_period);
        command.Add(_burst);
        command.Add(_length);
        command.Add(request.Cost);
        command.Add(request.Want);
        command.Add(request.Back);
        command.Add(request.Mark);
        return _store.Client.SendAsync(loop, command);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<LeaseReply> AwaitAsync(ValueTask<RedisReply> reply) => Of(await reply);

    /// <summary>On no loop of the store's, as when leases end: there and back.</summary>
    private async ValueTask<LeaseReply> AskElsewhereAsync(LeaseRequest request)
    {
        var done = new TaskCompletionSource<LeaseReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.Loop.Post(async _ => done.SetResult(await AskAsync(request)), null);
        return await done.Task;
    }

    // An error of the server is as good as no answer.
    private static LeaseReply Of(in RedisReply reply) => reply.Kind != RedisReplyKind.List || reply.Count != ReplyLength
        ? new LeaseReply { IsUnsent = reply.IsUndone }
        : new LeaseReply(reply[0].Number, reply[1].Number, reply[2].Number, reply[3].Number, reply[4].Number, reply[5].Number);
}
