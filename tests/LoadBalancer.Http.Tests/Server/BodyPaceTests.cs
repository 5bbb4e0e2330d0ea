using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Server;

/// <summary>How a wait for a bandwidth ends.</summary>
internal sealed class BodyPaceTests
{
    private readonly ManualTime _time = new();
    private LoopGroup _loops = null!;

    [OneTimeSetUp]
    public void Begin() => _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });

    [OneTimeTearDown]
    public void End() => _loops.Dispose();

    [Test]
    public async Task Whoever_goes_away_as_its_turn_comes_waits_in_no_further_line([Values] bool goes)
    {
        var loop = _loops.Loops[0];
        var (first, second) = (UsedUp(), UsedUp());
        var body = new BodyPace(loop);
        body.Keep(first);
        body.Keep(second);
        var wait = new TaskCompletionSource<Task<bool>>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(
            _ =>
            {
                Assert.That(body.TryTake(1), Is.False);
                var granted = body.WaitAsync().AsTask().ContinueWith(each => each.Result, TaskScheduler.Default);
                _time.Advance(TimeSpan.FromSeconds(1));

                // It is granted the byte, and hears of it later in this turn of the loop.
                first.Serve();
                if (goes)
                {
                    body.Interrupt();
                }

                wait.SetResult(granted);
            },
            null);
        var result = await (await wait.Task).WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs));
        Assert.That(result, Is.EqualTo(!goes));
    }

    private Pace UsedUp()
    {
        var pace = new PaceTable(1, 1, new PaceCounts(1), _time).Enter(1);
        Assert.That(pace.TryTake(1), Is.True);
        return pace;
    }
}
