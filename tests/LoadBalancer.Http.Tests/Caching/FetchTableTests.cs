using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Caching;

/// <summary>Who leads, who waits, and how a wait ends, without requests.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FetchTableTests : IDisposable
{
    private const ulong Hash = 7;

    private readonly FetchTable _table = new();
    private readonly LoopGroup _loops = new(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });

    private static ReadOnlySpan<byte> Key => "key"u8;

    private EventLoop Loop => _loops.Loops[0];

    public void Dispose() => _loops.Dispose();

    [Test]
    public void The_first_one_leads_and_the_others_wait()
    {
        var fetch = Lead();
        Assert.That((fetch.IsFor(Key), Join(out _), Join(out _)), Is.EqualTo((true, FetchEnd.None, FetchEnd.None)));
        Assert.That((_table.UnderWay, _table.Waiting), Is.EqualTo((1, 2)));
    }

    [Test]
    public void A_key_of_the_same_number_and_another_text_is_asked_for_alone()
    {
        Lead();
        Assert.That(_table.Join("other"u8, Hash, Loop, 0, out _, out _), Is.EqualTo(FetchEnd.Alone));
    }

    [Test]
    public void Whoever_does_not_wait_asks_or_leaves_it()
    {
        Lead();
        Assert.That(_table.Join(Key, Hash, null, 0, out var fetch, out var wait), Is.EqualTo(FetchEnd.Alone));
        Assert.That((fetch, wait), Is.EqualTo(((SharedFetch?)null, (FetchWait?)null)));
    }

    [Test]
    public void What_was_for_one_alone_is_not_waited_for_until_then_or_until_it_is_kept_after_all([Values] bool isKept)
    {
        Lead().Refuse(until: 100);
        Assert.That(Join(out _, now: 99), Is.EqualTo(FetchEnd.Alone));
        if (isKept)
        {
            _table.Clear(Hash + 1);
            Assert.That(Join(out _, now: 99), Is.EqualTo(FetchEnd.Alone));
            _table.Clear(Hash);
        }

        Assert.That(Join(out _, now: isKept ? 99 : 100), Is.EqualTo(FetchEnd.Lead));
    }

    [Test]
    public void Whoever_does_not_wait_leads_though_nobody_waits_and_what_it_keeps_may_be_waited_for()
    {
        Lead().Refuse(until: 100);
        Assert.That((_table.Join(Key, Hash, null, 0, out var fetch, out _), Join(out _)), Is.EqualTo((FetchEnd.Lead, FetchEnd.Alone)));
        fetch!.Keep(null!);
        Assert.That(Join(out _), Is.EqualTo(FetchEnd.Lead));
    }

    [Test]
    public async Task A_fetch_ends_once_and_all_who_wait_hear_it([Values(FetchEnd.Again, FetchEnd.Alone, FetchEnd.Failed)] FetchEnd end)
    {
        var fetch = Lead();
        var waits = Enumerable.Range(0, 5).Select(_ => Wait()).ToArray();
        switch (end)
        {
            case FetchEnd.Again:
                fetch.Release();
                break;
            case FetchEnd.Alone:
                fetch.Refuse(until: 0);
                break;
            default:
                fetch.Fail(new Fault(FaultSide.Upstream, FaultKind.Reset));
                break;
        }

        fetch.PassOn();
        fetch.Fail(new Fault(FaultSide.Upstream, FaultKind.NoEndpoint));
        foreach (var wait in waits)
        {
            Assert.That(await EndAsync(wait), Is.EqualTo(end));
            Assert.That(wait.Fault.Kind, Is.EqualTo(end == FetchEnd.Failed ? FaultKind.Reset : FaultKind.None));
        }

        Assert.That((_table.UnderWay, _table.Waiting), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task It_is_passed_on_to_each_once_in_the_order_of_coming_and_ends_behind_the_last()
    {
        var fetch = Lead();
        var waits = Enumerable.Range(0, 3).Select(_ => Wait()).ToArray();
        for (var at = 0; at < 3; at++)
        {
            fetch.PassOn();
            Assert.That(await EndAsync(waits[at]), Is.EqualTo(FetchEnd.Lead));
            Assert.That((waits[at].Fetch == fetch, _table.UnderWay, _table.Waiting), Is.EqualTo((true, 1, 2 - at)));
        }

        fetch.PassOn();
        Assert.That(_table.UnderWay, Is.Zero);
    }

    [Test]
    public async Task It_is_tried_again_once_whoever_goes_away_meanwhile()
    {
        var fetch = Lead();
        var waits = Enumerable.Range(0, 3).Select(_ => Wait()).ToArray();
        Assert.That(fetch.TryAgain(), Is.True);
        Assert.That(await EndAsync(waits[0]), Is.EqualTo(FetchEnd.Lead));
        fetch.PassOn();
        Assert.That(await EndAsync(waits[1]), Is.EqualTo(FetchEnd.Lead));
        Assert.That((fetch.TryAgain(), _table.UnderWay, _table.Waiting), Is.EqualTo((false, 1, 1)));
        fetch.Fail(new Fault(FaultSide.Upstream, FaultKind.BadStatus));
        Assert.That((await EndAsync(waits[2]), fetch.TryAgain()), Is.EqualTo((FetchEnd.Failed, true)));
    }

    [Test]
    public void Where_nobody_waits_it_is_not_tried_again()
    {
        Assert.That((Lead().TryAgain(), _table.UnderWay), Is.EqualTo((true, 0)));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public async Task Whoever_leaves_loses_its_place_and_nobody_elses(int leaver)
    {
        var fetch = Lead();
        var waits = Enumerable.Range(0, 3).Select(_ => Wait()).ToArray();
        var left = EndAsync(waits[leaver]);
        await Loop.RunAsync(_ => waits[leaver].GiveUp(new Fault(FaultSide.Client, FaultKind.ClientClosed)), null);
        Assert.That((await left, _table.Waiting), Is.EqualTo((FetchEnd.GivenUp, 2)));
        fetch.Release();
        foreach (var wait in waits.Where((_, at) => at != leaver))
        {
            Assert.That(await EndAsync(wait), Is.EqualTo(FetchEnd.Again));
        }
    }

    [Test]
    public async Task Whoever_leaves_too_late_still_hears_that_it_leads()
    {
        var fetch = Lead();
        var wait = Wait();
        var ended = FetchEnd.None;
        await Loop.RunAsync(
            _ =>
            {
                _ = FollowAsync();
                fetch.PassOn();
                wait.GiveUp(new Fault(FaultSide.Client, FaultKind.ClientClosed));
            },
            null);
        Assert.That(() => ended, Is.EqualTo(FetchEnd.Lead).After(Loopback.TimeoutMs, 5));

        async Task FollowAsync() => ended = await wait.EndAsync(TimeSpan.FromMinutes(1));
    }

    [Test]
    public void Whoever_joins_while_fetches_end_is_never_forgotten()
    {
        const int Each = 2000;
        using var group = new LoopGroup(4, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        var (led, waited) = (0, 0);
        var left = group.Loops.Length * Each;
        foreach (var loop in group.Loops.ToArray())
        {
            _ = loop.RunAsync(_ => RunAsync(loop, new Random(loop.Index)), null);
        }

        Assert.That(() => Volatile.Read(ref left), Is.Zero.After(Loopback.TimeoutMs, 5));
        Assert.That((_table.UnderWay, _table.Waiting), Is.EqualTo((0, 0)));
        Assert.That(led + waited, Is.GreaterThanOrEqualTo(group.Loops.Length * Each));

        async void RunAsync(EventLoop loop, Random random)
        {
            for (var at = 0; at < Each; at++)
            {
                var end = _table.Join(Key, Hash, loop, 0, out var fetch, out var wait);
                if (end == FetchEnd.None)
                {
                    end = await wait!.EndAsync(TimeSpan.FromMinutes(1));
                    Interlocked.Increment(ref waited);
                    fetch = wait.Fetch;
                }

                if (end == FetchEnd.Lead)
                {
                    Interlocked.Increment(ref led);
                    await loop.Yield();
                    if (random.Next(2) == 0)
                    {
                        fetch!.PassOn();
                    }
                    else
                    {
                        fetch!.Release();
                    }
                }

                Interlocked.Decrement(ref left);
            }
        }
    }

    private SharedFetch Lead()
    {
        Assert.That(_table.Join(Key, Hash, Loop, 0, out var fetch, out _), Is.EqualTo(FetchEnd.Lead));
        return fetch!;
    }

    private FetchWait Wait()
    {
        Assert.That(Join(out var wait), Is.EqualTo(FetchEnd.None));
        return wait!;
    }

    private FetchEnd Join(out FetchWait? wait, long now = 0) => _table.Join(Key, Hash, Loop, now, out _, out wait);

    private Task<FetchEnd> EndAsync(FetchWait wait)
    {
        var end = new TaskCompletionSource<FetchEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Loop.RunAsync(async _ => end.SetResult(await wait.EndAsync(TimeSpan.FromMinutes(1))), null);
        return end.Task;
    }
}
