using LoadBalancer.Http.Server;
using LoadBalancer.Limits;

namespace LoadBalancer.Http.RateLimiting;

/// <summary>
/// What limits have said to one exchange, and what it was charged, so that all of it can be given back where one of them refuses. It belongs to its exchange and is
/// used again; touched only on its loop.
/// </summary>
internal sealed class LimitCharges
{
    private const int FirstCharges = 4;
    private const int PartOfWindow = 10;

    private Charge[] _charges = new Charge[FirstCharges];
    private byte[] _texts = new byte[CallerKey.Room * 2];
    private int _count;
    private int _used;
    private LimitQuestion[] _questions = [];
    private CallerKey? _lastKey;
    private ulong _lastNumber;
    private Slice _lastText;
    private string? _lastMissing;
    private ClientCounts? _entered;
    private ulong _caller;

    /// <summary>The limits that were asked, in their order.</summary>
    public ReadOnlySpan<Charge> All => _charges.AsSpan(0, _count);

    /// <summary>The name of the limit that refused, or would have; null for none.</summary>
    public string? RefusedBy { get; set; }

    /// <summary>True where the client has been told.</summary>
    public bool AreTold { get; set; }

    /// <summary>Asks a limit: what it would say in a rehearsal, else to be charged. <see cref="Answer"/> has to follow, for its place in <see cref="All"/>.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="tier">The limit.</param>
    /// <param name="hash">The numbers of callers in this process.</param>
    /// <param name="cost">How many the request counts for.</param>
    public ValueTask<LimitAnswer> Ask(Exchange exchange, LimitTier tier, in KeyedHash hash, int cost)
    {
        ref readonly var charge = ref Add(exchange, tier, hash, cost);
        return exchange.IsRehearsal ? new(tier.Limit.Peek(KeyOf(charge), cost)) : tier.Limit.TakeAsync(KeyOf(charge), cost);
    }

    /// <summary>Puts a limit in line for <see cref="AskTogether"/>.</summary>
    /// <inheritdoc cref="Ask"/>
    public void Prepare(Exchange exchange, LimitTier tier, in KeyedHash hash, int cost) => Add(exchange, tier, hash, cost);

    /// <summary>Asks those that were put in line last to be charged, all or none, with one question. <see cref="Keep"/> has to follow, and <see cref="Answer"/> for each that has answered.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="count">How many, at most <see cref="LimitAnswers.Most"/>.</param>
    public ValueTask<LimitAnswers> AskTogether(LimitStore store, int count)
    {
        if (_questions.Length == 0)
        {
            _questions = new LimitQuestion[LimitAnswers.Most];
        }

        for (var at = 0; at < count; at++)
        {
            ref readonly var charge = ref _charges[_count - count + at];
            _questions[at] = new LimitQuestion(charge.Tier.Limit, charge.Number, _texts.AsMemory(charge.Key.Start, charge.Key.Length), charge.Cost);
        }

        return store.TakeAsync(_questions.AsMemory(0, count));
    }

    /// <summary>Takes back from the line all but the first <paramref name="count"/> limits.</summary>
    public void Keep(int count)
    {
        Array.Clear(_charges, count, _count - count);
        _count = count;
    }

    /// <summary>Notes what a limit says.</summary>
    /// <param name="at">Its place in <see cref="All"/>.</param>
    /// <param name="answer">What it says.</param>
    /// <param name="isCharged">True where it was charged.</param>
    /// <param name="now">The time, as <see cref="TimeProvider.GetTimestamp"/>.</param>
    public void Answer(int at, in LimitAnswer answer, bool isCharged, long now)
    {
        ref var charge = ref _charges[at];
        (charge.Answer, charge.IsCharged, charge.Answered) = (answer, isCharged, now);
    }

    /// <summary>Counts one more request of the caller that is under way, until <see cref="Leave"/>; false where there are as many as may be. In a rehearsal nothing is counted.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="key">Who is counted.</param>
    /// <param name="hash">The numbers of callers in this process.</param>
    /// <param name="counts">How many are under way.</param>
    /// <param name="most">How many may be.</param>
    public bool TryEnter(Exchange exchange, CallerKey key, in KeyedHash hash, ClientCounts counts, int most)
    {
        var place = default(Slice);
        WriteKey(exchange, key, hash, ref _caller, ref place);
        if (exchange.IsRehearsal)
        {
            return counts.Of(_caller) < most;
        }

        if (!counts.TryEnter(_caller, most))
        {
            return false;
        }

        _entered = counts;
        return true;
    }

    /// <summary>The request is not under way any more, where it was.</summary>
    public void Leave()
    {
        _entered?.Leave(_caller);
        _entered = null;
    }

    /// <summary>Gives back what has not come back by itself: one limit has refused.</summary>
    /// <param name="time">The clock of <see cref="Answer"/>.</param>
    public void GiveBack(TimeProvider time)
    {
        Leave();
        for (var at = 0; at < _count; at++)
        {
            ref var charge = ref _charges[at];
            if (charge.IsCharged)
            {
                if (IsThere(charge, time.GetElapsedTime(charge.Answered)))
                {
                    Return(charge);
                }

                charge.IsCharged = false;
            }
        }
    }

    /// <summary>Forgets everything; nothing is given back by it.</summary>
    public void Reset()
    {
        Array.Clear(_charges, 0, _count);
        _count = _used = 0;
        _lastKey = null;
        _entered = null;
        RefusedBy = null;
        AreTold = false;
    }

    private ref readonly Charge Add(Exchange exchange, LimitTier tier, in KeyedHash hash, int cost)
    {
        if (_count == _charges.Length)
        {
            Array.Resize(ref _charges, _count * 2);
        }

        ref var charge = ref _charges[_count++];
        charge = new Charge { Tier = tier, Cost = cost };
        WriteKey(exchange, tier.Key, hash, ref charge.Number, ref charge.Key);
        charge.Missing = _lastMissing;
        return ref charge;
    }

    // Where a bucket may have been full since, or a quota's period is over, what is there to give back is another's. A window gives back what it was charged last,
    // and keeps what is older by the time between.
    private static bool IsThere(in Charge charge, TimeSpan since) =>
        since < (charge.Tier.Limit.Spec.Rule is { Rate: { } rate, Burst: 0 } ? rate.Window / PartOfWindow : charge.Answer.Reset);

    private void Return(in Charge charge)
    {
        if (charge.Answer.IsAlone)
        {
            charge.Tier.Limit.ReturnAlone(KeyOf(charge), charge.Cost);
        }
        else
        {
            charge.Tier.Limit.Return(KeyOf(charge), charge.Cost);
        }
    }

    private LimitKey KeyOf(in Charge charge) => new(charge.Number, _texts.AsSpan(charge.Key.Start, charge.Key.Length));

    // Limits that follow one another have the same key more often than not. Who calls is found out between two that have others.
    private void WriteKey(Exchange exchange, CallerKey key, in KeyedHash hash, ref ulong number, ref Slice text)
    {
        if (key != _lastKey)
        {
            if (_texts.Length - _used < CallerKey.Room)
            {
                Array.Resize(ref _texts, _texts.Length * 2);
            }

            var length = key.Write(exchange, _texts.AsSpan(_used, CallerKey.Room), out var missing);
            (_lastKey, _lastText, _lastNumber, _lastMissing) = (key, new Slice(_used, length), hash.Of(_texts.AsSpan(_used, length)), missing);
            _used += length;
        }

        (number, text) = (_lastNumber, _lastText);
    }

    /// <summary>What one limit has said.</summary>
    internal struct Charge
    {
        /// <summary>The limit.</summary>
        public LimitTier Tier;

        /// <summary>Its answer.</summary>
        public LimitAnswer Answer;

        /// <summary>When it answered.</summary>
        public long Answered;

        /// <summary>How many the request counts for.</summary>
        public int Cost;

        /// <summary>True where it was charged, and has not got it back.</summary>
        public bool IsCharged;

        /// <summary>The caller's number.</summary>
        public ulong Number;

        /// <summary>The caller's text.</summary>
        public Slice Key;

        /// <summary>What stood for a part of the key that the request does not have, for people; null where it has all.</summary>
        public string? Missing;
    }
}
