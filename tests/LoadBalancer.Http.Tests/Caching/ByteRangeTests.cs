using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>Which part of a body a request asks for. The examples of RFC 9110 section 14.1.2 have 10,000 bytes.</summary>
internal sealed class ByteRangeTests
{
    [TestCase("bytes=0-499", 0, 500)]
    [TestCase("bytes=500-999", 500, 500)]
    [TestCase("bytes=-500", 9500, 500)]
    [TestCase("bytes=9500-", 9500, 500)]
    [TestCase("bytes=0-0", 0, 1)]
    [TestCase("bytes=-1", 9999, 1)]
    [TestCase("bytes=0-", 0, 10_000)]
    [TestCase("bytes=9999-9999", 9999, 1)]
    [TestCase("bytes=9000-20000", 9000, 1000)]
    [TestCase("bytes=9000-99999999999999999999999999", 9000, 1000)]
    [TestCase("bytes=-20000", 0, 10_000)]
    [TestCase("bytes=-99999999999999999999999999", 0, 10_000)]
    [TestCase("Bytes=0-499", 0, 500)]
    [TestCase("bytes= 0-499", 0, 500)]
    [TestCase("bytes=000-0499", 0, 500)]
    public void One_range_is_a_part(string range, long start, long length) =>
        Assert.That(ByteRange.Of(Fields.Of($"Range: {range}"), 10_000), Is.EqualTo(new ByteRange(RangeWish.Part, start, length)));

    [TestCase("bytes=10000-")]
    [TestCase("bytes=10000-10001")]
    [TestCase("bytes=99999999999999999999999999-")]
    [TestCase("bytes=-0")]
    public void One_that_has_nothing_of_it_cannot_be_satisfied(string range) =>
        Assert.That(ByteRange.Of(Fields.Of($"Range: {range}"), 10_000), Is.EqualTo(new ByteRange(RangeWish.Unsatisfiable)));

    [TestCase("bytes=0-0,-1")]
    [TestCase("bytes=500-600,601-999")]
    [TestCase("bytes=0-1, ")]
    [TestCase("bytes=500-499")]
    [TestCase("bytes=-")]
    [TestCase("bytes=")]
    [TestCase("bytes")]
    [TestCase("bytes=a-b")]
    [TestCase("bytes=--1")]
    [TestCase("bytes=1--1")]
    [TestCase("bytes=+1-2")]
    [TestCase("bytes=1 - 2")]
    [TestCase("bytes=0x0-1")]
    [TestCase("bytes =0-1")]
    [TestCase("bytes:0-1")]
    [TestCase("lines=0-1")]
    [TestCase("none")]
    public void Several_and_what_nobody_can_read_are_the_whole(string range) =>
        Assert.That(ByteRange.Of(Fields.Of($"Range: {range}"), 10_000), Is.EqualTo(default(ByteRange)));

    [Test]
    public void So_are_two_lines_and_none()
    {
        Assert.That(ByteRange.Of(Fields.Of("Range: bytes=0-1", "Range: bytes=0-1"), 10_000).Wish, Is.EqualTo(RangeWish.Whole));
        Assert.That(ByteRange.Of(Fields.Of("Accept: */*"), 10_000).Wish, Is.EqualTo(RangeWish.Whole));
    }

    [TestCase("bytes=0-", RangeWish.Unsatisfiable)]
    [TestCase("bytes=0-0", RangeWish.Unsatisfiable)]
    [TestCase("bytes=-1", RangeWish.Whole)]
    [TestCase("bytes=-0", RangeWish.Unsatisfiable)]
    public void Of_an_empty_body_only_its_end_can_be_had(string range, object wish) =>
        Assert.That(ByteRange.Of(Fields.Of($"Range: {range}"), 0).Wish, Is.EqualTo(wish));

    [Test]
    public void No_part_is_empty_or_beyond_the_end()
    {
        var random = new Random(1);
        string[] numbers = ["", "0", "1", "9", "10", "11", "9223372036854775807", "9223372036854775808"];
        for (var at = 0; at < 2000; at++)
        {
            var whole = random.Next(0, 12);
            var range = ByteRange.Of(Fields.Of($"Range: bytes={numbers[random.Next(numbers.Length)]}-{numbers[random.Next(numbers.Length)]}"), whole);
            Assert.That(range.Wish != RangeWish.Part || (range.Start >= 0 && range.Length > 0 && range.Start + range.Length <= whole), Is.True, $"{range} of {whole}");
        }
    }
}
