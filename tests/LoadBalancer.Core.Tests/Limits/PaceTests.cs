using LoadBalancer.Limits;

namespace LoadBalancer.Tests.Limits;

/// <summary>Who passes bytes on, how many, and when.</summary>
internal sealed class PaceTests
{
    private ManualTime _time = null!;

    [SetUp]
    public void Begin() => _time = new ManualTime();

    [Test]
    public void In_no_interval_more_than_the_burst_and_what_the_rate_has_earned_and_all_arrives(
        [Values(240, 10_000, 1_000_000)] int rate, [Values(1, 30)] int streams, [Values(1, 2)] int seed)
    {
        var random = new Random(seed);
        var burst = rate / (seed * 4);
        var pace = PaceOf(rate, burst);
        var passed = new List<(long At, int Bytes)>();
        var senders = Enumerable.Range(0, streams).Select(_ => new Sender(pace, random.NextInt64(1 + (2 * rate)), passed, _time, random)).ToArray();
        for (var turns = 0; !senders.All(sender => sender.IsDone); turns++)
        {
            Assert.That(turns, Is.LessThan(100_000), "they never end");
            foreach (var sender in senders)
            {
                sender.Go();
            }

            // A loop's timers are late, and never early.
            _time.Advance(TimeSpan.FromTicks(1 + random.NextInt64(50 * TimeSpan.TicksPerMillisecond)));
        }

        Assert.That(passed.Sum(piece => (long)piece.Bytes), Is.EqualTo(senders.Sum(sender => sender.Total)));

        // The worst interval ends with each piece: kept is how far ahead of the rate the bytes before it may be.
        var most = 0.0;
        var ahead = 0.0;
        var at = 0L;
        foreach (var piece in passed)
        {
            ahead = Math.Max(0, ahead - ((double)(piece.At - at) * rate / TimeSpan.TicksPerSecond)) + piece.Bytes;
            (most, at) = (Math.Max(most, ahead), piece.At);
        }

        Assert.That(most, Is.LessThanOrEqualTo(burst + 0.001));
    }

    [Test]
    public void Those_who_always_have_something_get_equal_shares()
    {
        var passed = new List<(long At, int Bytes)>();
        var pace = PaceOf(100_000, burst: 50_000);
        for (var piece = 0; piece < 10; piece++)
        {
            Assert.That(pace.TryTake(pace.Piece), Is.True, "whoever is alone may have the burst");
        }

        var senders = Enumerable.Range(0, 7).Select(_ => new Sender(pace, 1_000_000, passed, _time, null)).ToArray();
        for (var tick = 0; tick < 400; tick++)
        {
            foreach (var sender in senders)
            {
                sender.Go();
            }

            _time.Advance(TimeSpan.FromMilliseconds(25));
        }

        var shares = senders.Select(sender => sender.Sent).ToArray();
        Assert.That(shares.Max() - shares.Min(), Is.LessThanOrEqualTo(2 * pace.Piece), string.Join(' ', shares));
        Assert.That(shares.Sum(), Is.InRange(990_000, 1_000_000), "nothing of the rate is lost in ten seconds");
    }

    [Test]
    public void A_newcomer_waits_behind_those_who_wait()
    {
        var pace = PaceOf(1000, burst: 250);
        Assert.That(pace.TryTake(250), Is.True);
        var first = new Turn(_time, 200);
        pace.Enter(first);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.That(pace.TryTake(1), Is.False, "although there are a hundred bytes");

        pace.Serve();
        Assert.That(first.Granted, Is.Null);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        pace.Serve();
        Assert.That(first.Granted, Is.Not.Null);
        Assert.That(pace.TryTake(1), Is.False, "there is nothing");
    }

    [Test]
    public void One_that_leaves_takes_nothing_and_lets_the_next_one_come_forward()
    {
        var pace = PaceOf(1000, burst: 250);
        Assert.That(pace.TryTake(250), Is.True);
        var (first, second, third) = (new Turn(_time, 250), new Turn(_time, 100), new Turn(_time, 150));
        pace.Enter(first);
        pace.Enter(second);
        pace.Enter(third);
        Assert.That(first.ServesIn, Is.EqualTo(TimeSpan.FromMilliseconds(250)));
        Assert.That(second.ServesIn, Is.Null, "only the first has a timer");

        Assert.That(pace.Leave(first), Is.True);
        Assert.That(second.ServesIn, Is.EqualTo(TimeSpan.FromMilliseconds(100)));
        _time.Advance(TimeSpan.FromMilliseconds(100));
        pace.Serve();
        Assert.That((first.Granted, second.Granted, third.Granted), Is.EqualTo(((TimeSpan?)null, (TimeSpan?)TimeSpan.FromMilliseconds(100), (TimeSpan?)null)));
        Assert.That(third.ServesIn, Is.EqualTo(TimeSpan.FromMilliseconds(150)));
        Assert.That(pace.Leave(second), Is.False, "it has its bytes");
        Assert.That(pace.Leave(third), Is.True);
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.That(pace.TryTake(50), Is.True, "nobody is left, and nothing was taken for those who left");
        Assert.That(pace.TryTake(1), Is.False);
    }

    [Test]
    public void Loops_that_come_at_the_same_time_get_what_there_is_and_no_more()
    {
        var pace = PaceOf(1, burst: 100_000);
        var taken = 0;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var asked = 0; asked < 50_000; asked++)
            {
                if (pace.TryTake(1))
                {
                    Interlocked.Increment(ref taken);
                }
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.That(taken, Is.EqualTo(100_000));
    }

    [Test]
    public void Taking_and_waiting_allocate_nothing()
    {
        var table = new PaceTable(1_000_000, 10_000_000, new PaceCounts(1), _time);
        var turn = new Turn(_time, 50_000);
        PaceTable.Leave(table.Enter(1));
        Assert.That(
            Allocations.Of(() =>
            {
                var pace = table.Enter(1);
                for (var taken = 0; taken < 100; taken++)
                {
                    pace.TryTake(50_000);
                }

                pace.Enter(turn);
                pace.Leave(turn);
                PaceTable.Leave(pace);
            }),
            Is.Zero);
        Assert.That(turn.ServesIn, Is.Not.Null, "it had to wait");
    }

    private Pace PaceOf(long rate, long burst) => new(new PaceTable(rate, burst, new PaceCounts(1), _time), _time);

    /// <summary>One that waits, and notes what it is told.</summary>
    private sealed class Turn : PaceTurn
    {
        private readonly ManualTime _time;

        public Turn(ManualTime time, int count) => (_time, Count) = (time, count);

        public TimeSpan? Granted { get; private set; }

        public TimeSpan? ServesIn { get; private set; }

        public override void Grant() => Granted = _time.GetElapsedTime(0);

        public override void ServeIn(TimeSpan wait) => ServesIn = wait;
    }

    /// <summary>A stream of bytes of which some are in hand now and then; without randomness always as many as may be.</summary>
    private sealed class Sender(Pace pace, long total, List<(long At, int Bytes)> passed, ManualTime time, Random? random) : PaceTurn
    {
        private bool _waits;
        private long _servesAt = long.MaxValue;

        public long Total => total;

        public long Sent { get; private set; }

        public bool IsDone => Sent == total;

        public override void Grant()
        {
            (_waits, _servesAt) = (false, long.MaxValue);
            Pass(Count);
        }

        public override void ServeIn(TimeSpan wait) => _servesAt = time.GetTimestamp() + wait.Ticks;

        /// <summary>What its loop does in a turn.</summary>
        public void Go()
        {
            if (_servesAt <= time.GetTimestamp())
            {
                _servesAt = long.MaxValue;
                pace.Serve();
            }

            while (!_waits && !IsDone)
            {
                Count = (int)Math.Min(total - Sent, random is null ? pace.Piece : 1 + random.Next(pace.Piece));
                if (random?.Next(10) == 0)
                {
                    // Nothing more is in hand.
                    return;
                }

                if (pace.TryTake(Count))
                {
                    Pass(Count);
                }
                else
                {
                    _waits = true;
                    pace.Enter(this);
                }
            }
        }

        private void Pass(int bytes)
        {
            Sent += bytes;
            passed.Add((time.GetTimestamp(), bytes));
        }
    }
}
