using System.Collections.Concurrent;
using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Tests.Balancing;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Tests.Upstreams;

/// <summary>A manual clock, connects on a script, and upstreams over them, the latest of which is <see cref="Running"/>.</summary>
internal abstract class UpstreamFixture
{
    protected static readonly Fault Refused = new(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true);

    protected ManualTime Time { get; private set; } = null!;

    protected ScriptedConnections Connections { get; private set; } = null!;

    /// <summary>Transitions so far, as <c>10.0.0.1:80 Ejected</c>.</summary>
    protected ConcurrentQueue<string> Transitions { get; private set; } = null!;

    /// <summary>What was said of panic so far, as <c>panics: why</c> or <c>calm: why</c>.</summary>
    protected ConcurrentQueue<string> Panics { get; private set; } = null!;

    /// <summary>Changes of circuit breakers so far, as <c>Open: why</c>.</summary>
    protected ConcurrentQueue<string> Circuits { get; private set; } = null!;

    protected BuildContext Context { get; set; } = null!;

    protected Upstream Running { get; private set; } = null!;

    [SetUp]
    public void SetUpUpstream()
    {
        // As in the daemon. NUnit's own context would post continuations away; without one they run within Advance.
        SynchronizationContext.SetSynchronizationContext(null);
        Time = new ManualTime();
        Connections = new ScriptedConnections();
        Transitions = new();
        Panics = new();
        Circuits = new();
        Running = null!;
        Context = new BuildContext
        {
            Time = Time,
            Loops = 2,
            Seeds = new Random(1),
            Connections = Connections,
            OnTransition = transition => Transitions.Enqueue($"{transition.Endpoint.Address} {transition.Kind}"),
            OnPanic = panic => Panics.Enqueue($"{(panic.Began ? "panics" : "calm")}: {panic.Reason}"),
            OnCircuit = change => Circuits.Enqueue($"{change.State}: {change.Reason}"),
            OnBug = bug => Assert.Fail(bug.ToString()),
        };
    }

    [TearDown]
    public async Task TearDownUpstream()
    {
        if (Running is not null)
        {
            await Running.DisposeAsync();
        }
    }

    /// <summary>This many endpoints of weight 1, without probes, ejected after five failures in 30 s for 30 s.</summary>
    protected static UpstreamOptions Options(int endpoints) => new()
    {
        Endpoints = [.. Enumerable.Range(1, endpoints).Select(number => new EndpointOptions { Address = Members.Address(number) })],
    };

    /// <summary>The same, probed every 5 s.</summary>
    protected static UpstreamOptions Probed(int endpoints) =>
        Options(endpoints) with { Health = new() { Active = new ActiveHealthOptions { Jitter = 0 } } };

    protected static UpstreamOptions WithoutPanic(UpstreamOptions options) => options with { Health = options.Health with { Panic = 0 } };

    protected static ValueList<EndpointOptions> Endpoints(params ReadOnlySpan<EndpointOptions> endpoints) => ValueList.Create(endpoints);

    /// <summary>Runs an upstream with these options, in the place of the one that ran.</summary>
    protected Task<Upstream> Run(UpstreamOptions options) => StartAsync(new Upstream("orders", options, Running, Context));

    /// <summary>Runs an upstream that was built over <see cref="Running"/>, in its place.</summary>
    protected async Task<Upstream> StartAsync(Upstream upstream)
    {
        Running = upstream;
        Running.Start();
        await Running.SettleAsync();
        return Running;
    }

    /// <summary>Moves the clock and waits until its consequences are in the view.</summary>
    protected async Task Advance(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await Running.SettleAsync();
    }

    /// <summary>Lets leases of one endpoint fail, and waits until the consequences are in the view.</summary>
    protected async Task Fail(Endpoint endpoint, int times, Fault? fault = null)
    {
        for (var failure = 0; failure < times; failure++)
        {
            endpoint.Lease().Return(fault ?? Refused);
        }

        await Running.SettleAsync();
    }

    /// <summary>Lets an endpoint answer so many attempts, each after so many milliseconds.</summary>
    protected static void Answer(Endpoint endpoint, int times, double milliseconds = 1)
    {
        for (var answer = 0; answer < times; answer++)
        {
            var lease = endpoint.Lease();
            lease.Answered(loop: 0, TimeSpan.FromMilliseconds(milliseconds));
            lease.Return(Fault.None);
        }
    }

    /// <summary>The endpoint with that number, running or not.</summary>
    protected Endpoint Endpoint(int number) =>
        Running.View.All.Single(member => member.Endpoint.Address.Equals(Members.Address(number))).Endpoint;

    /// <summary>The numbers of the endpoints that may be picked.</summary>
    protected int[] Available() => [.. Running.View.Available.Select(member => Number(member.Endpoint))];

    /// <summary>The numbers of the endpoints that picks return in turn.</summary>
    protected int[] Leased(int times) => [.. Enumerable.Range(0, times).Select(_ => Number(LeaseAndReturn()))];

    protected static int Number(Endpoint endpoint) => ((System.Net.IPEndPoint)endpoint.Address).Address.GetAddressBytes()[3];

    private Endpoint LeaseAndReturn()
    {
        Assert.That(Running.Lease(new PickContext(0), out var lease), Is.True);
        lease.Return(Fault.None);
        return lease.Endpoint;
    }
}
