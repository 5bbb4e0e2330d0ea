using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Limits;
using LoadBalancer.Redis;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.SharedLimits;

/// <summary>
/// A limit that instances count together, by one script for each request: exact, whatever they do, at the price of a way to the store and back. Its
/// clock is the store's (ADR 0023). Thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The key in the store is <c>lb:NAME:PLAN:HASH:KIND</c>: who called cannot be read there. The answer of every script is a list of four numbers: 1 where
/// it is allowed, what is left, and how long until it would be and until all is there again, in microseconds.
/// </para>
/// <para>
/// Where it counts alone while the store is away, it counts along beside the store too: an outage gives no caller a second limit of the same instance.
/// What was counted alone is not carried to the store afterwards.
/// </para>
/// </remarks>
internal sealed class ExactLimit : KeyedLimit
{
    /// <summary>How long a caller is told to wait who is refused because the store is away.</summary>
    public static readonly TimeSpan UnavailableWait = TimeSpan.FromSeconds(1);

    private const int HashBytes = 16;

    // Four words of numbers, and the key.
    private const int RoomForNumbers = 4 * 40;

    private readonly RedisLimitStore _store;
    private readonly KeyedLimit? _alone;
    private readonly RedisScript _script;
    private readonly byte[] _prefix;
    private readonly byte[] _suffix;
    private readonly byte[] _window;
    private readonly long _count;
    private readonly int _room;

    /// <summary>A limit.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="store">Where it is counted.</param>
    /// <param name="alone">What counts in this process while the store does not answer; null where the limit does not want that.</param>
    public ExactLimit(LimitSpec spec, RedisLimitStore store, KeyedLimit? alone)
        : base(spec)
    {
        (_store, _alone) = (store, alone);
        var microseconds = (long)((spec.Rule.Rate?.Window.TotalSeconds ?? 0) * 1_000_000);
        (_script, var kind, var window) = spec.Rule switch
        {
            { Quota.Period: QuotaPeriod.Day } => (ExactQuotaScript.Script, "qd", "day"),
            { Quota: not null } => (ExactQuotaScript.Script, "qm", "month"),
            { Burst: > 0 } => (ExactBucketScript.Script, "b", null),
            { Rate.Count: <= ExactWindowScript.MostCount } => (ExactWindowScript.Script, "w", null),

            // Slices of another window have other numbers.
            _ => (ExactSlicesScript.Script, string.Create(CultureInfo.InvariantCulture, $"s{microseconds / 1_000_000}"), null),
        };
        _count = spec.Rule.Quota?.Count ?? spec.Rule.Rate!.Value.Count;
        _window = Encoding.ASCII.GetBytes(window ?? microseconds.ToString(CultureInfo.InvariantCulture));
        _prefix = Encoding.UTF8.GetBytes($"lb:{spec.Name}:{spec.Plan}:");
        _suffix = Encoding.ASCII.GetBytes($":{kind}");
        _room = RedisCommand.RoomFor(_prefix.Length + (2 * HashBytes) + _suffix.Length) + RoomForNumbers;
    }

    /// <inheritdoc/>
    /// <remarks>The store forgets callers by itself, and is not asked how many it remembers.</remarks>
    public override long Keys => _alone?.Keys ?? 0;

    /// <inheritdoc/>
    public override ValueTask<LimitAnswer> TakeAsync(in LimitKey key, int cost)
    {
        if (EventLoop.Current is not { } loop || !_store.Serves(loop))
        {
            return TakeElsewhereAsync(key.Number, key.Text.ToArray(), cost);
        }

        var reply = Ask(loop, key.Text, cost);
        return reply.IsCompletedSuccessfully ? Decide(reply.Result, key, cost) : AwaitAsync(reply, new RememberedKey(key, _alone is not null), cost);
    }

    /// <inheritdoc/>
    /// <remarks>What other instances have counted, this process does not know.</remarks>
    public override LimitAnswer Peek(in LimitKey key, int cost) =>
        _alone?.Peek(key, cost) ?? new LimitAnswer(cost <= Spec.Rule.Most, Spec.Rule.Most, TimeSpan.Zero, TimeSpan.Zero);

    /// <inheritdoc/>
    public override void Return(in LimitKey key, int cost)
    {
        _alone?.Return(key, cost);
        if (EventLoop.Current is { } loop && _store.Serves(loop))
        {
            Span<byte> room = stackalloc byte[_room];
            _store.Client.Send(loop, Command(key.Text, -cost, room));
            return;
        }

        var text = key.Text.ToArray();
        _store.Loop.Post(_ => ReturnOnLoop(text, cost), null);
    }

    /// <inheritdoc/>
    public override void ReturnAlone(in LimitKey key, int cost) => _alone?.Return(key, cost);

    private void ReturnOnLoop(byte[] text, int cost) => _store.Client.Send(_store.Loop, Command(text, -cost, new byte[_room]));

    private ValueTask<RedisReply> Ask(EventLoop loop, ReadOnlySpan<byte> text, int cost)
    {
        Span<byte> room = stackalloc byte[_room];
        return _store.Client.SendAsync(loop, Command(text, cost, room));
    }

    private RedisCommand Command(ReadOnlySpan<byte> text, int cost, Span<byte> room)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        Span<byte> key = stackalloc byte[_prefix.Length + (2 * HashBytes) + _suffix.Length];
        _prefix.CopyTo(key);
        Convert.TryToHexStringLower(hash[..HashBytes], key[_prefix.Length..], out _);
        _suffix.CopyTo(key[(_prefix.Length + (2 * HashBytes))..]);

        var command = new RedisCommand(_script, room);
        command.Add(key);
        command.Add(_count);
        command.Add(_window);
        command.Add(Spec.Rule.Burst);
        command.Add(cost);
        return command;
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<LimitAnswer> AwaitAsync(ValueTask<RedisReply> reply, RememberedKey key, int cost)
    {
        var answer = Decide(await reply, key.Key, cost);
        key.Return();
        return answer.IsCompletedSuccessfully ? answer.Result : await answer;
    }

    /// <summary>On no loop of the store's, as when somebody asks who is no request: there and back.</summary>
    private async ValueTask<LimitAnswer> TakeElsewhereAsync(ulong number, byte[] text, int cost)
    {
        var done = new TaskCompletionSource<LimitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.Loop.Post(async _ => done.SetResult(await TakeAsync(new LimitKey(number, text), cost)), null);
        return await done.Task;
    }

    private ValueTask<LimitAnswer> Decide(in RedisReply reply, in LimitKey key, int cost)
    {
        if (reply.Kind != RedisReplyKind.List || reply.Count != 4)
        {
            return DecideAlone(key, cost);
        }

        var allowed = reply[0].Number != 0;
        if (allowed && _alone is not null)
        {
            var along = _alone.TakeAsync(key, cost);
            Debug.Assert(along.IsCompleted, "what counts in this process asks nobody");
        }

        return new(new LimitAnswer(allowed, reply[1].Number, Microseconds(reply[2].Number), Microseconds(reply[3].Number)));
    }

    private ValueTask<LimitAnswer> DecideAlone(in LimitKey key, int cost)
    {
        if (_alone is not null)
        {
            var answer = _alone.TakeAsync(key, cost);
            return answer.IsCompletedSuccessfully ? new(answer.Result with { IsAlone = true }) : answer;
        }

        return new(Spec.OnFailure == StoreFailure.Deny
            ? new LimitAnswer(false, 0, UnavailableWait, TimeSpan.Zero) { IsUnavailable = true }
            : new LimitAnswer(true, Spec.Rule.Most, TimeSpan.Zero, TimeSpan.Zero) { IsAlone = true });
    }

    private static TimeSpan Microseconds(long count) => TimeSpan.FromMicroseconds(Math.Max(0, count));
}
