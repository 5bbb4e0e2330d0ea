using LoadBalancer.Balancing;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>Trap 18: eight loops lease, wait, give up, time out and fail, while reloads and flaps go on. In the end every count is 0.</summary>
internal sealed class LeaseQueueStressTests
{
    private const int Loops = 8;
    private const int ClientsPerLoop = 12;
    private const int TurnsPerClient = 250;
    private const int Cap = 3;

    [TestCaseSource(typeof(BalancerCatalog), nameof(BalancerCatalog.Names))]
    public async Task Ends_every_count_at_zero_and_never_exceeds_a_cap(string balance)
    {
        using var loops = new TestLoops(Loops);
        await using var run = new Run(balance, loops);
        using var stop = new CancellationTokenSource();
        var reloads = Task.Run(() => run.ReloadUntilAsync(stop.Token));
        await Task.WhenAll(loops.Group.Loops.ToArray().SelectMany(loop => Enumerable.Range(0, ClientsPerLoop)
            .Select(client => run.ClientAsync(loop, new Random((loop.Index * 100) + client))))).WaitAsync(TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await reloads;

        var upstream = run.Running;
        Assert.That(run.Known.Select(endpoint => endpoint.Load.Active), Is.All.Zero);
        Assert.That((upstream.Pending.Count, run.OverCap), Is.EqualTo((0, 0)));
        Assert.That(run.Outcomes.Sum(), Is.EqualTo(Loops * ClientsPerLoop * TurnsPerClient), "everybody got an answer");
        Assert.That(run.Outcomes[(int)FaultKind.None], Is.GreaterThan(TurnsPerClient), "and many a lease");
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly string _balance;
        private readonly BuildContext _context;
        private readonly Dictionary<EndpointId, int[]> _open = [];
        private Upstream _running;

        public Run(string balance, TestLoops loops)
        {
            _balance = balance;
            _context = new BuildContext
            {
                Time = TimeProvider.System,
                Seeds = new Random(1),
                Connections = new ScriptedConnections(),
                Loops = loops.Group.Loops.Length,
                OnBug = error => loops.Escaped.Enqueue(error),
            };
            for (var number = 1; number <= 4; number++)
            {
                _open[new EndpointId("orders", Members.Address(number))] = new int[1];
            }

            _running = new Upstream("orders", Options(0), previous: null, _context);
            _running.Start();
            Known = [.. _running.View.All.Select(member => member.Endpoint)];
        }

        public Upstream Running => Volatile.Read(ref _running);

        public Endpoint[] Known { get; }

        public int OverCap;

        public ValueTask DisposeAsync() => Running.DisposeAsync();

        public int[] Outcomes { get; } = new int[Enum.GetValues<FaultKind>().Length];

        /// <summary>The same endpoints and the same cap, with something else in the file, and an endpoint that comes and goes.</summary>
        public async Task ReloadUntilAsync(CancellationToken stop)
        {
            for (var reload = 1; !stop.IsCancellationRequested; reload++)
            {
                var next = new Upstream("orders", Options(reload), Running, _context);
                next.Start();
                Volatile.Write(ref _running, next);
                next.Drain(new EndpointId("orders", Members.Address(1 + (reload % 4))));
                await next.SettleAsync();
                next.Enable(new EndpointId("orders", Members.Address(1 + (reload % 4))));
                await next.SettleAsync();
            }
        }

        public async Task ClientAsync(EventLoop loop, Random random)
        {
            for (var turn = 0; turn < TurnsPerClient; turn++)
            {
                await Task.Yield();
                await loop;
                var fault = await AttemptAsync(loop, random);
                Interlocked.Increment(ref Outcomes[(int)fault.Kind]);
            }
        }

        private async ValueTask<Fault> AttemptAsync(EventLoop loop, Random random)
        {
            var upstream = Running;
            var key = (ulong)random.NextInt64();
            if (!upstream.Lease(new PickContext(key), out var lease))
            {
                if (upstream.Wait(loop, key, []) is not { } wait)
                {
                    return new Fault(FaultSide.Upstream, FaultKind.NoEndpoint);
                }

                if (random.Next(4) == 0)
                {
                    loop.Post(static state => ((LeaseWait)state!).GiveUp(new Fault(FaultSide.Client, FaultKind.Reset)), wait);
                }

                var fault = await wait.EndAsync();
                if (fault.Failed)
                {
                    return fault;
                }

                lease = wait.Lease;
            }

            var open = _open[lease.Endpoint.Id];
            if (Interlocked.Increment(ref open[0]) > Cap)
            {
                Interlocked.Increment(ref OverCap);
            }

            for (var hold = random.Next(4); hold > 0; hold--)
            {
                await Task.Yield();
                await loop;
            }

            Interlocked.Decrement(ref open[0]);
            lease.Return(random.Next(5) == 0 ? new Fault(FaultSide.Upstream, FaultKind.Reset) : Fault.None);
            return Fault.None;
        }

        private UpstreamOptions Options(int reload) => new()
        {
            Balance = _balance,
            Endpoints = [.. Enumerable.Range(1, 4).Select(number => new LoadBalancer.Endpoints.EndpointOptions { Address = Members.Address(number) })],
            Timeouts = new() { Connect = TimeSpan.FromSeconds(1 + (reload % 100)) },
            Health = new() { Passive = new() { Failures = 20, EjectFor = TimeSpan.FromMilliseconds(100) } },
            MaxConnections = Cap,
            MaxPending = 50,
            PendingTimeout = TimeSpan.FromMilliseconds(50),
        };
    }
}
