using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Daemon.State;
using LoadBalancer.Daemon.Tests.Configuration;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.State;

internal sealed class ConfigHistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private TemporaryFolder _folder = null!;
    private StateFolder _state = null!;
    private ConfigHistory _history = null!;

    [SetUp]
    public void Open()
    {
        _folder = new TemporaryFolder();
        Reopen();
    }

    [TearDown]
    public void Close()
    {
        _state.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void What_took_effect_is_found_again_after_a_restart_word_for_word()
    {
        Apply("a");
        _history.Refused(Noon, ReloadCause.Watch, Loaded("bad"), "lb.yaml:1:1: no");
        Reopen();
        Assert.That(_history.Entries, Is.EqualTo(new[]
        {
            new HistoryEntry(Noon, ReloadCause.Signal, HistoryOutcome.Applied, "a", 8),
            new HistoryEntry(Noon, ReloadCause.Watch, HistoryOutcome.Refused, "bad", 9) { Why = "lb.yaml:1:1: no" },
        }));
        var kept = _history.Read(_history.Newest!)!;
        Assert.That((kept.Main, kept.Texts[_folder["lb.yaml"]]), Is.EqualTo((_folder["lb.yaml"], "text: ä")));
        Assert.That(_history.Find("bad"), Is.Null, "what was refused is not kept");
    }

    [Test]
    public void Twenty_versions_are_kept_and_refusals_push_none_of_them_out()
    {
        for (var round = 0; round < 50; round++)
        {
            Apply($"good{round}");
            _history.Refused(Noon, ReloadCause.Watch, Loaded($"bad{round}"), "no");
        }

        for (var round = 0; round < 50; round++)
        {
            _history.Refused(Noon, ReloadCause.Watch, Loaded($"worse{round}"), "no");
        }

        Reopen();
        Assert.That(_history.Entries.Where(entry => entry.Outcome == HistoryOutcome.Applied).Select(entry => entry.Version), Is.EqualTo(Enumerable.Range(30, 20).Select(round => $"good{round}")));
        Assert.That(_history.Entries.Count(entry => entry.Outcome == HistoryOutcome.Refused), Is.EqualTo(20));
        Assert.That(Directory.GetFiles(_state.Path, "version-*"), Has.Length.EqualTo(20));
    }

    [Test]
    public void What_is_loaded_again_or_refused_again_adds_nothing()
    {
        Apply("a");
        Apply("a");
        _history.Refused(Noon, ReloadCause.Watch, Loaded("bad"), "no");
        _history.Refused(Noon, ReloadCause.Signal, Loaded("bad"), "no");
        Assert.That(_history.Entries.Select(entry => (entry.Version, entry.By)), Is.EqualTo(new[] { ("a", ReloadCause.Signal), ("bad", ReloadCause.Signal) }));
    }

    [Test]
    public void Going_back_again_and_again_goes_further_back_and_never_to_what_was_taken_back()
    {
        Array.ForEach(["first", "second", "third"], Apply);
        Assert.That(_history.Before!.Version, Is.EqualTo("second"));
        Return("second");
        Assert.That(_history.TakenBack("third")!.Why, Is.EqualTo("rolled back to second"));
        Assert.That(_history.Before!.Version, Is.EqualTo("first"));
        Apply("fourth");
        Assert.That(_history.Before!.Version, Is.EqualTo("second"));
        Return("first");
        Assert.That(_history.Before, Is.Null);
        Assert.That(_history.Find("thir")!.Version, Is.EqualTo("third"), "by name it may be had");
        Assert.That(_history.Find("thi"), Is.Null, "too short");
        Return("third");
        Assert.That(_history.TakenBack("third"), Is.Null);
    }

    [Test]
    public void Documents_that_make_no_sense_are_set_aside_and_nothing_is_remembered()
    {
        Apply("a");
        File.WriteAllText(Path.Combine(_state.Path, "version-a.json"), "{");
        Assert.That(_history.Read(_history.Newest!), Is.Null);
        File.WriteAllText(Path.Combine(_state.Path, "history.json"), """{"version": 2, "entries": []}""");
        Reopen();
        Assert.That(_history.Entries, Is.Empty);
        Assert.That(Directory.GetFiles(_state.Path, "*.bad-*"), Has.Length.EqualTo(2));
    }

    [Test]
    public void A_version_that_is_kept_loads_as_it_was_whatever_the_disk_holds_now_and_has_no_secret_in_it()
    {
        using var folder = new ConfigFolder()
            .With("lb.yaml", "include: [teams/*.yaml]\nlisteners: {web: {bind: \":80\", tcp: a}}\nadmin: {token: \"${file:token}\"}\n")
            .With("teams/a.yaml", "upstreams: {a: {endpoints: [\"10.0.0.1:80\"]}}\n")
            .With("token", "correct-horse-battery-staple\n");
        var loaded = GatewayFile.Load(folder["lb.yaml"]);
        _history.Applied(Noon, ReloadCause.Start, loaded);
        File.WriteAllText(folder["lb.yaml"], "nonsense");
        File.Delete(folder["teams/a.yaml"]);
        File.WriteAllText(folder["teams/b.yaml"], "upstreams: {b: {endpoints: [\"10.0.0.2:80\"]}}\n");

        var again = _history.LastGood(folder["lb.yaml"], _ => null)!;
        Assert.That(again.Options, Is.EqualTo(loaded.Options));
        Assert.That((again.Digest, again.Files), Is.EqualTo((loaded.Digest, loaded.Files)));
        Assert.That(Directory.GetFiles(_state.Path, "*.json").Select(File.ReadAllText), Has.None.Contains("horse"));
        Assert.That(_history.LastGood(folder["other.yaml"], _ => null), Is.Null, "of another file");

        File.Delete(folder["token"]);
        Assert.That(_history.LastGood(folder["lb.yaml"], _ => null), Is.Null, "a secret is where it was or nowhere");
    }

    [Test]
    public void A_folder_that_cannot_be_written_is_no_reason_to_refuse_a_configuration()
    {
        Directory.CreateDirectory(Path.Combine(_state.Path, "version-a.json.new"));
        Assert.That(() => Apply("a"), Throws.Nothing);
        Assert.That(_history.Newest!.Version, Is.EqualTo("a"));
    }

    private void Apply(string version) => _history.Applied(Noon, ReloadCause.Signal, Loaded(version));

    private void Return(string version) => _history.Applied(Noon, ReloadCause.Rollback, Loaded(version));

    private LoadResult Loaded(string version) => new()
    {
        Options = new GatewayOptions(),
        Errors = [],
        Warnings = [],
        Files = [_folder["lb.yaml"]],
        Digest = version,
        Folders = [],
        Sources = new ConfigSources(_folder["lb.yaml"], new Dictionary<string, string> { [_folder["lb.yaml"]] = $"text: {(version == "a" ? "ä" : version)}" }),
    };

    private void Reopen()
    {
        _state?.Dispose();
        _state = StateFolder.Open(_folder["state"], TimeProvider.System, LogSink.Silent);
        _history = new ConfigHistory(_state, LogSink.Silent);
    }
}
