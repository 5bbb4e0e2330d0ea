using System.Globalization;
using System.Text;
using LoadBalancer.Redis;

namespace LoadBalancer.Tests.Redis;

/// <summary>The reader of replies: what it takes, what it refuses, and that it never takes a part for the whole.</summary>
internal sealed class RespReaderTests
{
    [TestCase("+OK\r\n", "'OK'")]
    [TestCase("+\r\n", "''")]
    [TestCase("-NOSCRIPT No matching script.\r\n", "the error 'NOSCRIPT No matching script.'")]
    [TestCase(":0\r\n", "0")]
    [TestCase(":-9223372036854775808\r\n", "-9223372036854775808")]
    [TestCase("$5\r\na\r\nbc\r\n", "'a??bc'")]
    [TestCase("$0\r\n\r\n", "''")]
    [TestCase("$-1\r\n", "nothing")]
    [TestCase("*-1\r\n", "nothing")]
    [TestCase("*0\r\n", "[]")]
    [TestCase("*4\r\n:1\r\n:99\r\n:0\r\n:60000000\r\n", "[1 99 0 60000000]")]
    [TestCase("*7\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n", "[1 2 3 4 5 6 7]")]
    [TestCase("*3\r\n:1\r\n$1\r\nx\r\n*1\r\n-ERR\r\n", "[1 'x' [the error 'ERR']]")]
    public void A_reply_is_read_whole_and_no_part_of_it_is_one(string text, string expected)
    {
        var bytes = Encoding.ASCII.GetBytes(text + "+next\r\n");
        Assert.That(RespReader.TryRead(bytes, out var reply, out var length), Is.EqualTo(RespStatus.Whole));
        Assert.That((Print(reply), length), Is.EqualTo((expected, text.Length)));
        for (var end = 0; end < text.Length; end++)
        {
            Assert.That(RespReader.TryRead(bytes.AsSpan(0, end), out _, out _), Is.EqualTo(RespStatus.Incomplete), $"the first {end} bytes");
        }
    }

    [TestCase("HTTP/1.1 400 Bad Request\r\n")]
    [TestCase("\r\n")]
    [TestCase("+OK\n\r\n")]
    [TestCase("+OK\rX")]
    [TestCase(":\r\n")]
    [TestCase(":+1\r\n")]
    [TestCase(":1 \r\n")]
    [TestCase(":9223372036854775808\r\n")]
    [TestCase("$-2\r\n")]
    [TestCase("$3\r\nabcde")]
    [TestCase("$3\r\nabc\rX")]
    [TestCase("$65537\r\n")]
    [TestCase("*-2\r\n")]
    [TestCase("*4097\r\n")]
    [TestCase("*2\r\n:1\r\n!\r\n")]
    [TestCase("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n")]
    [TestCase("_\r\n")]
    public void What_is_no_reply_is_refused(string text) =>
        Assert.That(RespReader.TryRead(Encoding.ASCII.GetBytes(text), out _, out _), Is.EqualTo(RespStatus.Malformed));

    [Test]
    public void What_does_not_end_is_refused_before_it_fills_the_memory()
    {
        Assert.That(RespReader.TryRead(Encoding.ASCII.GetBytes("-" + new string('x', RespReader.LongestLine)), out _, out _), Is.EqualTo(RespStatus.Malformed), "a line");
        var list = Encoding.ASCII.GetBytes("*4096\r\n" + string.Concat(Enumerable.Repeat($"$60000\r\n{new string('x', 60_000)}\r\n", 5)));
        Assert.That(RespReader.TryRead(list, out _, out _), Is.EqualTo(RespStatus.Malformed), "a list");
    }

    [Test]
    public void Any_reply_is_read_back_as_it_was_written_and_any_change_of_it_is_a_reply_or_none([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var text = Write(random, depth: 0, out var expected);
            var bytes = Encoding.ASCII.GetBytes(text);
            Assert.That(RespReader.TryRead(bytes, out var reply, out var length), Is.EqualTo(RespStatus.Whole), text);
            Assert.That((Print(reply), length), Is.EqualTo((expected, bytes.Length)));
            Assert.That(RespReader.TryRead(bytes.AsSpan(0, random.Next(bytes.Length)), out _, out _), Is.EqualTo(RespStatus.Incomplete));

            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var status = RespReader.TryRead(bytes, out _, out length);
            Assert.That(length, Is.LessThanOrEqualTo(bytes.Length), $"{seed} {round} {status}");
        }
    }

    [Test]
    public void A_list_of_numbers_costs_no_memory()
    {
        var bytes = "*4\r\n:1\r\n:99\r\n:0\r\n:60000000\r\n"u8.ToArray();
        long sum = 0;
        Assert.That(
            Allocations.Of(() =>
            {
                for (var count = 0; count < 1000; count++)
                {
                    RespReader.TryRead(bytes, out var reply, out _);
                    sum += reply[1].Number;
                }
            }),
            Is.Zero);
        Assert.That(sum, Is.Positive);
    }

    private static string Write(Random random, int depth, out string expected)
    {
        switch (random.Next(depth < RespReader.Deepest - 1 ? 6 : 5))
        {
            case 0:
                var number = random.NextInt64(long.MinValue, long.MaxValue);
                expected = number.ToString(CultureInfo.InvariantCulture);
                return $":{expected}\r\n";
            case 1:
                var text = new string('t', random.Next(80));
                expected = $"'{text}'";
                return $"${text.Length}\r\n{text}\r\n";
            case 2:
                expected = "nothing";
                return random.Next(2) == 0 ? "$-1\r\n" : "*-1\r\n";
            case 3:
                expected = "'QUEUED'";
                return "+QUEUED\r\n";
            case 4:
                expected = "the error 'ERR no'";
                return "-ERR no\r\n";
            default:
                var items = Enumerable.Range(0, random.Next(9)).Select(_ => (Text: Write(random, depth + 1, out var item), Item: item)).ToList();
                expected = $"[{string.Join(' ', items.Select(item => item.Item))}]";
                return $"*{items.Count}\r\n{string.Concat(items.Select(item => item.Text))}";
        }
    }

    private static string Print(RedisReply reply) => reply.Kind == RedisReplyKind.List
        ? $"[{string.Join(' ', Enumerable.Range(0, reply.Count).Select(index => Print(reply[index])))}]"
        : reply.ToString();
}
