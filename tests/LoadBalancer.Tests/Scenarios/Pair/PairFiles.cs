using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>The sample's files, with what the test has beside them.</summary>
internal static class PairFiles
{
    /// <summary>
    /// An instance's: as it stands, but with a shorter drain. WebSockets are told in the first half of it, one after the other, which would be most of the test.
    /// </summary>
    public static string Instance(TimeSpan drain) => Replace(WorkTree.Read("samples/ha-pair/lb.yaml"), "drain: 30s", $"drain: {drain.TotalSeconds}s");

    /// <summary>The front's: as it stands, and once more with HTTP/2 to the instances, at port 81. WebSockets cannot go there.</summary>
    public static string Front()
    {
        const string Name = "pair-by-http2";
        var text = WorkTree.Read("samples/ha-pair/front/lb.yaml");
        var listener = Replace(Replace(Replace(Part(text, "  web:\n", "  passed:\n"), "  web:", "  web-by-http2:"), "\":80\"", "\":81\""), "upstream: pair\n", $"upstream: {Name}\n");
        var upstream = Replace(Part(text, "  pair:\n", "  pair-passed:\n"), "  pair:\n", $"  {Name}:\n    protocol: http2\n");
        return Replace(Replace(text, "\nlisteners:\n", $"\nlisteners:\n{listener}"), "\nupstreams:\n", $"\nupstreams:\n{upstream}");
    }

    private static string Part(string text, string from, string to) =>
        text[text.IndexOf(from, StringComparison.Ordinal)..text.IndexOf(to, StringComparison.Ordinal)];

    private static string Replace(string text, string old, string by)
    {
        Assert.That(text, Does.Contain(old));
        return text.Replace(old, by, StringComparison.Ordinal);
    }
}
