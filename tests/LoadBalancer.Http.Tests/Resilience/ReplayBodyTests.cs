using System.Buffers;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Resilience;

internal sealed class ReplayBodyTests
{
    [Test]
    public void Gives_the_whole_body_again_or_says_that_it_cannot([Values(0, 1, 4096, 5000, 20_000)] int length, [Values(0, 1, 4096, 4999, 5000, 64 * 1024)] int most)
    {
        var random = new Random((length * 31) + most);
        var bytes = new byte[length];
        random.NextBytes(bytes);
        var room = new ReplayRoom();
        var body = new ReplayBody(room);
        for (var use = 0; use < 2; use++)
        {
            var original = new PiecedBody(bytes, random);
            body.Begin(original, most);
            for (var at = 0; at < 5; at++)
            {
                // Some way into it, as an attempt that fails gets.
                Read(body, random.Next(length + 2));
                Assert.That(body.CanRewind, Is.EqualTo(original.BytesRead <= most));
                if (!body.CanRewind)
                {
                    break;
                }

                body.Rewind();
            }

            if (body.CanRewind)
            {
                body.Rewind();
                Assert.That(Read(body, int.MaxValue).AsSpan().SequenceEqual(bytes), Is.True);
                Assert.That((body.IsAtEnd, body.BytesRead), Is.EqualTo((true, (long)length)));
            }

            Assert.That(body.End(), Is.SameAs(original));
            Assert.That(room.Bodies, Is.Zero);
        }
    }

    [Test]
    public void Goes_on_to_its_end_where_it_is_not_begun_anew_any_more([Values(0, 1, 5000, 20_000)] int length, [Values(0, 3000, 20_000)] int before, [Values] bool replays)
    {
        var random = new Random(length + before);
        var bytes = new byte[length];
        random.NextBytes(bytes);
        var room = new ReplayRoom();
        var body = new ReplayBody(room);
        body.Begin(new PiecedBody(bytes, random), most: 64 * 1024);
        var read = Read(body, before);
        if (replays)
        {
            body.Rewind();
            read = [];
        }

        body.Stop();
        Assert.That(body.CanRewind, Is.False);
        Assert.That(body.IsAtEnd && !replays ? read : [.. read, .. Read(body, int.MaxValue)], Is.EqualTo(bytes));
        Assert.That(body.KeptBytes, Is.Zero);
        body.End();
        Assert.That(room.Bodies, Is.Zero);
    }

    [Test]
    public void Many_together_keep_no_more_than_there_is_room_for()
    {
        const int Length = 5000;
        var random = new Random(1);
        var bytes = new byte[Length];
        random.NextBytes(bytes);
        var room = new ReplayRoom(100 * 1024);
        var bodies = Enumerable.Range(0, 20).Select(_ => new ReplayBody(room)).ToList();
        foreach (var body in bodies)
        {
            body.Begin(new PiecedBody(bytes, random), most: 64 * 1024);
            Assert.That(Read(body, int.MaxValue), Is.EqualTo(bytes), "kept or not");
        }

        // The memory of each is a power of two, and larger than its body.
        var kept = bodies.Where(body => body.CanRewind).ToList();
        Assert.That(kept, Has.Count.InRange(100 / 16, 100 / 8));
        Assert.That(room.Bodies, Is.EqualTo(kept.Count));
        Assert.That(room.Bytes, Is.InRange(kept.Count * Length, 100 * 1024));
        Assert.That(room.Unkept, Is.EqualTo(20 - kept.Count), "each of the others counts once");
        Assert.That(bodies.Sum(body => body.KeptBytes), Is.EqualTo(kept.Count * Length), "the others keep nothing");
        foreach (var body in kept)
        {
            body.Rewind();
            Assert.That(Read(body, int.MaxValue), Is.EqualTo(bytes));
        }

        bodies[0].End();
        var late = new ReplayBody(room);
        late.Begin(new PiecedBody(bytes, random), most: 64 * 1024);
        Read(late, int.MaxValue);
        Assert.That(late.CanRewind, Is.True, "another one may have what is free again");
        late.End();
        bodies.ForEach(body => body.Stop());
        Assert.That((room.Bodies, room.Bytes), Is.EqualTo((0, 0L)));
        Assert.That(room.TryMove(0, 100 * 1024), Is.True, "all of it is there again");
    }

    private static byte[] Read(ReplayBody body, int upTo)
    {
        var read = new ArrayBufferWriter<byte>();
        while (read.WrittenCount < upTo)
        {
            Assert.That(body.TryRead(out var part), Is.True);
            read.Write(part.Data.ToArray());
            body.Advance();
            if (part.IsLast)
            {
                break;
            }
        }

        return read.WrittenSpan.ToArray();
    }

    private sealed class PiecedBody(byte[] bytes, Random random) : BodyReader
    {
        private int _given;

        public override bool TryRead(out BodyPart part)
        {
            _given = Math.Min(bytes.Length - (int)BytesRead, random.Next(3000));
            part = new BodyPart(new ReadOnlySequence<byte>(bytes, (int)BytesRead, _given), BytesRead + _given == bytes.Length);
            return true;
        }

        public override ValueTask<BodyPart> ReadAsync() => throw new InvalidOperationException();

        public override void Advance()
        {
            BytesRead += _given;
            IsAtEnd = BytesRead == bytes.Length;
        }

        public override void Cancel()
        {
        }

        public override void Interrupt()
        {
        }
    }
}
