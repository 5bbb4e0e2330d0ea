using LoadBalancer.Connections.Tracking;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Connections;

internal sealed class ConnectionTableTests
{
    /// <summary>Clients that are told to come again do so one after another: no two turns are far apart, and none is late.</summary>
    [Test]
    public async Task The_turns_of_those_that_are_told_to_end_are_spread_evenly_over_all_loops()
    {
        const int Each = 50;
        using var loops = new LoopGroup(2, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        var table = new ConnectionTable(loops.Loops, onRoom: () => { });
        var connections = new List<Told>();
        foreach (var loop in loops.Loops.ToArray())
        {
            for (var number = 0; number < Each; number++)
            {
                var connection = new Told(loop);
                connections.Add(connection);
                await loop.RunAsync(_ => table.Enter(connection), null);
            }
        }

        var spread = TimeSpan.FromSeconds(100);
        await table.FinishAllAsync(spread);
        var turns = connections.Select(connection => connection.Turn!.Value).Order().ToList();
        var gaps = turns.Skip(1).Zip(turns, (later, earlier) => later - earlier).ToList();
        Assert.That(turns[0], Is.LessThan(TimeSpan.FromSeconds(2)));
        Assert.That(turns[^1], Is.GreaterThan(TimeSpan.FromSeconds(98)).And.LessThanOrEqualTo(spread));
        Assert.That(gaps, Is.All.GreaterThan(TimeSpan.FromSeconds(0.5)).And.All.LessThan(TimeSpan.FromSeconds(1.5)));
    }

    [Test]
    public async Task Whoever_waits_hears_each_time_that_the_last_one_has_left()
    {
        using var loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });
        var table = new ConnectionTable(loops.Loops, onRoom: () => { });
        var loop = loops.Loops[0];
        Assert.That(table.WhenEmptyAsync().IsCompletedSuccessfully, "there was none");
        for (var time = 0; time < 2; time++)
        {
            var (one, other) = (new Told(loop), new Told(loop));
            await loop.RunAsync(_ => table.Enter(one), null);
            await loop.RunAsync(_ => table.Enter(other), null);
            var empty = table.WhenEmptyAsync();
            await loop.RunAsync(_ => table.Leave(one), null);
            Assert.That(empty.IsCompleted, Is.False, "one is open");
            await loop.RunAsync(_ => table.Leave(other), null);
            await empty.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    private sealed class Told(EventLoop loop) : TrackedConnection
    {
        public override EventLoop Loop => loop;

        public TimeSpan? Turn { get; private set; }

        public override void Finish(TimeSpan turn) => Turn = turn;

        public override void StopWithdrawn(Withdrawal withdrawal, Fault fault)
        {
        }

        public override void Retire(Retirement retirement, TimeSpan turn)
        {
        }

        public override void StopRetired(Retirement retirement, Fault fault)
        {
        }

        public override void Stop(Fault fault)
        {
        }
    }
}
