using System.Collections.Immutable;
using LoadBalancer.Peers.Contenders;
using LoadBalancer.Peers.Measuring;
using LoadBalancer.Peers.Results;
using LoadBalancer.Peers.Scenarios;

namespace LoadBalancer.Peers.Tests.Results;

internal sealed class ReportTests
{
    private static readonly IReadOnlyList<Contender> Contenders =
        [.. ContenderCatalog.All("lb").Where(c => c.Name is "lb" or "haproxy" or "haproxy-again" or "direct")];

    [Test]
    public void Has_the_cost_of_fast_pieces_only_and_its_ratio_to_the_peer()
    {
        var report = Report(Window("lb", Costing(10, 12), slow: Costing(10, 90)), Window("haproxy", Costing(10, 24)), Window("haproxy-again", Costing(10, 25)), Window("direct", Costing(10, 0)));

        Assert.That(report, Does.Contain("| lb | 12.0 | 12.0–12.0 | 0.50 (0.50–0.50) | 0.50 (0.50–0.50) |"));
        Assert.That(report, Does.Contain("| haproxy | 24.0 | 24.0–24.0 | 1 | 1 |"));
        Assert.That(report, Does.Contain("Noise: haproxy beside itself is 1.04 (rounds 1.04–1.04)."));
        Assert.That(report, Does.Contain("| direct | – |"));
    }

    [Test]
    public void Says_tie_where_there_are_too_few_pieces() =>
        Assert.That(Report(Window("lb", Costing(3, 22)), Window("haproxy", Costing(10, 24))), Does.Contain("| lb | 22.0 | 22.0–22.0 | tie (0.92) | tie (0.92) |"));

    [Test]
    public void Leaves_out_who_did_not_take_part() =>
        Assert.That(Report(Window("lb", Costing(10, 12))), Does.Contain("| lb |").And.Not.Contain("haproxy"));

    [Test]
    public void Has_the_p99_that_a_proxy_adds_to_that_of_the_load_alone() =>
        Assert.That(
            Report(ScenarioCatalog.Messages with { HasLatency = true }, [Window("lb", WithP99(120)), Window("haproxy", WithP99(140)), Window("direct", WithP99(50))]),
            Does.Contain("| 0.86 (0.86–0.86) | 70 | – | 10/10 |").And.Contain("| 1 | 90 | – | 10/10 |"));

    [TestCase("http-slowloris", "http-paced")]
    [TestCase("https-half", "https-paced")]
    [TestCase("http2-resets", "http2-paced")]
    [TestCase("http2-continuations", "http2-paced")]
    public void Has_the_p99_beside_hostile_clients_by_that_without_them(string name, string without)
    {
        var beside = ScenarioCatalog.All(quick: false).OfType<TrafficScenario>().Single(scenario => scenario.Name == name);
        var report = Report(beside, [Window("lb", WithP99(150)) with { Scenario = name, P99Ns = 300_000 }, Window("lb", WithP99(120)) with { Scenario = without, P99Ns = 200_000 }]);

        Assert.That(beside.Slow, Is.Positive);
        Assert.That(report, Does.Contain($"| p99 ÷ {without} | whole windows: p99 ÷ {without} | pieces |").And.Contain("| 1.25 | 1.50 | 10/10 |"));
    }

    [Test]
    public void Names_every_window_with_errors() =>
        Assert.That(
            Report(Window("lb", Costing(1, 1)) with { Errors = 3, Reason = "receive: Connection reset by peer" }),
            Does.Contain("**3 errors**: lb, messages, round 1: receive: Connection reset by peer"));

    [Test]
    public void Warns_where_others_used_the_cores() =>
        Assert.That(Report(Window("lb", Costing(1, 1)) with { ProxyCore = new CoreDisturbance(0.5, 0) }), Does.Contain("**Others used the proxy's core**"));

    private static string Report(params ImmutableArray<Window> windows) => Report(ScenarioCatalog.Messages, windows);

    private static string Report(Scenario scenario, ImmutableArray<Window> windows)
    {
        var result = new RunResult
        {
            StartedAt = "2026-01-01 00:00 UTC",
            Machine = new Machine("a processor", 2, "6.1", "Linux"),
            Cores = new Cores(1, 0),
            Rounds = 1,
            PiecesPerWindow = 4,
            Quick = false,
            Versions = ImmutableSortedDictionary<string, string>.Empty,
            Windows = windows,
            Idle = [],
            Starts = [],
        };
        return new Report(result, Contenders, [scenario]).ToMarkdown();
    }

    private static Window Window(string contender, IEnumerable<Piece> fast, IEnumerable<Piece>? slow = null) => new()
    {
        Scenario = "messages",
        Contender = contender,
        Round = 1,
        Pieces = [.. fast, .. (slow ?? []).Select(p => p with { CalibrationAfterNs = 900 })],
        Errors = 0,
        Reason = "",
        UserShare = 0.2,
        ProxyCore = new CoreDisturbance(0, 0),
        LoadCore = new CoreDisturbance(0, 0),
        TimeWaitBefore = 0,
    };

    private static IEnumerable<Piece> WithP99(int microseconds) => Costing(10, 10).Select(piece => piece with { P99Ns = microseconds * 1000L });

    private static IEnumerable<Piece> Costing(int pieces, int microseconds) => Enumerable.Repeat(SomePieces.Calibrated(470, 470) with { CpuNs = microseconds * 100_000L }, pieces);
}
