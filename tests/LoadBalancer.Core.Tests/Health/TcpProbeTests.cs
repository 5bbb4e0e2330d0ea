using System.Net;
using System.Net.Sockets;
using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Connections;

namespace LoadBalancer.Tests.Health;

public sealed class TcpProbeTests
{
    private TestLoops _loops = null!;
    private TcpProbe _probe = null!;

    [SetUp]
    public void SetUp()
    {
        _loops = new TestLoops();
        _probe = new TcpProbe(new ProbeConnector(new EpollTransport(_loops.Group, TimeSpan.FromSeconds(5)), port: null));
    }

    [TearDown]
    public void TearDown() => _loops.Dispose();

    [Test]
    public async Task Passes_where_a_connection_is_taken_and_closes_it_in_order()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var answer = await _probe.AskAsync(server.LocalEndpoint, CancellationToken.None);
        using var taken = await server.AcceptSocketAsync();

        Assert.That(answer, Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "connected")));
        Assert.That(await taken.ReceiveAsync(new byte[1]), Is.Zero, "an end of stream, not a reset and not a byte");
    }

    [Test]
    public async Task Fails_with_the_reason_code_of_traffic_where_nobody_listens()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var address = server.LocalEndpoint;
        server.Stop();

        Assert.That(await _probe.AskAsync(address, CancellationToken.None), Is.EqualTo(new ProbeAnswer(ProbeResult.ConnectRefused, "connect_refused")));
    }

    [Test]
    public async Task Says_nothing_of_an_endpoint_when_this_process_is_short_of_descriptors()
    {
        var probe = new TcpProbe(new ProbeConnector(new Exhausted(), port: null));

        Assert.That(await probe.AskAsync(new IPEndPoint(IPAddress.Loopback, 1), CancellationToken.None), Is.EqualTo(new ProbeAnswer(ProbeResult.OutOfResources, "out_of_resources")));
    }

    [Test]
    public void Ends_when_it_is_told_to() =>
        Assert.That(
            async () => await _probe.AskAsync(new IPEndPoint(IPAddress.Loopback, 1), new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());

    private sealed class Exhausted : IConnectionFactory
    {
        public ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
            throw new ConnectFailedException(endpoint, new Fault(FaultSide.Internal, FaultKind.OutOfResources, Retryable: true));
    }
}
