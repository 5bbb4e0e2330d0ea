using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class LoopMeterTests
{
    [Test]
    public void Counts_turns_and_their_events()
    {
        var meter = new LoopMeter();
        meter.Turn(3);
        meter.Turn(0);
        meter.Turn(-1);

        Assert.That((meter.Turns, meter.Events), Is.EqualTo((3L, 3L)));
    }

    [Test]
    public void Tells_the_longest_turn_once()
    {
        var meter = new LoopMeter();
        for (var turn = 1; turn <= 9; turn++)
        {
            meter.Turn(1);
            meter.TurnEnded(TimeSpan.FromMilliseconds(turn == 4 ? 7 : 1));
        }

        Assert.That(meter.TakeLongestTurn(), Is.EqualTo(TimeSpan.FromMilliseconds(7)));
        Assert.That(meter.TakeLongestTurn(), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Has_the_CPU_time_of_the_loops_thread_and_of_no_other()
    {
        using var loops = new TestLoops(2);
        var before = loops.First.Meter.CpuTime;
        var other = loops.Group.Loops[1].Meter;
        await loops.Run(() =>
        {
            // Until the kernel's own account of this thread has moved: no wall clock, whatever else the machine does.
            while (loops.First.Meter.CpuTime - before < TimeSpan.FromMilliseconds(50))
            {
            }
        });

        Assert.That(loops.First.Meter.CpuTime - before, Is.GreaterThanOrEqualTo(TimeSpan.FromMilliseconds(50)));
        Assert.That(other.CpuTime, Is.LessThan(loops.First.Meter.CpuTime));
    }

    [Test]
    public void Has_no_CPU_time_of_a_loop_that_has_ended()
    {
        var loops = new TestLoops();
        loops.Dispose();

        Assert.That(loops.First.Meter.CpuTime, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Counts_the_events_and_sockets_of_a_running_loop()
    {
        using var loops = new TestLoops();
        var sockets = loops.First.SourceCount;
        using var listener = Loopback.Listen();
        var connected = await loops.Run(() => ConnectAttempt.StartAsync(loops.First, listener.LocalEndPoint!, TimeSpan.FromSeconds(10)));

        Assert.That(loops.First.SourceCount, Is.EqualTo(sockets + 1));
        Assert.That(loops.First.Meter.Events, Is.Positive);
        await loops.Run(() => connected.Socket!.Close());
        Assert.That(loops.First.SourceCount, Is.EqualTo(sockets));
    }

    [Test]
    public void Allocates_nothing()
    {
        var meter = new LoopMeter();
        var allocated = Allocations.Of(() =>
        {
            for (var turn = 0; turn < 1000; turn++)
            {
                meter.Turn(1);
                meter.TurnEnded(TimeSpan.Zero);
            }
        });

        Assert.That(allocated, Is.Zero);
    }
}
