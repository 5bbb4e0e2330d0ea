using LoadBalancer.Balancing;
using LoadBalancer.Faults;
using LoadBalancer.Limits;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>The limit of what is under way at an upstream, and those who wait at it.</summary>
internal sealed class GateTests : UpstreamFixture
{
    private static readonly Fault Overloaded = new(FaultSide.Internal, FaultKind.Overloaded);

    private TestLoops _loops = null!;

    private Gate Gate => Running.Gate!;

    [SetUp]
    public void StartLoops() => _loops = new TestLoops(1, Time);

    [TearDown]
    public void StopLoops() => _loops.Dispose();

    [Test]
    public async Task Is_only_there_where_the_file_wants_one()
    {
        await Run(Options(1));
        Assert.That(Running.Gate, Is.Null);
    }

    [Test]
    public async Task Gives_a_place_that_becomes_free_to_the_most_important_and_to_nobody_who_comes_later()
    {
        await Run(Gated(1));
        Assert.That((Gate.TryEnter(), Gate.TryEnter()), Is.EqualTo((true, false)));
        var (low, high, normal) = (await Wait(Importance.Low), await Wait(Importance.High), await Wait(Importance.Normal));
        foreach (var next in new[] { high, normal, low })
        {
            await Leave();
            Assert.That(await End(next), Is.EqualTo(Fault.None));
            Assert.That(Gate.TryEnter(), Is.False, "the place was never free");
        }

        await Leave();
        Assert.That((Gate.UnderWay, Running.Pending.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Refuses_the_least_important_where_too_many_wait_and_what_is_never_shed_last()
    {
        await Run(Gated(1) with { MaxPending = 2 });
        Assert.That(Gate.TryEnter(), Is.True);
        var (low, never) = (await Wait(Importance.Low), await Wait(Importance.Never));
        var normal = await Wait(Importance.Normal);
        Assert.That(await End(low), Is.EqualTo(Overloaded));
        var second = await Wait(Importance.Normal);
        Assert.That(await End(second), Is.EqualTo(Overloaded), "nobody gives way to an equal");
        var another = await Wait(Importance.Never);
        Assert.That(await End(normal), Is.EqualTo(Overloaded));

        Assert.That(await End(await Wait(Importance.Never)), Is.EqualTo(new Fault(FaultSide.Internal, FaultKind.PendingOverflow)));
        Assert.That((never.IsWaiting, another.IsWaiting, Running.Pending.Overflows), Is.EqualTo((true, true, 1L)));
        Assert.That((Running.Pending.Shed(Importance.Low), Running.Pending.Shed(Importance.Normal), Running.Pending.Shed(Importance.Never)), Is.EqualTo((1L, 2L, 0L)));
    }

    [Test]
    public async Task Ends_a_wait_at_its_deadline_which_is_shorter_the_longer_the_line_stands()
    {
        await Run(Gated(1) with { PendingTimeout = TimeSpan.FromSeconds(1) });
        Assert.That(Gate.TryEnter(), Is.True);
        var (first, never) = (await Wait(Importance.Normal), await Wait(Importance.Never));
        await Pass(0.3);
        var late = End(await Wait(Importance.Normal));
        await Pass(0.15);
        Assert.That((await late, first.IsWaiting), Is.EqualTo((Overloaded, true)));

        await Pass(0.6);
        Assert.That((await End(first), await End(never)), Is.EqualTo((Overloaded, new Fault(FaultSide.Internal, FaultKind.PendingTimeout))));
        Assert.That((Running.Pending.Count, Gate.UnderWay), Is.EqualTo((0, 1)));
    }

    [Test]
    public async Task Is_one_queue_with_those_who_wait_for_a_lease()
    {
        await Run(Gated(1) with { MaxConnections = 1, MaxPending = 1 });
        Assert.That(Running.Lease(new PickContext(0), out var lease) && Gate.TryEnter(), Is.True);
        var low = await Wait(Importance.Low);
        var forLease = (await _loops.Run(() => Running.Wait(_loops.First, 0, [])))!;
        Assert.That((await End(low), forLease.IsWaiting, Running.Pending.Count), Is.EqualTo((Overloaded, true, 1)));

        lease.Return(Fault.None);
        Assert.That((await End(forLease), Gate.UnderWay), Is.EqualTo((Fault.None, 1)));
    }

    [Test]
    public async Task Ends_all_waits_when_the_circuit_opens()
    {
        await Run(Gated(1) with { CircuitBreaker = new() { Minimum = 1 }, PendingTimeout = TimeSpan.FromMinutes(1) });
        Assert.That(Gate.TryEnter() && Running.Circuit!.TryEnter(0, out _), Is.True);
        Assert.That(Running.Circuit!.Refuses(0), Is.False);
        var waits = new[] { await Wait(Importance.Low), await Wait(Importance.Never), await Wait(Importance.High) };
        Running.Circuit.TryEnter(0, out var pass);
        pass.Return(0, Refused);
        await Running.SettleAsync();
        foreach (var wait in waits)
        {
            Assert.That(await End(wait), Is.EqualTo(LeaseQueue.CircuitIsOpen));
        }

        Assert.That((Running.Circuit.Refuses(0), Running.Circuit.Refused, Running.Pending.Count), Is.EqualTo((true, 1L, 0)));
        Time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(Running.Circuit.Refuses(0), Is.False, "half open: whoever comes tries it");
    }

    [Test]
    public async Task Lets_nobody_wait_where_no_endpoint_is_left()
    {
        await Run(Gated(1) with { PendingTimeout = TimeSpan.FromMinutes(1) });
        Assert.That(Gate.TryEnter(), Is.True);
        var wait = await Wait(Importance.Never);
        Running.Drain(Endpoint(1).Id);
        await Running.SettleAsync();
        Assert.That(await End(wait), Is.EqualTo(LeaseQueue.Nobody));
        Assert.That(await End(await Wait(Importance.Never)), Is.EqualTo(LeaseQueue.Nobody));
        Running.Enable(Endpoint(1).Id);
        await Running.SettleAsync();
        var late = await Wait(Importance.Normal);
        Assert.That(late.IsWaiting, Is.True);
        await Leave();
        Assert.That((await End(late), Running.Pending.Count), Is.EqualTo((Fault.None, 0)));
    }

    [Test]
    public async Task A_wait_uses_no_turn_of_the_rotation()
    {
        await Run(Options(2) with { Concurrency = 1 });
        Assert.That(Gate.TryEnter(), Is.True);
        var turns = new List<int>();
        for (var request = 0; request < 6; request++)
        {
            var wait = await Wait(Importance.Normal);
            await Leave();
            await End(wait);
            turns.AddRange(Leased(1));
        }

        Assert.That(turns, Has.Exactly(3).EqualTo(1).And.Exactly(3).EqualTo(2));
    }

    [Test]
    public async Task Outlives_a_reload_with_those_who_are_in_and_those_who_wait()
    {
        await Run(Gated(1));
        Assert.That(Gate.TryEnter(), Is.True);
        var (one, two) = (await Wait(Importance.Normal), await Wait(Importance.Normal));
        await Run(Gated(2));
        Assert.That((await End(one), two.IsWaiting, Gate.UnderWay), Is.EqualTo((Fault.None, true, 2)));

        var gate = Gate;
        await Run(Options(1));
        Assert.That(await End(two), Is.EqualTo(Fault.None), "no limit, nobody waits");
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await _loops.Run(() => gate.Leave(0, Fault.None, 0));
        }

        await Run(Gated(UpstreamOptions.AutoConcurrency));
        Assert.That((Gate, Gate.UnderWay, Gate.Limit), Is.EqualTo((gate, 0, ConcurrencyLimit.Start)));
    }

    [Test]
    public async Task Keeps_what_it_has_found_across_a_reload()
    {
        await Run(Gated(UpstreamOptions.AutoConcurrency));
        for (var request = 0; request < 1000; request++)
        {
            Assert.That(Gate.TryEnter(), Is.True);
            Time.Advance(TimeSpan.FromMilliseconds(5));
            await _loops.Run(() => Gate.Leave(0, Fault.None, TimeSpan.FromMilliseconds(5).Ticks));
        }

        Assert.That(Gate.Base, Is.EqualTo(TimeSpan.FromMilliseconds(5)));
        await Run(Gated(UpstreamOptions.AutoConcurrency) with { Balance = "random_two" });
        Assert.That(Gate.Base, Is.EqualTo(TimeSpan.FromMilliseconds(5)));
    }

    [Test]
    public async Task Lets_in_and_out_without_allocating()
    {
        await Run(Gated(UpstreamOptions.AutoConcurrency));
        var allocated = await _loops.Run(() => Allocations.Of(() =>
        {
            for (var request = 0; request < 10_000; request++)
            {
                Gate.TryEnter();
                Gate.Leave(0, Fault.None, 50_000);
            }
        }));
        Assert.That(allocated, Is.Zero);
    }

    /// <summary>Trap 18: eight threads go in, wait, give up, time out and leave. In the end every count is 0.</summary>
    [Test]
    public async Task Ends_every_count_at_zero_and_never_lets_in_more_than_its_limit()
    {
        const int Limit = 5;
        using var loops = new TestLoops(8);
        await using var upstream = new Upstream(
            "orders", Gated(Limit) with { MaxPending = 30, PendingTimeout = TimeSpan.FromMilliseconds(20) }, null,
            Context with { Time = TimeProvider.System, Loops = 8 });
        upstream.Start();
        var gate = upstream.Gate!;
        var (inside, over, served) = (0, 0, 0);
        await Task.WhenAll(loops.Group.Loops.ToArray().SelectMany(loop => Enumerable.Range(0, 8)
            .Select(client => ClientAsync(loop, new Random((loop.Index * 100) + client))))).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.That((over, upstream.Pending.Count, gate.UnderWay), Is.EqualTo((0, 0, 0)));
        Assert.That(served, Is.GreaterThan(200));

        async Task ClientAsync(EventLoop loop, Random random)
        {
            await loop;
            for (var turn = 0; turn < 200; turn++)
            {
                if (!gate.TryEnter())
                {
                    var wait = gate.Wait(loop, (Importance)random.Next(4));
                    if (random.Next(10) == 0)
                    {
                        loop.Post(static state => ((LeaseWait)state!).GiveUp(new Fault(FaultSide.Client, FaultKind.ClientClosed)), wait);
                    }

                    if ((await wait.EndAsync()).Failed)
                    {
                        continue;
                    }
                }

                Interlocked.Add(ref over, Interlocked.Increment(ref inside) > Limit ? 1 : 0);
                Interlocked.Increment(ref served);
                await Task.Yield();
                await loop;
                Interlocked.Decrement(ref inside);
                gate.Leave(loop.Index, Fault.None, 0);
            }
        }
    }

    private static UpstreamOptions Gated(int concurrency) => Options(1) with { Concurrency = concurrency };

    private Task<LeaseWait> Wait(Importance importance) => _loops.Run(() => Gate.Wait(_loops.First, importance));

    private Task<Fault> End(LeaseWait wait) => _loops.Run(wait.EndAsync);

    private Task Leave() => _loops.Run(() => Gate.Leave(0, Fault.None, 0));

    private async Task Pass(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        _loops.First.Wake();
        await _loops.Run(() => { });
    }
}
