using System.Runtime.CompilerServices;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// The Redis in which instances count together, whichever it is at the moment: limits keep their objects when the file names another. Thread-safe.
/// </summary>
internal sealed class RedisLimitStore : LimitStore
{
    private readonly EventLoop[] _loops;
    private readonly Live<RedisClient> _client;

    // A limit that the file has no longer is nobody's: its leases end by themselves.
    private readonly List<WeakReference<LeasedLimit>> _leased = [];

    /// <summary>A store that is asked through <paramref name="client"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="loops">Who asks.</param>
    public RedisLimitStore(RedisClient client, ReadOnlySpan<EventLoop> loops)
    {
        _client = new Live<RedisClient>(client);
        _loops = loops.ToArray();
    }

    /// <summary>Whom it asks. Read it for each command.</summary>
    public RedisClient Client => _client.Current;

    /// <summary>A loop for those who are on none.</summary>
    public EventLoop Loop => _loops[0];

    /// <summary>True where the loop is one of those that ask.</summary>
    public bool Serves(EventLoop loop) => (uint)loop.Index < (uint)_loops.Length && _loops[loop.Index] == loop;

    /// <summary>Asks another from here on; what was asked of the one before is still answered.</summary>
    public Task UseAsync(RedisClient next) => _client.Swap(next).CloseAsync();

    /// <inheritdoc/>
    public override KeyedLimit Create(LimitSpec spec, KeyedLimit? alone, TimeProvider time)
    {
        if (spec.Mode != LimitMode.Leased)
        {
            return new ExactLimit(spec, this, alone);
        }

        var limit = new LeasedLimit(spec, new RedisLeaseStore(spec, this), alone, time);

        // Rule zero: a lock, because this runs when a configuration is loaded.
        lock (_leased)
        {
            _leased.RemoveAll(static each => !each.TryGetTarget(out _));
            _leased.Add(new WeakReference<LeasedLimit>(limit));
        }

        return limit;
    }

    /// <inheritdoc/>
    /// <remarks>One script call; in a cluster for those whose keys are in the slot of the first. Where Redis does not answer, each decides as the file wants it.</remarks>
    public override ValueTask<LimitAnswers> TakeAsync(ReadOnlyMemory<LimitQuestion> asked)
    {
        if (EventLoop.Current is not { } loop || !Serves(loop))
        {
            return TakeElsewhereAsync(asked);
        }

        var client = Client;
        var together = client.Options.Cluster ? asked[..JointCharge.OfOneSlot(asked.Span)] : asked;
        var reply = JointCharge.SendAsync(client, loop, together.Span);
        return reply.IsCompletedSuccessfully ? new(JointCharge.Decide(reply.Result, together.Span)) : AwaitAsync(reply, together);
    }

    /// <summary>Gives back what is leased, and asks nothing more.</summary>
    public async Task CloseAsync()
    {
        WeakReference<LeasedLimit>[] leased;

        // Rule zero: a lock, because this runs when the process ends.
        lock (_leased)
        {
            leased = [.. _leased];
        }

        foreach (var each in leased)
        {
            if (each.TryGetTarget(out var limit))
            {
                await limit.CloseAsync();
            }
        }

        await Client.CloseAsync();
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private static async ValueTask<LimitAnswers> AwaitAsync(ValueTask<RedisReply> reply, ReadOnlyMemory<LimitQuestion> asked) => JointCharge.Decide(await reply, asked.Span);

    /// <summary>On no loop of the store's: there and back.</summary>
    private async ValueTask<LimitAnswers> TakeElsewhereAsync(ReadOnlyMemory<LimitQuestion> asked)
    {
        var done = new TaskCompletionSource<LimitAnswers>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(async _ => done.SetResult(await TakeAsync(asked)), null);
        return await done.Task;
    }
}
