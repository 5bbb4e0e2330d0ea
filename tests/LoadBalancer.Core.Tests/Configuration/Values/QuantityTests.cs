using FsCheck;
using FsCheck.Fluent;
using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration.Values;

internal sealed class QuantityTests
{
    private static readonly Kind<TimeSpan> Duration = Kinds.Duration("0ms", "36500d");
    private static readonly Kind<long> Size = Kinds.Size("0B", "1000000TiB");
    private static readonly Kind<long> Bandwidth = Kinds.Bandwidth("1B/s", "1GiB/s");
    private static readonly Kind<double> Percent = Kinds.Percent("0%", "100%");

    [Test]
    public void A_duration_reads_back_equal() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).Select(value => TimeSpan.FromMilliseconds(value)).ToArbitrary(), value => RoundTrip(Duration, value))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_size_reads_back_equal() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).SelectMany(value => Gen.Elements(1L, 1000, 1024, 1 << 20).Select(factor => value * factor)).ToArbitrary(), value => RoundTrip(Size, value))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_bandwidth_reads_back_equal() =>
        Prop.ForAll(Gen.Choose(1, 1 << 30).Select(value => (long)value).ToArbitrary(), value => RoundTrip(Bandwidth, value)).QuickCheckThrowOnFailure();

    [Test]
    public void A_percentage_reads_back_equal() =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).Select(value => (double)(value / 1_000_000m)).ToArbitrary(), value => RoundTrip(Percent, value)).QuickCheckThrowOnFailure();

    [Test]
    public void A_rate_reads_back_equal() =>
        Prop.ForAll(
            Gen.Choose(1, 999_999_999).SelectMany(count => Gen.Elements(1, 60, 3600).Select(seconds => new Rate(count, TimeSpan.FromSeconds(seconds)))).ToArbitrary(),
            value => RoundTrip(Kinds.Rate, value)).QuickCheckThrowOnFailure();

    [Test]
    public void No_text_makes_a_kind_throw() =>
        Prop.ForAll<string>(text =>
        {
            foreach (var attempt in new Action[] { () => Reads(Duration, text), () => Reads(Size, text), () => Reads(Bandwidth, text), () => Reads(Percent, text), () => Reads(Kinds.Rate, text) })
            {
                attempt();
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [TestCase("250ms", 250)]
    [TestCase("5s", 5_000)]
    [TestCase("1m", 60_000)]
    [TestCase("2h", 7_200_000)]
    [TestCase("30d", 2_592_000_000)]
    [TestCase("090s", 90_000)]
    public void A_duration_is_a_number_and_a_unit(string text, long milliseconds) => Assert.That(Value(Duration, text), Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));

    [TestCase("5", "add a unit (ms, s, m, h, d)")]
    [TestCase("5 s", "the units are ms, s, m, h, d, without a space before them")]
    [TestCase("5S", "the units are ms, s, m, h, d, without a space before them")]
    [TestCase("5min", "the units are ms, s, m, h, d, without a space before them")]
    [TestCase("1.5s", "write a whole number of a smaller unit (ms, s, m, h, d)")]
    [TestCase("1h30m", "the units are ms, s, m, h, d, without a space before them")]
    [TestCase("-5s", null)]
    [TestCase("s", null)]
    [TestCase("99999999999999999999d", null)]
    [TestCase("9223372036854775807d", null)]
    [TestCase("٥s", null, Description = "Arabic digits are no digits here")]
    public void A_duration_is_nothing_else(string text, string? advice) => Assert.Multiple(() =>
    {
        Assert.That(Reads(Duration, text), Is.False);
        Assert.That(Duration.Advice(text), advice is null ? Is.Null.Or.StartsWith("the units") : Is.EqualTo(advice));
    });

    [Test]
    public void A_duration_keeps_its_bounds() => Assert.Multiple(() =>
    {
        var kind = Kinds.Duration("100ms", "1h");
        Assert.That(Reads(kind, "99ms"), Is.False);
        Assert.That(Reads(kind, "100ms"), Is.True);
        Assert.That(Reads(kind, "60m"), Is.True);
        Assert.That(Reads(kind, "3600001ms"), Is.False);
        Assert.That(kind.Expected, Is.EqualTo("a duration from 100ms to 1h such as 5s"));
    });

    [TestCase(600, "10m")]
    [TestCase(90, "90s")]
    [TestCase(86_400, "1d")]
    [TestCase(0.25, "250ms")]
    [TestCase(0, "0ms")]
    public void A_duration_prints_in_the_largest_whole_unit(double seconds, string text) => Assert.That(Duration.Print(TimeSpan.FromSeconds(seconds)), Is.EqualTo(text));

    [TestCase("512B", 512)]
    [TestCase("64KiB", 65_536)]
    [TestCase("10MB", 10_000_000)]
    [TestCase("1TiB", 1L << 40)]
    public void A_size_is_a_number_and_a_unit(string text, long bytes) => Assert.That(Value(Size, text), Is.EqualTo(bytes));

    [TestCase("64")]
    [TestCase("64kib")]
    [TestCase("64K")]
    [TestCase("64 KiB")]
    public void A_size_is_nothing_else(string text) => Assert.That(Reads(Size, text), Is.False);

    [TestCase("240B/s", 240)]
    [TestCase("1KiB/s", 1024)]
    public void A_bandwidth_is_a_size_per_second(string text, long bytes) => Assert.That(Value(Bandwidth, text), Is.EqualTo(bytes));

    [TestCase("240B")]
    [TestCase("240/s")]
    [TestCase("/s")]
    [TestCase("s")]
    [TestCase("240B/min")]
    public void A_bandwidth_is_nothing_else(string text) => Assert.That(Reads(Bandwidth, text), Is.False);

    [TestCase("10%", 0.1)]
    [TestCase("0%", 0)]
    [TestCase("100%", 1)]
    [TestCase("2.5%", 0.025)]
    [TestCase("99.9999%", 0.999999)]
    public void A_percentage_is_a_share(string text, double share) => Assert.That(Value(Percent, text), Is.EqualTo(share));

    [TestCase("10")]
    [TestCase("0.1")]
    [TestCase("%")]
    [TestCase("10 %")]
    [TestCase("10%%")]
    [TestCase("-1%")]
    [TestCase("101%")]
    [TestCase(".5%")]
    [TestCase("5.%")]
    [TestCase("1e1%")]
    [TestCase("NaN%")]
    [TestCase("1.23456%")]
    public void A_percentage_is_nothing_else(string text) => Assert.That(Reads(Percent, text), Is.False);

    [TestCase("50/s", 50, 1)]
    [TestCase("60/min", 60, 60)]
    [TestCase("1000/h", 1000, 3600)]
    public void A_rate_is_a_count_per_window(string text, long count, int seconds) =>
        Assert.That(Value(Kinds.Rate, text), Is.EqualTo(new Rate(count, TimeSpan.FromSeconds(seconds))));

    [TestCase("0/s", null)]
    [TestCase("010/s", null)]
    [TestCase("60", null)]
    [TestCase("60/m", "a minute is min")]
    [TestCase("60/day", "days and months are calendar periods and belong to a quota")]
    [TestCase("50000/month", "days and months are calendar periods and belong to a quota")]
    [TestCase("1/s/s", null)]
    [TestCase("9999999999/s", null)]
    public void A_rate_is_nothing_else(string text, string? advice) => Assert.Multiple(() =>
    {
        Assert.That(Reads(Kinds.Rate, text), Is.False);
        Assert.That(Kinds.Rate.Advice(text), Is.EqualTo(advice));
    });

    [TestCase("0")]
    [TestCase("007")]
    [TestCase("+7")]
    [TestCase("7.0")]
    [TestCase("1e1")]
    [TestCase("0x7")]
    [TestCase("1_0")]
    [TestCase("99999999999")]
    [TestCase(" 7")]
    public void A_whole_number_is_decimal_digits_within_its_bounds(string text) => Assert.That(Reads(Kinds.Integer(1, 1000), text), Is.False);

    [TestCase("20_000")]
    [TestCase("20,000")]
    [TestCase("20 000")]
    public void A_whole_number_with_separators_gets_advice(string text) => Assert.That(Kinds.Integer(1, 100_000).Advice(text), Is.EqualTo("write the digits alone"));

    private static bool RoundTrip<T>(Kind<T> kind, T value) => EqualityComparer<T>.Default.Equals(Value(kind, kind.Print(value)!), value);

    private static bool Reads<T>(Kind<T> kind, string? text)
    {
        var reader = new ConfigReader();
        return kind.Attempt(Node.Of(text ?? ""), default!, reader, out _) == ReadOutcome.Read;
    }

    private static T Value<T>(Kind<T> kind, string text)
    {
        var reader = new ConfigReader();
        var value = kind.Read(Node.Of(text), default!, reader);
        Assert.That(reader.Errors, Is.Empty);
        return value;
    }
}
