using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Tests.Forwarding;

/// <summary>Whose silence counts while bodies keep to a bandwidth.</summary>
internal sealed class BodyCopierTests
{
    private readonly ManualTime _time = new();
    private LoopGroup _loops = null!;

    [OneTimeSetUp]
    public void Begin() => _loops = new LoopGroup(1, _time, (_, _) => { }, _ => { });

    [OneTimeTearDown]
    public void End() => _loops.Dispose();

    [Test]
    public async Task An_endpoint_that_takes_nothing_has_no_longer_for_a_body_with_a_bandwidth()
    {
        var loop = _loops.Loops[0];
        var pace = new PaceTable(1000, 512, new PaceCounts(1), _time).Enter(1);
        Assert.That(pace.TryTake(256) && pace.TryTake(256), Is.True, "the burst is used up");
        var exchange = Heads.Refill(new Exchange(loop), "/");
        exchange.RequestBody = new BufferedBody(new byte[300]);
        exchange.KeepRequestPace(pace);
        var (endpoint, work) = (new StalledEndpoint(loop), new ForwardWork(loop));
        Task<bool>? upload = null;
        loop.Post(_ => upload = BodyCopier.UploadAsync(exchange, work, endpoint, new UpstreamTimeouts { FirstByte = TimeSpan.FromSeconds(1) }, _time).AsTask(), null);
        await endpoint.Stalled;
        await After(loop);
        _time.Advance(TimeSpan.FromSeconds(2));
        loop.Wake();
        Assert.That(await endpoint.Late.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs)), Is.EqualTo(FaultKind.FirstByteTimeout));
        await After(loop);
        Assert.That((upload!.IsCompleted, upload.IsCompleted && upload.Result), Is.EqualTo((true, false)));
    }

    [Test]
    public async Task What_has_ended_while_it_was_held_can_be_held_again()
    {
        var loop = _loops.Loops[0];
        var endpoint = new StalledEndpoint(loop);
        loop.Post(
            _ =>
            {
                endpoint.Hold();
                endpoint.Close();
                endpoint.Unhold();
                endpoint.Expect(TimeSpan.FromSeconds(1), FaultKind.BetweenBytesTimeout);
            },
            null);
        await After(loop);
        _time.Advance(TimeSpan.FromSeconds(2));
        loop.Wake();
        Assert.That(await endpoint.Late.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs)), Is.EqualTo(FaultKind.BetweenBytesTimeout));
    }

    private static Task After(EventLoop loop)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(_ => turn.SetResult(), null);
        return turn.Task;
    }
}
