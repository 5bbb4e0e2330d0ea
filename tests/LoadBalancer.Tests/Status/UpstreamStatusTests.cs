using System.Net;
using LoadBalancer.Balancing;
using LoadBalancer.Daemon.Status;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Status;

internal sealed class UpstreamStatusTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private LoopGroup _loops = null!;

    [SetUp]
    public void Start() => _loops = new LoopGroup(1, TimeProvider.System, (_, error) => Assert.Fail(error.ToString()), _ => { });

    [TearDown]
    public void Stop() => _loops.Dispose();

    [Test]
    public async Task Has_every_endpoint_in_the_order_of_the_file_with_its_load()
    {
        await using var upstream = NewUpstream();
        Assert.That(upstream.Lease(new PickContext(0, []), out var open), Is.True);
        Assert.That(upstream.Lease(new PickContext(0, []), out var failed), Is.True);
        failed.Return(new Fault(FaultSide.Upstream, FaultKind.Reset));

        var status = UpstreamStatus.Of(upstream);
        Assert.That((status.Name, status.Balance), Is.EqualTo(("web", "round_robin")));
        Assert.That(status.Endpoints.Select(endpoint => (endpoint.Address, endpoint.Weight, endpoint.Backup, endpoint.State)), Is.EqualTo(new[]
        {
            ("127.0.0.1:81", 1, false, EndpointState.Available),
            ("127.0.0.1:82", 1, false, EndpointState.Available),
            ("127.0.0.1:83", 0, false, EndpointState.Drained),
            ("127.0.0.1:84", 1, true, EndpointState.Available),
        }));
        Assert.That(status.Endpoints.Sum(endpoint => endpoint.ActiveConnections), Is.EqualTo(1));
        Assert.That(status.Endpoints.Sum(endpoint => endpoint.Connections), Is.EqualTo(2));
        Assert.That(status.Endpoints.Sum(endpoint => endpoint.Faults["reset"]), Is.EqualTo(1));
        Assert.That(status.Endpoints.Select(endpoint => endpoint.Faults.Keys), Has.All.EquivalentTo(new[] { "connect_refused", "connect_timeout", "connect_unreachable", "reset", "early_close", "half_closed_timeout" }));
        open.Return(Fault.None);
    }

    [Test]
    public void Says_why_an_endpoint_is_not_available()
    {
        var endpoint = new Endpoint(new EndpointId("web", new IPEndPoint(IPAddress.Loopback, 80)), loops: 1);
        Assert.That(EndpointStatus.Of(new Member(endpoint, 1, false), available: true).Verdicts, Is.Empty);

        endpoint.Health.Ejection = new Ejection(1, TimeSpan.FromSeconds(30), 0, Noon, "40 of 60 attempts") { Cause = EjectionCause.FailureRatio };
        Assert.That(State(available: false), Is.EqualTo(EndpointState.Ejected));
        Assert.That(State(available: true), Is.EqualTo(EndpointState.Available), "an ejection that would leave nobody is ignored");

        endpoint.Health.Active = new ActiveHealth(HealthVerdict.Unhealthy, "connect_refused", Noon, Against: 0, ProbedAt: 0);
        Assert.That(State(available: false), Is.EqualTo(EndpointState.Unhealthy));
        Assert.That(EndpointStatus.Of(new Member(endpoint, 1, false), available: false).Verdicts, Is.EqualTo(new[]
        {
            new VerdictStatus("active", "unhealthy", "connect_refused", Noon), new VerdictStatus("passive", "ejected", "40 of 60 attempts", Noon, Until: Noon.AddSeconds(30), Cause: "failure_ratio"),
        }));

        Assert.That(EndpointStatus.Of(new Member(endpoint, 1, false), available: true), Has.Property("Available").True.And.Property("State").EqualTo(EndpointState.Unhealthy), "in panic");

        EndpointState State(bool available) => EndpointStatus.Of(new Member(endpoint, 1, false), available).State;
    }

    private Upstream NewUpstream() => new(
        "web",
        new UpstreamOptions
        {
            Endpoints =
            [
                new EndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 81) },
                new EndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 82) },
                new EndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 83), Weight = 0 },
                new EndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 84), Backup = true },
            ],
        },
        previous: null,
        new BuildContext { Time = new ManualTime(), Loops = 1, Seeds = new Random(1), Connections = new EpollTransport(_loops, TimeSpan.FromSeconds(1)) });
}
