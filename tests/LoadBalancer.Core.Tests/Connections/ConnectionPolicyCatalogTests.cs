using System.Net;
using System.Net.Sockets;
using LoadBalancer.Configuration;
using LoadBalancer.Connections;
using LoadBalancer.Connections.ClientLimit;
using LoadBalancer.Faults;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Tests.Upstreams;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Connections;

/// <summary>The policies of the catalogue, each alone and together, over what a reload adopts.</summary>
internal sealed class ConnectionPolicyCatalogTests : UpstreamFixture
{
    private static readonly Rate Two = new(2, TimeSpan.FromSeconds(1));

    private TestLoops _loops = null!;
    private Socket _listening = null!;
    private EpollConnection _client = null!;

    [SetUp]
    public async Task Connect()
    {
        _loops = new TestLoops();
        _listening = Loopback.Listen();
        _client = await TestConnection.ConnectAsync(_loops, _listening);
    }

    [TearDown]
    public async Task Close()
    {
        await _loops.Run(_client.Abort);
        _listening.Dispose();
        _loops.Dispose();
    }

    [Test]
    public void Without_a_policy_there_is_no_chain() =>
        Assert.That(ConnectionPolicyCatalog.Build(new ConnectionPolicyOptions(), previous: null, Context), Is.Null);

    [Test]
    public void Equal_options_keep_the_chain()
    {
        var running = Build(new() { AllowIps = [IPNetwork.Parse("10.0.0.0/8")] });
        Assert.That(Build(new() { AllowIps = [IPNetwork.Parse("10.0.0.0/8")] }, running), Is.SameAs(running));
        Assert.That(Build(new() { AllowIps = [IPNetwork.Parse("11.0.0.0/8")] }, running), Is.Not.SameAs(running));
    }

    [TestCase("10.1.0.1", FaultKind.None)]
    [TestCase("::ffff:10.1.0.1", FaultKind.None)]
    [TestCase("10.2.0.1", FaultKind.AddressDenied)]
    [TestCase("11.0.0.1", FaultKind.AddressDenied)]
    [TestCase("::1", FaultKind.AddressDenied)]
    [TestCase(null, FaultKind.None)]
    public void Deny_wins_over_allow_and_a_Unix_peer_passes(string? address, FaultKind expected)
    {
        var chain = Build(new() { AllowIps = [IPNetwork.Parse("10.0.0.0/8")], DenyIps = [IPNetwork.Parse("10.2.0.0/16")] });
        Assert.That(Admit(chain, address), Is.EqualTo(expected));
    }

    [TestCase("11.0.0.1", FaultKind.None)]
    [TestCase("10.2.0.1", FaultKind.AddressDenied)]
    public void Without_an_allow_list_all_may_connect_that_are_not_denied(string address, FaultKind expected) =>
        Assert.That(Admit(Build(new() { DenyIps = [IPNetwork.Parse("10.2.0.0/16")] }), address), Is.EqualTo(expected));

    [Test]
    public void A_client_at_its_bound_is_refused_until_one_of_its_connections_ends()
    {
        var chain = Build(new() { MaxConnectionsPerClient = 2 });
        Assert.That(Admit(chain, "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"), Is.EqualTo(
            new[] { FaultKind.None, FaultKind.None, FaultKind.TooManyConnections, FaultKind.None }));
        Release(chain, "10.0.0.1");
        Assert.That(Admit(chain, "10.0.0.1", "10.0.0.1"), Is.EqualTo(new[] { FaultKind.None, FaultKind.TooManyConnections }));
        Assert.That(Admit(chain, null, null, null), Is.All.EqualTo(FaultKind.None), "peers of a Unix socket are not one client");
    }

    [Test]
    public void A_reload_counts_on_and_what_began_before_it_is_given_back_to_the_same_count()
    {
        var before = Build(new() { MaxConnectionsPerClient = 2 });
        Admit(before, "10.0.0.1", "10.0.0.1");
        var after = Build(new() { MaxConnectionsPerClient = 1, DenyIps = [IPNetwork.Parse("11.0.0.0/8")] }, before);
        Assert.That(Admit(after, "10.0.0.1"), Is.EqualTo(FaultKind.TooManyConnections));
        Release(before, "10.0.0.1");
        Assert.That(Admit(after, "10.0.0.1"), Is.EqualTo(FaultKind.TooManyConnections), "it still has one");
        Release(before, "10.0.0.1");
        Assert.That(Admit(after, "10.0.0.1"), Is.EqualTo(FaultKind.None));
        Release(after, "10.0.0.1");
        Assert.That(after.Find<ClientLimitPolicy>()!.Open, Is.Zero);
    }

    [Test]
    public void A_client_over_its_rate_is_refused_and_holds_no_place()
    {
        var chain = Build(new() { MaxConnectionsPerClient = 3, ConnectionRate = new(Two) });
        Assert.That(Admit(chain, "10.0.0.1", "10.0.0.1", "10.0.0.1"), Is.EqualTo(new[] { FaultKind.None, FaultKind.None, FaultKind.ConnectionRateExceeded }));
        Assert.That(chain.Find<ClientLimitPolicy>()!.Open, Is.EqualTo(2));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Admit(chain, "10.0.0.1"), Is.EqualTo(FaultKind.None));
    }

    [Test]
    public void A_reload_keeps_what_was_counted()
    {
        var before = Build(new() { ConnectionRate = new(Two) });
        Admit(before, "10.0.0.1", "10.0.0.1");
        var same = Build(new() { ConnectionRate = new(Two), DenyIps = [IPNetwork.Parse("11.0.0.0/8")] }, before);
        Assert.That(Admit(same, "10.0.0.1"), Is.EqualTo(FaultKind.ConnectionRateExceeded));
        var other = Build(new() { ConnectionRate = new(Two, Burst: 5) }, same);
        Assert.That(Admit(other, [.. Enumerable.Repeat("10.0.0.1", 6)]).Count(kind => kind == FaultKind.None), Is.EqualTo(3), "of another rate what was used counts too");
    }

    [Test]
    public void What_is_refused_by_its_address_costs_nothing_of_its_rate()
    {
        var before = Build(new() { ConnectionRate = new(Two), DenyIps = [IPNetwork.Parse("10.0.0.1/32")] });
        Assert.That(Admit(before, "10.0.0.1", "10.0.0.1", "10.0.0.1"), Is.All.EqualTo(FaultKind.AddressDenied));
        Assert.That(Admit(Build(new() { ConnectionRate = new(Two) }, before), "10.0.0.1"), Is.EqualTo(FaultKind.None));
    }

    [Test]
    public void All_of_them_together_allocate_nothing()
    {
        var chain = Build(new()
        {
            AllowIps = [IPNetwork.Parse("10.0.0.0/8")],
            DenyIps = [IPNetwork.Parse("10.2.0.0/16")],
            MaxConnectionsPerClient = 5,
            ConnectionRate = new(new Rate(100, TimeSpan.FromHours(1))),
        });
        _client.RemoteEndPoint = new IPEndPoint(IPAddress.Parse("10.0.0.1"), 7);
        var allowed = 0;
        Assert.That(
            Allocations.Of(() =>
            {
                for (var connection = 0; connection < 1000; connection++)
                {
                    var decision = chain.AdmitAsync(_client);
                    if (decision.IsCompletedSuccessfully && !decision.Result.Failed)
                    {
                        allowed++;
                        chain.Release(_client);
                    }
                }
            }),
            Is.Zero);
        Assert.That(allowed, Is.EqualTo(100));
    }

    private ConnectionPolicyChain Build(ConnectionPolicyOptions options, ConnectionPolicyChain? previous = null) =>
        ConnectionPolicyCatalog.Build(options, previous, Context)!;

    private FaultKind[] Admit(ConnectionPolicyChain chain, params string?[] addresses) => [.. addresses.Select(address => Admit(chain, address))];

    private FaultKind Admit(ConnectionPolicyChain chain, string? address)
    {
        _client.RemoteEndPoint = address is null ? null : new IPEndPoint(IPAddress.Parse(address), 7);
        var decision = chain.AdmitAsync(_client);
        Assert.That(decision.IsCompletedSuccessfully, Is.True, "it waits for something");
        return decision.IsCompletedSuccessfully ? decision.Result.Kind : default;
    }

    private void Release(ConnectionPolicyChain chain, string address)
    {
        _client.RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 7);
        chain.Release(_client);
    }
}
