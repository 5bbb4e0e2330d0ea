using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Discovery.Dns;

namespace LoadBalancer.Tests.Discovery.Dns;

internal sealed class DnsResolverTests
{
    private TemporaryFolder _etc = null!;
    private FakeNameServer _server = null!;

    [SetUp]
    public void SetUp()
    {
        _etc = new TemporaryFolder();
        _server = new FakeNameServer();
        Conf("search a.example b.example\noptions timeout:1 attempts:1");
    }

    [TearDown]
    public void TearDown()
    {
        _server.Dispose();
        _etc.Dispose();
    }

    [Test]
    public async Task Finds_the_addresses_of_both_families()
    {
        _server.Answer((name, type) => new DnsMessages().Address(name, type == DnsType.A ? "10.0.0.1" : "2001:db8::1", 7));
        var found = await LookUp("orders.internal");

        Assert.That((Text(found.V4), Text(found.V6)), Is.EqualTo(("Found 10.0.0.1", "Found 2001:db8::1")));
        Assert.That(found.V4.Ttl, Is.EqualTo(TimeSpan.FromSeconds(7)));
        Assert.That(_server.Asked, Is.EquivalentTo(new[] { "udp A orders.internal", "udp AAAA orders.internal" }));
    }

    [Test]
    public async Task Asks_with_a_number_and_a_port_that_nobody_can_guess_and_for_at_most_1232_bytes()
    {
        _server.Serve("orders.internal", 1, "10.0.0.1");
        for (var run = 0; run < 20; run++)
        {
            await LookUp("orders.internal.");
        }

        var asked = _server.Datagrams.ToArray();
        Assert.That(asked.Select(each => (each.Question[0] << 8) | each.Question[1]).Distinct().Count(), Is.GreaterThan(35), "numbers");
        Assert.That(asked.Select(each => ((IPEndPoint)each.From).Port).Distinct().Count(), Is.GreaterThan(20), "ports");
        Assert.That(asked.Select(each => each.Question[^8..^6]), Is.All.EqualTo(new byte[] { 0x04, 0xd0 }));
    }

    [Test]
    public async Task Knows_the_names_of_the_machine_without_asking_anybody()
    {
        File.WriteAllText(_etc["hosts"], "10.0.0.7 db\n");
        var found = await LookUp("db");
        Assert.That((Text(found.V4), Text(found.V6), found.V4.Ttl), Is.EqualTo(("Found 10.0.0.7", "NoAddress ", DnsResolver.HostsTtl)));
        Assert.That(_server.Asked, Is.Empty);
    }

    [Test]
    public async Task Reads_the_hosts_again_when_they_have_changed()
    {
        var resolver = Resolver();
        File.WriteAllText(_etc["hosts"], "10.0.0.7 db\n");
        Assert.That(Text((await LookUp("db", resolver)).V4), Is.EqualTo("Found 10.0.0.7"));

        File.WriteAllText(_etc["hosts"], "10.0.0.10 db\n");
        Assert.That(Text((await LookUp("db", resolver)).V4), Is.EqualTo("Found 10.0.0.10"));
    }

    [Test]
    public async Task Searches_for_a_short_name_until_one_has_an_address()
    {
        _server.Serve("db.b.example", 1, "10.0.0.1");
        Assert.That(Text((await LookUp("db")).V4), Is.EqualTo("Found 10.0.0.1"));
        Assert.That(_server.Asked.Where(asked => asked.StartsWith("udp A ", StringComparison.Ordinal)), Is.EqualTo(new[] { "udp A db.a.example", "udp A db.b.example" }));
    }

    [Test]
    public async Task Does_not_search_on_where_nobody_could_say_whether_the_name_exists()
    {
        _server.Answer((name, _) => name == "db.b.example" ? new DnsMessages().Address(name, "10.0.0.1") : new DnsMessages { Code = DnsResponseCode.ServFail });
        Assert.That((await LookUp("db")).V4.Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That(_server.Asked, Has.None.Contains("db.b.example"));
    }

    [Test]
    public async Task Says_that_there_is_no_name_or_no_address_and_for_how_long()
    {
        _server.Answer((name, _) => new DnsMessages { Code = DnsResponseCode.NxDomain }.Authority(60, 20));
        var none = await LookUp("orders.internal.");
        Assert.That((Text(none.V4), none.V4.Reason, none.V4.Ttl), Is.EqualTo(("NoName ", "there is no name orders.internal", TimeSpan.FromSeconds(20))));

        _server.Answer((_, _) => new DnsMessages());
        Assert.That((await LookUp("orders.internal.")).V6.Reason, Is.EqualTo("orders.internal has no IPv6 address"));
    }

    [Test]
    public async Task Fetches_an_answer_that_does_not_fit_over_TCP()
    {
        _server.Truncates = true;
        _server.Answer((name, type) =>
        {
            var answer = new DnsMessages();
            for (var number = 0; type == DnsType.A && number < 500; number++)
            {
                answer.Address(name, $"10.0.{number / 250}.{number % 250}");
            }

            return answer;
        });
        Assert.That((await LookUp("orders.internal")).V4.Addresses, Has.Length.EqualTo(500));
        Assert.That(_server.Asked, Has.Member("udp A orders.internal").And.Member("tcp A orders.internal"));
    }

    [Test]
    public async Task Is_deaf_to_forged_answers()
    {
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var forger = new FakeNameServer();
        _server.BeforeAnswer = (question, from) =>
        {
            // The right answer from elsewhere.
            stranger.SendTo(new DnsMessages().Address("orders.internal", "10.6.6.6").To(question), from);
        };
        _server.Serve("orders.internal", 1, "10.0.0.1");
        Assert.That(Text((await LookUp("orders.internal")).V4), Is.EqualTo("Found 10.0.0.1"));
    }

    [TestCase(DnsResponseCode.ServFail)]
    [TestCase(DnsResponseCode.Refused)]
    public async Task Goes_on_to_the_next_server(DnsResponseCode code)
    {
        using var broken = new FakeNameServer();
        broken.Fail(code);
        _server.Serve("orders.internal", 1, "10.0.0.1");
        var found = await LookUp("orders.internal", Resolver(broken.Address, _server.Address));

        Assert.That(Text(found.V4), Is.EqualTo("Found 10.0.0.1"));
        Assert.That(broken.Asked, Is.Not.Empty);
    }

    [Test]
    public async Task Goes_on_to_the_next_server_where_one_is_silent_and_where_none_listens()
    {
        using var silent = new FakeNameServer { Silent = true };
        _server.Serve("orders.internal", 1, "10.0.0.1");
        var found = await LookUp("orders.internal", Resolver((IPEndPoint)Loopback.Refusing(), silent.Address, _server.Address));

        Assert.That(Text(found.V4), Is.EqualTo("Found 10.0.0.1"));
    }

    [Test]
    public async Task Says_of_each_server_why_nobody_could_say()
    {
        using var broken = new FakeNameServer();
        broken.Fail(DnsResponseCode.ServFail);
        _server.Silent = true;
        Conf("options timeout:1 attempts:2");
        var failed = await LookUp("orders.internal.", Resolver(broken.Address, _server.Address));

        Assert.That(failed.V4.Reason, Is.EqualTo($"orders.internal: {broken.Address} answered SERVFAIL; {_server.Address} gave no answer within 1 s"));
        Assert.That(_server.Asked.Count(asked => asked.StartsWith("udp A ", StringComparison.Ordinal)), Is.EqualTo(2), "attempts");
    }

    [Test]
    public async Task Asks_a_server_from_before_EDNS_without_it()
    {
        var asked = 0;
        _server.Answer((name, type) => Interlocked.Increment(ref asked) == 1
            ? new DnsMessages { Code = DnsResponseCode.FormErr }
            : new DnsMessages().Address(name, type == DnsType.A ? "10.0.0.1" : "2001:db8::1"));
        var found = await LookUp("orders.internal");
        Assert.That((Text(found.V4), Text(found.V6)), Is.EqualTo(("Found 10.0.0.1", "Found 2001:db8::1")));
        Assert.That(_server.Datagrams.Count(each => each.Question[11] == 0), Is.EqualTo(1), "one question without the record");
    }

    [Test]
    public async Task Begins_with_each_server_in_turn_where_the_file_says_so()
    {
        using var other = new FakeNameServer();
        _server.Serve("orders.internal", 1, "10.0.0.1");
        other.Serve("orders.internal", 1, "10.0.0.2");
        Conf("options rotate");
        var resolver = Resolver(_server.Address, other.Address);
        var found = new List<string>();
        for (var run = 0; run < 4; run++)
        {
            found.Add(Text((await LookUp("orders.internal", resolver)).V4));
        }

        Assert.That(found, Is.EqualTo(new[] { "Found 10.0.0.1", "Found 10.0.0.2", "Found 10.0.0.1", "Found 10.0.0.2" }));
    }

    [Test]
    public void Can_be_given_up()
    {
        _server.Silent = true;
        using var stop = new CancellationTokenSource();
        var lookup = Resolver().LookUpAsync("orders.internal", stop.Token);
        stop.Cancel();
        Assert.That(async () => await lookup, Throws.InstanceOf<OperationCanceledException>());
    }

    private void Conf(string text) => File.WriteAllText(_etc["resolv.conf"], text);

    private DnsResolver Resolver(params ImmutableArray<IPEndPoint> servers) =>
        new(servers.IsEmpty ? [_server.Address] : servers, TimeProvider.System, Path.GetDirectoryName(_etc["x"])!);

    private async Task<DnsLookup> LookUp(string name, DnsResolver? resolver = null) =>
        await (resolver ?? Resolver()).LookUpAsync(name, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

    private static string Text(DnsAnswer answer) => $"{answer.Outcome} {string.Join(' ', answer.Addresses)}";
}
