using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
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
/// The key in the store is a <see cref="StoredKey"/>. The answer of every script is a list of four numbers: 1 where
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

    /// <summary>How many numbers an answer is.</summary>
    internal const int Numbers = 4;

    // Five words of numbers and of a kind, and the key.
    private const int RoomForWords = 5 * 40;

    private readonly RedisLimitStore _store;
    private readonly KeyedLimit? _alone;
    private readonly RedisScript _script;
    private readonly StoredKey _keys;
    private readonly byte[] _function;
    private readonly byte[] _window;
    private readonly long _count;

    /// <summary>A limit.</summary>
    /// <param name="spec">The limit.</param>
    /// <param name="store">Where it is counted.</param>
    /// <param name="alone">What counts in this process while the store does not answer; null where the limit does not want that.</param>
    public ExactLimit(LimitSpec spec, RedisLimitStore store, KeyedLimit? alone)
        : base(spec)
    {
        (_store, _alone) = (store, alone);
        var microseconds = (long)((spec.Rule.Rate?.Window.TotalSeconds ?? 0) * 1_000_000);
        (_script, var function, var kind, var window) = spec.Rule switch
        {
            { Quota.Period: QuotaPeriod.Day } => (ExactQuotaScript.Script, "quota", "qd", "day"),
            { Quota: not null } => (ExactQuotaScript.Script, "quota", "qm", "month"),
            { Burst: > 0 } => (ExactBucketScript.Script, "bucket", "b", null),
            { Rate.Count: <= ExactWindowScript.MostCount } => (ExactWindowScript.Script, "window", "w", null),

            // Slices of another window have other numbers.
            _ => (ExactSlicesScript.Script, "slices", string.Create(CultureInfo.InvariantCulture, $"s{microseconds / 1_000_000}"), null),
        };
        _count = spec.Rule.Quota?.Count ?? spec.Rule.Rate!.Value.Count;
        _window = Encoding.ASCII.GetBytes(window ?? microseconds.ToString(CultureInfo.InvariantCulture));
        _function = Encoding.ASCII.GetBytes(function);
        _keys = new StoredKey(spec, kind);
    }

    /// <summary>How many bytes its part of a command takes at most.</summary>
    internal int Room => RedisCommand.RoomFor(_keys.Length) + RoomForWords;

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
        return reply.IsCompletedSuccessfully ? new(Decide(reply.Result, key, cost)) : AwaitAsync(reply, new RememberedKey(key, _alone is not null), cost);
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
            Span<byte> room = stackalloc byte[Room];
            _store.Client.Send(loop, Command(key.Text, -cost, room));
            return;
        }

        var text = key.Text.ToArray();
        _store.Loop.Post(_ => ReturnOnLoop(text, cost), null);
    }

    /// <inheritdoc/>
    public override void ReturnAlone(in LimitKey key, int cost) => _alone?.Return(key, cost);

    /// <summary>Adds a caller's key to a command.</summary>
    internal void AddKey(ref RedisCommand command, ReadOnlySpan<byte> text)
    {
        Span<byte> key = stackalloc byte[_keys.Length];
        _keys.Write(text, key);
        command.Add(key);
    }

    /// <summary>Adds what <see cref="ExactScripts.OfSeveral"/> wants to know of it.</summary>
    internal void AddWords(ref RedisCommand command, int cost)
    {
        command.Add(_function);
        AddRule(ref command, cost);
    }

    /// <summary>The slot of a cluster that a caller's key is in.</summary>
    internal int SlotOf(ReadOnlySpan<byte> text)
    {
        Span<byte> key = stackalloc byte[_keys.Length];
        _keys.Write(text, key);
        return ClusterSlot.Of(key);
    }

    /// <summary>What the numbers of a reply say that begin at <paramref name="at"/>.</summary>
    internal static LimitAnswer Read(in RedisReply reply, int at) =>
        new(reply[at].Number != 0, reply[at + 1].Number, Microseconds(reply[at + 2].Number), Microseconds(reply[at + 3].Number));

    /// <summary>Counts here too what the store was charged.</summary>
    internal void CountAlong(in LimitKey key, int cost)
    {
        if (_alone is not null)
        {
            var along = _alone.TakeAsync(key, cost);
            Debug.Assert(along.IsCompleted, "what counts in this process asks nobody");
        }
    }

    /// <summary>Decides without the store.</summary>
    internal LimitAnswer DecideAlone(in LimitKey key, int cost)
    {
        if (_alone is not null)
        {
            var answer = _alone.TakeAsync(key, cost);
            Debug.Assert(answer.IsCompleted, "what counts in this process asks nobody");
            return answer.Result with { IsAlone = true };
        }

        return Spec.OnFailure == StoreFailure.Deny
            ? new LimitAnswer(false, 0, UnavailableWait, TimeSpan.Zero) { IsUnavailable = true }
            : new LimitAnswer(true, Spec.Rule.Most, TimeSpan.Zero, TimeSpan.Zero) { IsAlone = true };
    }

    private void ReturnOnLoop(byte[] text, int cost) => _store.Client.Send(_store.Loop, Command(text, -cost, new byte[Room]));

    private ValueTask<RedisReply> Ask(EventLoop loop, ReadOnlySpan<byte> text, int cost)
    {
        Span<byte> room = stackalloc byte[Room];
        return _store.Client.SendAsync(loop, Command(text, cost, room));
    }

    private RedisCommand Command(ReadOnlySpan<byte> text, int cost, Span<byte> room)
    {
        var command = new RedisCommand(_script, room);
        AddKey(ref command, text);
        AddRule(ref command, cost);
        return command;
    }

    private void AddRule(ref RedisCommand command, int cost)
    {
        command.Add(_count);
        command.Add(_window);
        command.Add(Spec.Rule.Burst);
        command.Add(cost);
    }

    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    private async ValueTask<LimitAnswer> AwaitAsync(ValueTask<RedisReply> reply, RememberedKey key, int cost)
    {
        var answer = Decide(await reply, key.Key, cost);
        key.Return();
        return answer;
    }

    /// <summary>On no loop of the store's, as when somebody asks who is no request: there and back.</summary>
    private async ValueTask<LimitAnswer> TakeElsewhereAsync(ulong number, byte[] text, int cost)
    {
        var done = new TaskCompletionSource<LimitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.Loop.Post(async _ => done.SetResult(await TakeAsync(new LimitKey(number, text), cost)), null);
        return await done.Task;
    }

    private LimitAnswer Decide(in RedisReply reply, in LimitKey key, int cost)
    {
        if (reply.Kind != RedisReplyKind.List || reply.Count != Numbers)
        {
            return DecideAlone(key, cost);
        }

        var answer = Read(reply, 0);
        if (answer.Allowed)
        {
            CountAlong(key, cost);
        }

        return answer;
    }

    private static TimeSpan Microseconds(long count) => TimeSpan.FromMicroseconds(Math.Max(0, count));
}
