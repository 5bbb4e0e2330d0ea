using LoadBalancer.Http.Forwarding;

namespace LoadBalancer.Http.Tests.Forwarding;

internal sealed class WebSocketFramesTests
{
    [Test]
    public void Knows_the_end_of_each_frame_however_the_bytes_are_cut()
    {
        // An empty one, lengths in 7, 16 and 64 bits, one with a mask, and a Close.
        int[] lengths = [0, 125, 126, 65_536];
        byte[] stream = [.. lengths.SelectMany(length => Frame(0x82, length)), .. Frame(0x81, 7, masked: true), .. Frame(0x88, 2)];
        List<int> ends = [];
        foreach (var frame in lengths.Select(length => Frame(0x82, length)).Append(Frame(0x81, 7, masked: true)).Append(Frame(0x88, 2)))
        {
            ends.Add(ends.LastOrDefault() + frame.Length);
        }

        var random = new Random(6);
        for (var round = 0; round < 50; round++)
        {
            var frames = default(WebSocketFrames);
            var seen = new List<int>();
            for (var at = 0; at < stream.Length;)
            {
                Assert.That(frames.HasClosed, Is.EqualTo(at > ends[^2]));
                var piece = stream.AsSpan(at, Math.Min(stream.Length - at, random.Next(1, round % 2 == 0 ? 8 : 40_000)));
                at += frames.Take(piece, toBoundary: true);
                if (frames.IsBetween)
                {
                    seen.Add(at);
                }
            }

            Assert.That(seen, Is.EqualTo(ends));
        }
    }

    [Test]
    public void Follows_all_that_is_there_where_no_boundary_is_asked_for()
    {
        var frames = default(WebSocketFrames);
        Assert.That(frames.IsBetween);
        byte[] bytes = [.. Frame(0x82, 10), .. Frame(0x82, 300), .. Frame(0x82, 10)[..5]];
        Assert.That(frames.Take(bytes, toBoundary: false), Is.EqualTo(bytes.Length));
        Assert.That(frames.IsBetween, Is.False);
        Assert.That(frames.Take(new byte[20], toBoundary: true), Is.EqualTo(7));
    }

    private static byte[] Frame(byte first, int length, bool masked = false)
    {
        byte mask = masked ? (byte)0x80 : (byte)0;
        byte[] head = length switch
        {
            < 126 => [first, (byte)(mask | length)],
            < 65_536 => [first, (byte)(mask | 126), (byte)(length >> 8), (byte)length],
            _ => [first, (byte)(mask | 127), 0, 0, 0, 0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length],
        };
        return [.. head, .. new byte[masked ? length + 4 : length]];
    }
}
