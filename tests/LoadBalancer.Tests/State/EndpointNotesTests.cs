using System.Net;
using LoadBalancer.Daemon.State;
using LoadBalancer.Endpoints;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.State;

internal sealed class EndpointNotesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly EndpointId A = new("orders", new IPEndPoint(IPAddress.Loopback, 80));
    private static readonly EndpointId B = new("orders", new System.Net.Sockets.UnixDomainSocketEndPoint("/run/b.sock"));

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void The_next_start_finds_what_was_drained_and_not_what_was_enabled()
    {
        using (var state = Open())
        {
            var drained = new EndpointNotes(state, EndpointNotes.Drained);
            drained.Add([A, B], Noon, "uid 0");
            drained.Add([A], Noon.AddHours(1), "token");
            drained.Remove([B]);
        }

        using var next = Open();
        var found = new EndpointNotes(next, EndpointNotes.Drained);
        Assert.That(found.All, Is.EqualTo(new[] { new EndpointNote("orders", "127.0.0.1:80", Noon, "uid 0") }));
        Assert.That(found.Find(A), Is.Not.Null);
        Assert.That(found.Find(B), Is.Null);
        Assert.That(found.Find(new EndpointId("other", A.Address)), Is.Null);
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{\"version\": 1}")]
    [TestCase("{\"version\": 1, \"endpoints\": [{}]}")]
    [TestCase("{\"version\": 2, \"endpoints\": []}")]
    public void A_file_that_makes_no_sense_is_set_aside(string content)
    {
        using var state = Open();
        File.WriteAllText(Path.Combine(state.Path, "drained.json"), content);
        var drained = new EndpointNotes(state, EndpointNotes.Drained);
        Assert.That(drained.All, Is.Empty);
        Assert.That(File.ReadAllText(Directory.GetFiles(state.Path, "drained.json.bad-*").Single()), Is.EqualTo(content));
        drained.Add([A], Noon, "uid 0");
        Assert.That(new EndpointNotes(state, EndpointNotes.Drained).Find(A), Is.Not.Null);
    }

    [Test]
    public void An_address_that_is_none_costs_only_itself()
    {
        using var state = Open();
        File.WriteAllText(Path.Combine(state.Path, "drained.json"), """
            {"version": 1, "endpoints": [
              null,
              {"upstream": "orders", "endpoint": "localhost:80", "since": "2026-11-21T12:00:00+00:00", "by": "uid 0"},
              {"upstream": "orders", "endpoint": "127.0.0.1:80", "since": "2026-11-21T12:00:00+00:00", "by": "uid 0"}]}
            """);
        Assert.That(new EndpointNotes(state, EndpointNotes.Drained).All.Select(drained => drained.Endpoint), Is.EqualTo(new[] { "127.0.0.1:80" }));
    }

    [Test]
    public void What_cannot_be_written_is_not_changed()
    {
        using var state = Open();
        var drained = new EndpointNotes(state, EndpointNotes.Drained);
        Directory.CreateDirectory(Path.Combine(state.Path, "drained.json.new"));
        Assert.That(() => drained.Add([A], Noon, "uid 0"), Throws.InstanceOf<IOException>());
        Assert.That(drained.All, Is.Empty);
    }

    [Test]
    public void Weights_are_in_a_file_of_their_own_and_the_last_one_counts()
    {
        using var state = Open();
        new EndpointNotes(state, EndpointNotes.Drained).Add([A], Noon, "uid 0");
        var weights = new EndpointNotes(state, EndpointNotes.Weights);
        weights.Add([A, B], Noon, "uid 0", 3);
        weights.Add([A], Noon.AddHours(1), "token", 0);
        weights.Add([B], Noon.AddHours(1), "token", 3);

        var found = new EndpointNotes(state, EndpointNotes.Weights);
        Assert.That((found.Find(A)!.Weight, found.Find(A)!.By), Is.EqualTo((0, "token")));
        Assert.That((found.Find(B)!.Weight, found.Find(B)!.By), Is.EqualTo((3, "uid 0")), "the same was said before");
        Assert.That(new EndpointNotes(state, EndpointNotes.Drained).Find(A)!.Weight, Is.Null);
    }

    [TestCase("")]
    [TestCase(", \"weight\": -1")]
    [TestCase(", \"weight\": 257")]
    public void A_weight_that_is_none_costs_only_itself(string weight)
    {
        using var state = Open();
        File.WriteAllText(Path.Combine(state.Path, "weights.json"), $$"""
            {"version": 1, "endpoints": [
              {"upstream": "orders", "endpoint": "127.0.0.1:81", "since": "2026-11-21T12:00:00+00:00", "by": "uid 0"{{weight}} },
              {"upstream": "orders", "endpoint": "127.0.0.1:80", "since": "2026-11-21T12:00:00+00:00", "by": "uid 0", "weight": 256}]}
            """);
        Assert.That(new EndpointNotes(state, EndpointNotes.Weights).All.Select(note => (note.Endpoint, note.Weight)), Is.EqualTo(new[] { ("127.0.0.1:80", (int?)256) }));
    }

    [Test]
    public void Without_a_folder_it_lasts_as_long_as_the_process()
    {
        var drained = new EndpointNotes(null, EndpointNotes.Drained);
        drained.Add([A], Noon, "uid 0");
        Assert.That(drained.Find(A), Is.Not.Null);
        Assert.That(new EndpointNotes(null, EndpointNotes.Drained).All, Is.Empty);
    }

    private StateFolder Open() => StateFolder.Open(_folder["state"], TimeProvider.System, LogSink.Silent);
}
