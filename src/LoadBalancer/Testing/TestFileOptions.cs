using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Testing;

/// <summary>What a configuration is expected to do: the file of <c>lb test</c>.</summary>
internal sealed record TestFileOptions : IConfigurable<TestFileOptions>
{
    /// <inheritdoc/>
    public static Shape<TestFileOptions> Shape { get; } = new(
        "test_file", "What a configuration is expected to do.", """{tests: [{request: {url: "http://a.example/users/7"}, expect: {route: users}}]}""", () => new())
    {
        {
            "config", Kinds.FilePattern, o => o.Config!, (o, value) => o with { Config = value },
            "The configuration, relative to this file; `-c` says another."
        },
        {
            "tests", Kinds.List(Kinds.Record<TestOptions>()), o => o.Tests, (o, value) => o with { Tests = value },
            "The expectations.", Presence.Required
        },
    };

    /// <summary>The configuration; null where the command line has to say it.</summary>
    public string? Config { get; init; }

    /// <summary>The expectations.</summary>
    public ValueList<TestOptions> Tests { get; init; }

    /// <summary>What the file has from a reference such as <c>${env:TOKEN}</c>, and nobody is shown.</summary>
    internal ValueList<Secret> Secrets { get; init; }
}
