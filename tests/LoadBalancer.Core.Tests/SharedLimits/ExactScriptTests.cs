using System.Globalization;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Redis;
using LoadBalancer.SharedLimits;
using LoadBalancer.Tests.Limits;
using LoadBalancer.Tests.Redis;
using LoadBalancer.Tests.Transport.Epoll;

namespace LoadBalancer.Tests.SharedLimits;

/// <summary>The scripts in a real server, at times that the test chooses, beside the plainest program that says the same.</summary>
internal sealed class ExactScriptTests
{
    private const long Second = 1_000_000;

    // Keys would end in the server's own time, which stands still here.
    private static readonly long Epoch = new DateTimeOffset(2031, 1, 30, 23, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;

    private RedisServer _server = null!;
    private TestLoops _loops = null!;
    private RedisClient _client = null!;

    private interface IModel
    {
        (bool Allowed, long Remaining, long Wait, long Reset) Take(long now, long cost);
    }

    [OneTimeSetUp]
    public void Begin()
    {
        _server = new RedisServer();
        _loops = new TestLoops();
        Assert.That(RedisAddressKind.TryParse(_server.Url, out var address), Is.True);
        _client = new RedisClient(
            new RedisOptions { Address = [address], Timeout = TimeSpan.FromSeconds(5) }, _loops.Group.Loops, TimeProvider.System, null, static _ => { }, error => _loops.Escaped.Enqueue(error));
        _client.Open();
    }

    [OneTimeTearDown]
    public async Task End()
    {
        await _client.CloseAsync();
        _loops.Dispose();
        _server.Dispose();
    }

    [Test]
    public Task A_bucket_is_one_of_whole_numbers_however_odd_the_rate([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        long[] counts = [1, 3, 7, 100, 999, 100_000];
        var (count, window, burst) = (counts[random.Next(counts.Length)], new[] { 1, 60, 3600 }[random.Next(3)] * Second, random.Next(1, 50));
        return Compare(ExactBucketScript.Script, count, $"{window}", burst, new BucketModel(count, window, burst), random, window * 3 / count);
    }

    [Test]
    public Task A_window_of_few_knows_each_of_them([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        var (count, window) = (random.Next(1, 40), 60 * Second);
        return Compare(ExactWindowScript.Script, count, $"{window}", 0, new WindowModel(count, window), random, window * 2 / count);
    }

    [Test]
    public Task A_window_of_many_lets_pass_what_its_slices_have_room_for([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        var (count, window) = (random.Next(1001, 3000), 60 * Second);
        return Compare(ExactSlicesScript.Script, count, $"{window}", 0, new SlicesModel(count, window), random, window / 40, costs: 300);
    }

    [Test]
    public Task A_quota_ends_with_the_calendars_period([Values("day", "month")] string period, [Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        var count = random.Next(1, 300);
        return Compare(ExactQuotaScript.Script, count, period, 0, new QuotaModel(count, period == "month"), random, (period == "month" ? 10 : 1) * 24 * 3600 * Second / 3);
    }

    [Test]
    public async Task A_rate_is_decided_as_in_one_process([Values(0, 17)] int burst, [Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        var rate = new Rate(random.Next(1, 60), TimeSpan.FromMinutes(1));
        var script = burst > 0 ? ExactBucketScript.Script : ExactWindowScript.Script;
        var time = new ManualTime();
        var local = LimitOf.Rate(rate.Count, rate.Window, time, burst);
        var (key, now) = (Guid.NewGuid().ToString(), Epoch);
        for (var round = 0; round < 250; round++)
        {
            var step = random.Next(3) == 0 ? 0 : random.NextInt64(120 * Second / rate.Count);
            now += step;
            time.Advance(TimeSpan.FromMicroseconds(step));
            var cost = random.Next(1, 5);
            var here = local.Take(1, cost);
            var (allowed, remaining, wait, reset) = await Take(script, key, rate.Count, $"{60 * Second}", burst, cost, now);
            Assert.That((allowed, remaining), Is.EqualTo((here.Allowed, here.Remaining)), $"round {round}: {cost} of {rate}");
            Assert.That(wait, Is.EqualTo(here.Wait.TotalMicroseconds).Within(2), $"round {round}: the wait for {cost} of {rate}");
            Assert.That(reset, Is.EqualTo(here.Reset.TotalMicroseconds).Within(2), $"round {round}: the end of {rate}");
        }
    }

    [Test]
    public async Task Several_are_charged_as_each_by_itself_or_none_is([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        (string Function, RedisScript Script, long Count, string Window, long Burst)[] kinds =
        [
            ("bucket", ExactBucketScript.Script, 7, $"{60 * Second}", 9), ("window", ExactWindowScript.Script, 8, $"{60 * Second}", 0),
            ("slices", ExactSlicesScript.Script, 11, $"{60 * Second}", 0), ("quota", ExactQuotaScript.Script, 12, "day", 0),
        ];
        var (together, apart, now) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), Epoch + random.NextInt64(3600 * Second));
        var refusals = 0;
        for (var round = 0; round < 150; round++)
        {
            now += random.Next(3) == 0 ? 0 : random.NextInt64(round % 20 == 0 ? 24 * 3600 * Second : 20 * Second);
            var asked = kinds.OrderBy(_ => random.Next()).Take(random.Next(1, 5)).Select(kind => (Kind: kind, Cost: random.Next(1, 4))).ToList();
            var before = await Left(together);
            var words = asked.Select(each => (object)$"{together}{each.Kind.Function}")
                .Concat(asked.SelectMany(each => new object[] { each.Kind.Function, each.Kind.Count, each.Kind.Window, each.Kind.Burst, each.Cost })).Append(now / Second).Append(now % Second);
            var reply = await _client.AskAsync(AtAnyTime(ExactScripts.OfSeveral(asked.Count), asked.Count), Words([.. words]));

            var expected = new List<(bool Allowed, long, long, long)>();
            foreach (var (kind, cost) in asked)
            {
                expected.Add(await Take(kind.Script, $"{apart}{kind.Function}", kind.Count, kind.Window, kind.Burst, cost, now));
                if (!expected[^1].Allowed)
                {
                    break;
                }
            }

            Assert.That(Enumerable.Range(0, reply.Count / 4).Select(at => (reply[4 * at].Number == 1, reply[(4 * at) + 1].Number, reply[(4 * at) + 2].Number, reply[(4 * at) + 3].Number)), Is.EqualTo(expected), $"round {round}");
            if (!expected[^1].Allowed)
            {
                refusals++;
                foreach (var (kind, cost) in asked.Take(expected.Count - 1))
                {
                    await Take(kind.Script, $"{apart}{kind.Function}", kind.Count, kind.Window, kind.Burst, -cost, now);
                }

                Assert.That(await Left(together), Is.EqualTo(before), $"round {round}: nothing is charged");
            }

            Assert.That(await Left(together), Is.EqualTo(await Left(apart)), $"round {round}");
        }

        Assert.That(refusals, Is.Positive);

        async Task<long[]> Left(string key)
        {
            var left = new List<long>();
            foreach (var kind in kinds)
            {
                left.Add((await Take(kind.Script, $"{key}{kind.Function}", kind.Count, kind.Window, kind.Burst, 0, now)).Remaining);
            }

            return [.. left];
        }
    }

    [Test]
    public async Task What_is_given_back_may_be_taken_again()
    {
        foreach (var (script, count, window, burst) in new[]
        {
            (ExactBucketScript.Script, 1L, $"{Second}", 10L), (ExactWindowScript.Script, 10, $"{Second}", 0), (ExactSlicesScript.Script, 1500, $"{Second}", 0), (ExactQuotaScript.Script, 10, "day", 0),
        })
        {
            var (key, most) = (Guid.NewGuid().ToString(), burst > 0 ? burst : count);
            Assert.That((await Take(script, key, count, window, burst, most, Epoch)).Allowed, Is.True);
            Assert.That((await Take(script, key, count, window, burst, 1, Epoch)).Allowed, Is.False);
            Assert.That((await Take(script, key, count, window, burst, -3, Epoch)).Remaining, Is.EqualTo(3));
            Assert.That((await Take(script, key, count, window, burst, 4, Epoch)).Allowed, Is.False);
            Assert.That((await Take(script, key, count, window, burst, 3, Epoch)).Remaining, Is.Zero);

            // More than was ever taken leaves no credit.
            Assert.That((await Take(script, key, count, window, burst, -most, Epoch)).Remaining, Is.EqualTo(most));
            Assert.That((await Take(script, key, count, window, burst, -most, Epoch)).Remaining, Is.EqualTo(most));
            Assert.That((await Take(script, key, count, window, burst, most + 1, Epoch)).Allowed, Is.False, "more than there ever is");
        }
    }

    [Test]
    public async Task A_clock_that_is_set_back_gives_nobody_more_and_shuts_nobody_out_for_long()
    {
        var key = Guid.NewGuid().ToString();
        for (var taken = 0; taken < 10; taken++)
        {
            Assert.That((await Take(ExactBucketScript.Script, key, 1, $"{Second}", 10, 1, Epoch)).Allowed, Is.True);
        }

        var (allowed, _, wait, reset) = await Take(ExactBucketScript.Script, key, 1, $"{Second}", 10, 1, Epoch - (3600 * Second));
        Assert.That((allowed, wait, reset), Is.EqualTo((false, Second, 10 * Second)));

        key = Guid.NewGuid().ToString();
        Assert.That((await Take(ExactQuotaScript.Script, key, 5, "month", 0, 5, Epoch)).Allowed, Is.True);
        Assert.That((await Take(ExactQuotaScript.Script, key, 5, "month", 0, 1, Epoch - (40L * 24 * 3600 * Second))).Allowed, Is.False, "the month before is not given again");
        Assert.That((await Take(ExactQuotaScript.Script, key, 5, "month", 0, 5, Epoch - (80L * 24 * 3600 * Second))).Allowed, Is.True, "what is further ahead was a wrong clock");
    }

    [TestCase(10)]
    [TestCase(1500)]
    public async Task A_clock_that_is_set_back_makes_a_window_no_longer(int count)
    {
        var script = count > ExactWindowScript.MostCount ? ExactSlicesScript.Script : ExactWindowScript.Script;
        var (key, window, slice) = (Guid.NewGuid().ToString(), $"{64 * Second}", count > ExactWindowScript.MostCount ? Second : 0);
        var back = Epoch - (3600 * Second);
        Assert.That((await Take(script, key, count, window, 0, count - 1, Epoch)).Allowed, Is.True);
        Assert.That((await Take(script, key, count, window, 0, 1, back)).Remaining, Is.Zero);
        var (allowed, _, wait, reset) = await Take(script, key, count, window, 0, 1, back + Second);
        Assert.That((allowed, wait, reset), Is.EqualTo((false, (63 * Second) + slice, (63 * Second) + slice)), "as if all had come then");
        Assert.That((await Take(script, key, count, window, 0, 1, back + (64 * Second) + slice)).Remaining, Is.EqualTo(count - 1));
    }

    private async Task Compare(RedisScript script, long count, string window, long burst, IModel model, Random random, long mostStep, int costs = 4)
    {
        var (key, now) = (Guid.NewGuid().ToString(), Epoch + random.NextInt64(3600 * Second));
        for (var round = 0; round < 250; round++)
        {
            now += random.Next(3) == 0 ? 0 : random.NextInt64(Math.Max(2, mostStep));
            var cost = random.Next(1, costs);
            Assert.That(await Take(script, key, count, window, burst, cost, now), Is.EqualTo(model.Take(now, cost)), $"round {round}: {cost} of {count} in {window}");
        }
    }

    private async Task<(bool Allowed, long Remaining, long Wait, long Reset)> Take(RedisScript script, string key, long count, string window, long burst, long cost, long now)
    {
        var reply = await _client.AskAsync(AtAnyTime(script), Words(key, count, window, burst, cost, now / Second, now % Second));
        Assert.That((reply.Kind, reply.Count), Is.EqualTo((RedisReplyKind.List, 4)), reply.ToString());
        return (reply[0].Number == 1, reply[1].Number, reply[2].Number, reply[3].Number);
    }

    private static RedisScript AtAnyTime(RedisScript script, int keys = 1) => new(keys, script.Text
        .Replace("redis.call('TIME')", "{ARGV[#ARGV - 1], ARGV[#ARGV]}", StringComparison.Ordinal)
        .Replace("redis.call('PEXPIRE', key,", "math.max(0,", StringComparison.Ordinal)
        .Replace("'PX', math.ceil((full - now) / 1000) + 1", "'PX', 600000", StringComparison.Ordinal));

    private static byte[][] Words(params object[] words) => [.. words.Select(word => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{word}")))];

    private sealed class BucketModel(long count, long window, long burst) : IModel
    {
        private Int128 _full;

        public (bool, long, long, long) Take(long now, long cost)
        {
            var missing = Int128.Max(0, _full - ((Int128)now * count));
            var over = missing + ((Int128)window * cost) - ((Int128)window * burst);
            if (over <= 0)
            {
                missing += (Int128)window * cost;
                _full = ((Int128)now * count) + missing;
            }

            return (over <= 0, (long)(((Int128)window * burst) - missing) is var left && left > 0 ? left / window : 0, over <= 0 ? 0 : cost > burst ? window : (long)((over + count - 1) / count), (long)((missing + count - 1) / count));
        }
    }

    private sealed class WindowModel(long count, long window) : IModel
    {
        private readonly List<long> _times = [];

        public (bool, long, long, long) Take(long now, long cost)
        {
            _times.RemoveAll(time => time + window <= now);
            var allowed = _times.Count + cost <= count;
            if (allowed)
            {
                _times.AddRange(Enumerable.Repeat(now, (int)cost));
            }

            var wait = allowed ? 0 : cost > count ? window : _times[(int)(_times.Count + cost - count - 1)] + window - now;
            return (allowed, count - _times.Count, wait, _times.Count == 0 ? 0 : _times[^1] + window - now);
        }
    }

    private sealed class SlicesModel(long count, long window) : IModel
    {
        private const int Slices = 64;
        private readonly SortedDictionary<long, long> _counts = [];
        private readonly long _length = (window + Slices - 1) / Slices;

        public (bool, long, long, long) Take(long now, long cost)
        {
            foreach (var slice in _counts.Keys.Where(slice => slice + Slices < now / _length).ToList())
            {
                _counts.Remove(slice);
            }

            var sum = _counts.Values.Sum();
            var allowed = sum + cost <= count;
            if (allowed)
            {
                _counts[now / _length] = _counts.GetValueOrDefault(now / _length) + cost;
                sum += cost;
            }

            var (wait, left) = (0L, sum);
            foreach (var (slice, counted) in _counts.TakeWhile(_ => !allowed && left + cost > count))
            {
                left -= counted;
                wait = ((slice + Slices + 1) * _length) - now;
            }

            return (allowed, count - sum, wait, _counts.Count == 0 ? 0 : ((_counts.Keys.Last() + Slices + 1) * _length) - now);
        }
    }

    private sealed class QuotaModel(long count, bool isMonth) : IModel
    {
        private DateTimeOffset _from;
        private long _used;

        public (bool, long, long, long) Take(long now, long cost)
        {
            var time = DateTimeOffset.FromUnixTimeMilliseconds(now / 1000);
            var from = new DateTimeOffset(time.Year, time.Month, isMonth ? 1 : time.Day, 0, 0, 0, TimeSpan.Zero);
            (_from, _used) = (from, from == _from ? _used : 0);
            var reset = ((isMonth ? from.AddMonths(1) : from.AddDays(1)).ToUnixTimeMilliseconds() * 1000) - now;
            var allowed = _used + cost <= count;
            _used += allowed ? cost : 0;
            return (allowed, count - _used, allowed ? 0 : reset, _used > 0 ? reset : 0);
        }
    }
}
