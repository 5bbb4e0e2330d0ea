using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class EventLoopTests
{
    [Test]
    public async Task Runs_what_is_posted_in_order_on_its_own_thread()
    {
        using var loops = new TestLoops();
        var seen = new List<int>();
        for (var number = 0; number < 1000; number++)
        {
            var copy = number;
            loops.First.Post(_ => seen.Add(loops.First.InLoop ? copy : -1), null);
        }

        await loops.Run(() => { });
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 1000)));
    }

    /// <summary>Since Linux 6.12 there are slices of a thread's own; before, the kernel takes the wish and tells none.</summary>
    [Test]
    public async Task Asks_for_the_shortest_time_slice()
    {
        using var loops = new TestLoops();
        var slice = ulong.MaxValue;
        await loops.Run(() => slice = TimeSlice.OfCaller());
        Assert.That(slice, Is.EqualTo(Environment.OSVersion.Version >= new Version(6, 12) ? TimeSlice.ShortestNs : 0));
    }

    [Test]
    public async Task Takes_posts_from_many_threads_without_losing_one()
    {
        using var loops = new TestLoops();
        var count = 0;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var number = 0; number < 10_000; number++)
            {
                loops.First.Post(_ => count++, null);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        await loops.Run(() => { });
        Assert.That(count, Is.EqualTo(40_000));
    }

    [Test]
    public async Task Awaiting_it_moves_there_and_only_when_needed()
    {
        using var loops = new TestLoops(2);
        var first = loops.Group.Loops[0];
        var second = loops.Group.Loops[1];
        await first;
        var there = first.InLoop;
        var turnsBefore = first.Turns;
        await first;
        var stayed = first.InLoop && first.Turns == turnsBefore;
        await second;
        var moved = second.InLoop && !first.InLoop;
        await Task.Yield();
        await Task.Run(() => { });
        Assert.That((there, stayed, moved), Is.EqualTo((true, true, true)));
    }

    [Test]
    public async Task Goes_on_after_an_exception_in_a_callback()
    {
        using var loops = new TestLoops();
        loops.First.Post(_ => throw new InvalidOperationException("the loop must survive this"), null);
        var alive = await loops.Run(() => true);
        Assert.That(alive);
        Assert.That(loops.Escaped.TryDequeue(out var error), Is.True);
        Assert.That(error!.Message, Is.EqualTo("the loop must survive this"));
    }

    [Test]
    public async Task Fires_timers_in_order_never_early_and_not_after_cancel()
    {
        var time = new ManualTime();
        using var loops = new TestLoops(time: time);
        var fired = new List<string>();
        var loop = loops.First;
        await loops.Run(() =>
        {
            var canceled = new LoopTimer(_ => fired.Add("canceled"), fired);
            loop.Schedule(new LoopTimer(_ => fired.Add("late"), fired), TimeSpan.FromMinutes(5));
            loop.Schedule(new LoopTimer(_ => fired.Add("soon"), fired), TimeSpan.FromMilliseconds(100));
            loop.Schedule(canceled, TimeSpan.FromMilliseconds(50));
            loop.Cancel(canceled);
        });

        await AdvanceTo(99);
        Assert.That(fired, Is.Empty);
        await AdvanceTo(125);
        Assert.That(fired, Is.EqualTo(new[] { "soon" }));
        await AdvanceTo(299_999);
        Assert.That(fired, Is.EqualTo(new[] { "soon" }));
        await AdvanceTo(300_025);
        Assert.That(fired, Is.EqualTo(new[] { "soon", "late" }));

        async Task AdvanceTo(int ms)
        {
            time.Advance(TimeSpan.FromMilliseconds(ms - (time.GetTimestamp() / 10_000)));
            await loops.Run(() => { });
            await loops.Run(() => { });
        }
    }

    [Test]
    public async Task A_timer_that_is_set_late_in_a_long_turn_has_all_of_its_time()
    {
        var time = new ManualTime();
        using var loops = new TestLoops(time: time);
        var loop = loops.First;
        var fired = new List<string>();
        var set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(
            _ =>
            {
                // In one turn: what is posted on the loop while another waits is run with it.
                loop.Post(_ => time.Advance(TimeSpan.FromSeconds(3)), null);
                loop.Post(
                    _ =>
                    {
                        loop.Schedule(new LoopTimer(_ => fired.Add("fired"), fired), TimeSpan.FromSeconds(1));
                        set.SetResult();
                    },
                    null);
            },
            null);
        await set.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await loops.Run(() => { });
        await loops.Run(() => { });
        Assert.That(fired, Is.Empty);
        time.Advance(TimeSpan.FromMilliseconds(1025));
        await loops.Run(() => { });
        await loops.Run(() => { });
        Assert.That(fired, Is.EqualTo(new[] { "fired" }));
    }

    [Test]
    public async Task What_has_come_within_a_long_turn_is_looked_at_before_its_time_is_over()
    {
        var time = new ManualTime();
        using var loops = new TestLoops(time: time);
        using var listener = Loopback.Listen();
        var connected = new TaskCompletionSource<ConnectResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        loops.First.Post(
            _ =>
            {
                _ = ConnectAsync();
                Assert.That(listener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), Is.True);
                time.Advance(TimeSpan.FromSeconds(1));
            },
            null);
        var result = await connected.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(result.Fault, Is.EqualTo(Fault.None));
        await loops.Run(() => result.Socket!.Close());

        async Task ConnectAsync() => connected.SetResult(await ConnectAttempt.StartAsync(loops.First, listener.LocalEndPoint!, TimeSpan.FromMilliseconds(100)));
    }

    [Test]
    public async Task A_blocked_loop_is_reported_once_a_stall()
    {
        using var loops = new TestLoops();
        using var release = new ManualResetEventSlim();
        loops.First.Post(_ => release.Wait(), null);
        await WaitFor(() => !loops.Stalled.IsEmpty);
        Assert.That(loops.Group.AllTurning, Is.False);
        release.Set();
        await loops.Run(() => { });
        await WaitFor(() => loops.Group.AllTurning);
        Assert.That(loops.Stalled, Is.EqualTo(new[] { 0 }));
        Assert.That(loops.Group.StallsOf(0), Is.EqualTo(1));
        Assert.That(loops.Group.LongestTurnOf(0), Is.GreaterThan(LoopWatchdog.StallAfter), "the longest turn was that one");
    }

    [Test]
    public async Task The_longest_turn_is_remembered_for_a_minute_more()
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        using var loops = new TestLoops(time: time);
        using var inTurn = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        loops.First.Post(
            _ =>
            {
                inTurn.Set();
                release.Wait();
            },
            null);
        await Task.Run(() => inTurn.Wait(TimeSpan.FromSeconds(20)));
        using var watchdog = new LoopWatchdog(loops.Group.Loops.ToArray(), time, _ => { });
        time.Advance(TimeSpan.FromSeconds(3));
        watchdog.Look();
        release.Set();
        await loops.Run(() => { });
        Assert.That(watchdog.LongestTurnOf(0), Is.EqualTo(TimeSpan.FromSeconds(3)));

        watchdog.BeginMinute();
        Assert.That(watchdog.LongestTurnOf(0), Is.EqualTo(TimeSpan.FromSeconds(3)));

        // The watchdog's own thread may be in the middle of a look, which puts it into one minute more.
        await WaitFor(() =>
        {
            watchdog.BeginMinute();
            return watchdog.LongestTurnOf(0) < TimeSpan.FromSeconds(3);
        });
    }

    private static Task WaitFor(Func<bool> condition) =>
        Task.Run(() => Assert.That(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(20)), Is.True));
}
