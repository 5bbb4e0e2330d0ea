using System.Buffers;
using LoadBalancer.Http.Caching;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>What bodies that pass may hold, and which of them gives way.</summary>
internal sealed class RecordingRoomTests
{
    private const int Kilobyte = 1024;

    private CacheStore _store = null!;

    // 100 KiB may be held.
    [SetUp]
    public void Open() => _store = new CacheStore(400 * Kilobyte, new Random(1), shards: 1);

    [Test]
    public void A_body_that_nobody_takes_gives_way_to_those_that_pass()
    {
        var room = new RecordingRoom(1);
        var slow = Enumerable.Range(0, 4).Select(_ => Begin(room, 40 * Kilobyte)).ToArray();
        foreach (var recorder in slow)
        {
            Write(recorder, 24 * Kilobyte);
        }

        for (var turn = 0; turn < 10; turn++)
        {
            var fast = Begin(room, 40 * Kilobyte);
            Write(fast, 24 * Kilobyte);
            Write(fast, 16 * Kilobyte);
            Assert.That((fast.TryTake(out var body), body.Length), Is.EqualTo((true, 40 * Kilobyte)));
        }

        Assert.That(slow.Select(recorder => recorder.IsRecording), Is.EqualTo(new[] { false, false, false, true }), "who moved last is let be");
        Assert.That(_store.RecordedBytes, Is.LessThanOrEqualTo(_store.MostRecorded));
    }

    [Test]
    public void Who_moves_is_not_who_gives_way()
    {
        var room = new RecordingRoom(1);
        var (one, two) = (Begin(room, 60 * Kilobyte), Begin(room, 60 * Kilobyte));
        Write(one, 30 * Kilobyte);
        Write(two, 30 * Kilobyte);
        Write(one, 2 * Kilobyte);
        Write(Begin(room, 60 * Kilobyte), 50 * Kilobyte);

        Assert.That((one.IsRecording, two.IsRecording), Is.EqualTo((true, false)));
    }

    [Test]
    public void A_loop_has_its_share_whatever_others_hold()
    {
        var (hoarder, other) = (new RecordingRoom(2), new RecordingRoom(2));
        for (var count = 0; count < 4; count++)
        {
            Write(Begin(hoarder, 25 * Kilobyte), 25 * Kilobyte);
        }

        var fast = Begin(other, 40 * Kilobyte);
        Write(fast, 40 * Kilobyte);
        Assert.That((fast.TryTake(out _), _store.RecordedBytes), Is.EqualTo((true, _store.MostRecorded)));
    }

    [Test]
    public void One_body_that_is_more_than_all_may_hold_gives_up_and_holds_nothing()
    {
        var recorder = Begin(new RecordingRoom(1), 1000 * Kilobyte);
        Write(recorder, 101 * Kilobyte);

        Assert.That((recorder.IsRecording, _store.RecordedBytes), Is.EqualTo((false, 0)));
    }

    [Test]
    public void Whatever_happens_all_is_given_back([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        var room = new RecordingRoom(1);
        var recorders = Enumerable.Range(0, 20).Select(_ => new BodyRecorder()).ToArray();
        for (var turn = 0; turn < 1000; turn++)
        {
            var recorder = recorders[random.Next(recorders.Length)];
            switch (random.Next(8))
            {
                case 0:
                    recorder.Begin(_store, room, random.Next(2) == 0 ? -1 : 40 * Kilobyte, 60 * Kilobyte);
                    break;
                case 1:
                    recorder.Stop();
                    break;
                case 2:
                    recorder.TryTake(out _);
                    break;
                default:
                    if (recorder.IsRecording)
                    {
                        Write(recorder, random.Next(10 * Kilobyte));
                    }

                    break;
            }

            Assert.That(_store.RecordedBytes, Is.InRange(0, _store.MostRecorded));
        }

        foreach (var recorder in recorders)
        {
            recorder.Stop();
        }

        Assert.That(_store.RecordedBytes, Is.Zero);
    }

    private static void Write(BodyRecorder recorder, int length) => recorder.Write(new ReadOnlySequence<byte>(new byte[length]));

    private BodyRecorder Begin(RecordingRoom room, long length)
    {
        var recorder = new BodyRecorder();
        recorder.Begin(_store, room, length, length);
        return recorder;
    }
}
