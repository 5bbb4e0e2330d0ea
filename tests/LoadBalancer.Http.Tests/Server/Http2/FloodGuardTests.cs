using LoadBalancer.Http.Server.Http2;

namespace LoadBalancer.Http.Tests.Server.Http2;

/// <summary>What a client may make lb do for nothing.</summary>
public sealed class FloodGuardTests
{
    [Test]
    public void Frames_at_once_are_bounded_and_come_back_with_time()
    {
        var guard = new FloodGuard(0, 100);
        Assert.That(Enumerable.Range(0, 2_000).All(_ => guard.Take(0)), Is.True);
        Assert.That(guard.Take(0), Is.False);
        guard = new FloodGuard(0, 100);
        Assert.That(Enumerable.Range(0, 100).All(second => Enumerable.Range(0, 400).All(_ => guard.Take(second * 1000L))), Is.True, "400 a second, for ever");
        Assert.That(Enumerable.Range(0, 100).All(second => Enumerable.Range(0, 700).All(_ => guard.Take(100_000 + (second * 1000L)))), Is.False, "700 a second, not for ever");
    }

    [Test]
    public void Resets_have_a_budget_of_their_own()
    {
        var guard = new FloodGuard(0, 100);
        Assert.That(Enumerable.Range(0, 200).All(_ => guard.TakeReset(0)), Is.True);
        Assert.That(guard.TakeReset(0), Is.False);
    }

    [TestCase(1)]
    [TestCase(99)]
    public void A_client_may_be_refused_as_many_streams_as_clients_open_before_they_know_how_many_they_may(int streams)
    {
        var guard = new FloodGuard(0, streams);
        Assert.That(Enumerable.Range(0, 200).All(_ => guard.TakeReset(0)), Is.True);
        Assert.That(guard.TakeReset(0), Is.False);
        guard = new FloodGuard(0, streams);
        Assert.That(Enumerable.Range(1, 100).All(second => Enumerable.Range(0, 90).All(_ => guard.TakeReset(second * 1000L))), Is.True, "90 a second, for ever");
    }

    [Test]
    public void Work_earns_frames_back_up_to_the_bound()
    {
        var guard = new FloodGuard(0, 100);
        Assert.That(Enumerable.Range(0, 10_000).All(_ =>
        {
            guard.Earn(1);
            return guard.Take(0);
        }), Is.True);
        guard.Earn(int.MaxValue - 5_000);
        Assert.That(Enumerable.Range(0, 2_001).All(_ => guard.Take(0)), Is.False);
    }

    [Test]
    public void Updates_that_data_calls_for_are_free_and_wait_for_a_peer_that_reads_late()
    {
        var guard = new FloodGuard(0, 100);
        for (var frame = 0; frame < 1_000; frame++)
        {
            guard.Sent(16 * 1024);
        }

        // Each KiB, on the stream and on the connection.
        Assert.That(Enumerable.Range(0, 2 * 16 * 1_000).All(_ => guard.TakeUpdate(0)), Is.True);
        Assert.That(Enumerable.Range(0, 2_000).All(_ => guard.Take(0)), Is.True, "and nothing of the rest is spent");
    }

    [Test]
    public void Updates_that_no_data_calls_for_are_counted_like_any_frame()
    {
        var guard = new FloodGuard(0, 100);
        guard.Sent(1);
        Assert.That(Enumerable.Range(0, 2_002).All(_ => guard.TakeUpdate(0)), Is.True);
        Assert.That(guard.TakeUpdate(0), Is.False);
    }
}
