using LoadBalancer.Configuration;

namespace LoadBalancer.Tests.Configuration;

internal sealed class NearestNameTests
{
    private static readonly string[] Known = ["upstream", "endpoints", "least_connections", "round_robin", "hash", "tcp", "max_connections", "idle"];

    [TestCase("upstrem", "upstream")]
    [TestCase("usptream", "upstream")]
    [TestCase("Upstream", "upstream")]
    [TestCase("least-connections", "least_connections")]
    [TestCase("least_conn", "least_connections")]
    [TestCase("max_connections_per_client", "max_connections")]
    [TestCase("hsah", "hash")]
    [TestCase("tpc", "tcp")]
    [TestCase("endpoint", "endpoints")]
    public void Names_the_known_word_that_was_meant(string written, string meant) => Assert.That(NearestName.Of(written, Known), Is.EqualTo(meant));

    [TestCase("")]
    [TestCase("x")]
    [TestCase("backend")]
    [TestCase("udp4")]
    public void Names_nothing_where_nothing_is_near(string written) => Assert.That(NearestName.Of(written, Known), Is.Null);

    [Test]
    public void Names_nothing_for_a_word_longer_than_any_name() => Assert.That(NearestName.Of(new string('a', 100_000), Known), Is.Null);

    [Test]
    public void Prefers_the_nearer_of_two() => Assert.That(NearestName.Of("log_lvel", ["log_file", "log_level"]), Is.EqualTo("log_level"));

    [Test]
    public void Suggests_in_the_words_of_an_error() => Assert.Multiple(() =>
    {
        Assert.That(NearestName.Suggest("upstrem", Known), Is.EqualTo("; did you mean 'upstream'?"));
        Assert.That(NearestName.Suggest("backend", Known), Is.Empty);
    });
}
