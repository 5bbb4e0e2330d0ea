namespace LoadBalancer.Peers.Tests;

internal sealed class SettingsTests
{
    [Test]
    public void Makes_five_rounds_of_four_seconds_unless_told_otherwise()
    {
        var settings = Settings.From(new PeersOptions());

        Assert.That((settings.Rounds, settings.PiecesPerWindow, settings.MaxRounds), Is.EqualTo((5, 16, 15)));
    }

    [Test]
    public void Names_what_there_is_for_an_unknown_scenario() =>
        Assert.That(
            () => Settings.From(new PeersOptions { Scenarios = ["mesages"] }),
            Throws.TypeOf<UsageException>().With.Message.Contains("mesages").And.Message.Contains("messages, paced, connections, bulk, idle, start, http, http-1024"));

    [TestCase(0, 4.0, null)]
    [TestCase(5, 0.1, null)]
    [TestCase(5, double.NaN, null)]
    [TestCase(5, 4.0, 4)]
    public void Refuses_numbers_out_of_their_range(int rounds, double seconds, int? maxRounds) =>
        Assert.That(
            () => Settings.From(new PeersOptions { Rounds = rounds, Seconds = seconds, MaxRounds = maxRounds }),
            Throws.TypeOf<UsageException>());

    [Test]
    public void Keeps_the_catalogue_order_of_chosen_contenders() =>
        Assert.That(
            Settings.From(new PeersOptions { Contenders = ["nginx", "haproxy"] }).Contenders.Select(c => c.Name),
            Is.EqualTo(new[] { "haproxy", "nginx" }));
}
