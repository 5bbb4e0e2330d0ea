using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Discovery.Dns;
using LoadBalancer.Endpoints;
using LoadBalancer.Tests.Upstreams;

namespace LoadBalancer.Tests.Discovery.Dns;

/// <summary>When it looks, and what it makes of what it finds. The lookups are the test's own, and answer at once.</summary>
internal sealed class DnsDiscoveryTests
{
    private readonly List<double> _looks = [];
    private readonly List<string> _sets = [];
    private readonly List<string> _reports = [];
    private ManualTime _time = null!;
    private BuildContext _context = null!;
    private DnsDiscovery _discovery = null!;
    private DiscoveryWatch? _watch;
    private Func<DnsLookup> _answer = null!;

    [SetUp]
    public void SetUp()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        _looks.Clear();
        _sets.Clear();
        _reports.Clear();
        _watch = null;
        _time = new ManualTime();
        _context = new BuildContext
        {
            Time = _time,
            Seeds = new Random(1),
            Loops = 1,
            Connections = new ScriptedConnections(),
            OnDiscovery = report => _reports.Add($"{report.Outcome} {report.Reason} ({report.Endpoints}{(report.LeftOut > 0 ? $", without {report.LeftOut}" : "")})"),
            OnBug = bug => _reports.Add(bug.Message),
        };
        _discovery = new DnsDiscovery("orders", new DiscoverOptions { Dns = new NameWithPort("orders.internal", 80) }, LookUpAsync, _context);
    }

    [TearDown]
    public async Task TearDown() => await Stop();

    [Test]
    public void Finds_all_at_once_and_again_when_the_lifetime_has_passed()
    {
        _answer = () => new DnsLookup(Found(10, "10.0.0.2", "10.0.0.1"), Found(60, "2001:db8::1"));
        Start();
        Assert.That(_sets, Is.EqualTo(new[] { "10.0.0.1:80 10.0.0.2:80 [2001:db8::1]:80" }));

        Advance(9.9);
        Assert.That(_looks, Has.Count.EqualTo(1));
        Advance(1.2);
        Assert.That(_looks, Has.Count.EqualTo(2));
        Assert.That(_looks[1], Is.InRange(10, 11), "the shorter lifetime, and up to a tenth more");
        Assert.That(_sets, Has.Count.EqualTo(1), "nothing has changed");
    }

    [Test]
    public void Says_the_whole_set_when_something_has_changed()
    {
        _answer = () => new DnsLookup(Found(0, "10.0.0.1"), None());
        Start();
        _answer = () => new DnsLookup(Found(0, "10.0.0.2", "10.0.0.1"), None());
        Advance(1.2);
        _answer = () => new DnsLookup(Found(0, "10.0.0.3"), None());
        Advance(1.2);

        Assert.That(_sets, Is.EqualTo(new[] { "10.0.0.1:80", "10.0.0.1:80 10.0.0.2:80", "10.0.0.3:80" }));
        Assert.That(_reports, Is.Empty);
    }

    [Test]
    public void Keeps_the_last_good_set_whatever_fails()
    {
        _answer = () => new DnsLookup(Found(1, "10.0.0.1"), None());
        Start();
        foreach (var outage in new Func<DnsLookup>[]
        {
            () => new DnsLookup(Failed("SERVFAIL"), Failed("SERVFAIL")),
            () => new DnsLookup(NoName(), NoName()),
            () => new DnsLookup(None(), None()),
            () => new DnsLookup(Found(1, "0.0.0.0"), Found(1, "::")),
            () => throw new InvalidOperationException("bug"),
        })
        {
            _answer = outage;
            Advance(60);
        }

        Assert.That(_sets, Has.Count.EqualTo(1));
        Assert.That(_reports.Distinct(), Is.EqualTo(new[]
        {
            "Failed SERVFAIL (1)", "Empty no such name (1)", "Empty no address (1)", "Empty no address of orders.internal is one to connect to (1)", "bug", "Failed bug (1)",
        }));

        _answer = () => new DnsLookup(Found(1, "10.0.0.1"), None());
        Advance(60);
        Assert.That(_reports[^1], Is.EqualTo("Found  (1)"), "it is said once that it works again");
    }

    [Test]
    public void Waits_longer_after_each_failure_and_not_at_all_after_it_has_worked()
    {
        _answer = () => new DnsLookup(Failed("no answer"), Failed("no answer"));
        Start();
        Advance(100);
        var pauses = _looks.Zip(_looks.Skip(1), (one, next) => Math.Floor(next - one)).Take(6);
        Assert.That(pauses.Zip(new[] { 1.0, 2, 4, 8, 16, 30 }, (pause, least) => pause >= least && pause <= least * 1.1), Is.All.True);

        Assert.That(_sets, Is.Empty, "there never was an answer, and nobody is found");
        _answer = () => new DnsLookup(Found(5, "10.0.0.1"), None());
        Advance(35);
        Assert.That(_sets, Is.EqualTo(new[] { "10.0.0.1:80" }));
        Assert.That(_discovery.Status.NextLookup - _time.GetUtcNow(), Is.LessThan(TimeSpan.FromSeconds(5.5)));
    }

    [Test]
    public void Takes_a_family_that_answered_and_keeps_the_one_that_could_not_be_asked()
    {
        _answer = () => new DnsLookup(Found(1, "10.0.0.1"), Found(1, "2001:db8::1"));
        Start();
        _answer = () => new DnsLookup(Found(1, "10.0.0.2"), Failed("no answer"));
        Advance(1.2);
        Assert.That(_sets[^1], Is.EqualTo("10.0.0.2:80 [2001:db8::1]:80"));
        Assert.That(_reports, Is.EqualTo(new[] { "Partial no answer (2)" }));

        _answer = () => new DnsLookup(Found(1, "10.0.0.2"), None());
        Advance(1.2);
        Assert.That(_sets[^1], Is.EqualTo("10.0.0.2:80"), "asked for, and there is none");
    }

    [Test]
    public void Takes_a_thousand_addresses_always_the_same_and_says_once_how_many_it_leaves_out()
    {
        string[] Many(int count) => [.. Enumerable.Range(0, count).Select(number => $"10.0.{number / 256}.{number % 256}")];
        _answer = () => new DnsLookup(Found(1, [.. Many(1010).Reverse()]), Found(1, "2001:db8::1"));
        Start();
        Assert.That(_sets.Single().Split(' '), Is.EqualTo(Many(1000).Select(address => $"{address}:80")));
        Assert.That(_reports, Is.EqualTo(new[] { "Found  (1000, without 11)" }));
        Assert.That((_discovery.Status.Endpoints, _discovery.Status.LeftOut), Is.EqualTo((1000, 11)));

        Advance(10);
        _answer = () => new DnsLookup(Found(1, Many(1010)), Found(1, "2001:db8::1"));
        Advance(10);
        Assert.That((_sets.Count, _reports.Count), Is.EqualTo((1, 1)), "the same addresses in another order");
        Assert.That(_looks, Has.Count.GreaterThan(10));

        _answer = () => new DnsLookup(Found(1, Many(999)), Found(1, "2001:db8::1", "2001:db8::2"));
        Advance(1.2);
        _answer = () => new DnsLookup(Found(1, Many(999)), Found(1, "2001:db8::1"));
        Advance(1.2);
        Assert.That(_reports.Skip(1), Is.EqualTo(new[] { "Found  (1000, without 1)", "Found  (1000)" }));
        Assert.That(_sets[^1], Does.EndWith(" 10.0.3.230:80 [2001:db8::1]:80"));
    }

    [Test]
    public async Task Goes_on_after_a_reload_where_it_was_without_another_lookup()
    {
        _answer = () => new DnsLookup(Found(100, "10.0.0.1"), None());
        Start();
        for (var reload = 0; reload < 10; reload++)
        {
            Advance(5);
            await Stop();
            Start();
        }

        Assert.That((_looks.Count, _sets.Count), Is.EqualTo((1, 11)), "each watch begins with what is known");
        Advance(60);
        Assert.That(_looks, Has.Count.EqualTo(2));
        await Stop();
        Assert.That(_time.ActiveTimers, Is.Zero);
    }

    [Test]
    public void Tells_how_it_has_gone()
    {
        _answer = () => new DnsLookup(Found(1, "10.0.0.1"), None());
        Start();
        var start = _time.GetUtcNow();
        _answer = () => new DnsLookup(Failed("no answer"), Failed("no answer"));
        Advance(1.2);

        var status = _discovery.Status;
        Assert.That((status.Source, status.Endpoints, status.LastSuccess, status.LastError), Is.EqualTo(("dns orders.internal:80", 1, (DateTimeOffset?)start, "no answer")));
        Assert.That(status.LastErrorAt, Is.GreaterThan(start));
        Assert.That(status.NextLookup, Is.GreaterThan(status.LastErrorAt));
        Assert.That(status.Lookups, Is.EqualTo(new[] { 1, 0, 0, 1 }));
    }

    private static DnsAnswer Found(int ttl, params string[] addresses) => new(DnsOutcome.Found, [.. addresses.Select(IPAddress.Parse)], TimeSpan.FromSeconds(ttl), "");

    private static DnsAnswer None() => new(DnsOutcome.NoAddress, [], Ttl: null, "no address");

    private static DnsAnswer NoName() => new(DnsOutcome.NoName, [], Ttl: null, "no such name");

    private static DnsAnswer Failed(string reason) => new(DnsOutcome.Failed, [], Ttl: null, reason);

    private Task<DnsLookup> LookUpAsync(string name, CancellationToken cancellation)
    {
        _looks.Add((_time.GetUtcNow() - new ManualTime().GetUtcNow()).TotalSeconds);
        return Task.FromResult(_answer());
    }

    private void Start() => _watch = new DiscoveryWatch(_discovery, found: Note, _context.OnBug);

    private async Task Stop()
    {
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }
    }

    private void Note(ValueList<EndpointOptions> found) => _sets.Add(string.Join(' ', found.Select(endpoint => endpoint.Address)));

    private void Advance(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
