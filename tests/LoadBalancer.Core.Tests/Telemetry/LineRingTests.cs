using System.Text;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class LineRingTests
{
    [Test]
    public void Gives_back_whole_lines_in_order_around_its_end()
    {
        var ring = new LineRing(16);
        var read = new StringBuilder();
        for (var line = 100; line < 150; line++)
        {
            Assert.That(ring.TryAppend(Encoding.UTF8.GetBytes($"line{line}\n")), Is.True);
            ReadAll(ring, read);
        }

        Assert.That(read.ToString(), Is.EqualTo(string.Concat(Enumerable.Range(100, 50).Select(line => $"line{line}\n"))));
        Assert.That((ring.Lines, ring.Dropped), Is.EqualTo((50L, 0L)));
    }

    [Test]
    public void Drops_and_counts_the_line_that_finds_no_room()
    {
        var ring = new LineRing(8);
        Assert.That(ring.TryAppend("1234\n"u8), Is.True);
        Assert.That(ring.TryAppend("5678\n"u8), Is.False);
        Assert.That(ring.TryAppend("56\n"u8), Is.True);

        Assert.That(ReadAll(ring, new()).ToString(), Is.EqualTo("1234\n56\n"));
        Assert.That((ring.Lines, ring.Dropped), Is.EqualTo((2L, 1L)));
    }

    [Test]
    public void Cuts_the_rest_of_a_half_read_line_alone()
    {
        var ring = new LineRing(16);
        ring.TryAppend("12345678\n"u8);
        ring.TryAppend("next\n"u8);
        ring.Advance(3);
        ring.CutLine();

        Assert.That(ReadAll(ring, new()).ToString(), Is.EqualTo("next\n"));
        Assert.That(ring.Dropped, Is.EqualTo(1));
    }

    [Test]
    public void Carries_every_line_from_one_thread_to_another()
    {
        const int Lines = 100_000;
        var ring = new LineRing(1024);
        var producer = new Thread(() =>
        {
            for (var line = 0; line < Lines; line++)
            {
                var bytes = Encoding.UTF8.GetBytes($"{line}\n");
                while (!ring.TryAppend(bytes))
                {
                    Thread.Yield();
                }
            }
        });
        producer.Start();
        var read = new StringBuilder();
        while (!producer.Join(0) || !ring.IsEmpty)
        {
            ReadAll(ring, read);
        }

        Assert.That(read.ToString(), Is.EqualTo(string.Concat(Enumerable.Range(0, Lines).Select(line => $"{line}\n"))));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(1000)]
    public void Refuses_a_size_that_is_no_power_of_two(int capacity) =>
        Assert.That(() => new LineRing(capacity), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static StringBuilder ReadAll(LineRing ring, StringBuilder to)
    {
        while (ring.Peek() is { IsEmpty: false } bytes)
        {
            to.Append(Encoding.UTF8.GetString(bytes));
            ring.Advance(bytes.Length);
        }

        return to;
    }
}
