using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Testing;

/// <summary>One expectation: of a request, or of all requests.</summary>
internal sealed record TestOptions : IConfigurable<TestOptions>
{
    /// <inheritdoc/>
    public static Shape<TestOptions> Shape { get; } = new(
        "test", "An expectation: `request` with `expect`, or `assert` for all requests.", """{request: {url: "http://a.example/users/7"}, expect: {route: users}}""", () => new())
    {
        {
            "name", Kinds.Text(200), o => o.Name!, (o, value) => o with { Name = value },
            "What is expected, in words; without it the request is shown."
        },
        {
            "request", Kinds.Record<TestRequestOptions>(), o => o.Request!, (o, value) => o with { Request = value },
            "A request."
        },
        {
            "expect", Kinds.Record<TestExpectOptions>(), o => o.Expect!, (o, value) => o with { Expect = value },
            "What becomes of it. Only what is written is looked at."
        },
        {
            "assert", Kinds.Record<TestAssertOptions>(), o => o.Assert!, (o, value) => o with { Assert = value },
            "What has to be true of every request that leads to some place: it is proved over all routes."
        },
    };

    /// <summary>What is expected, in words; null for none.</summary>
    public string? Name { get; init; }

    /// <summary>The request; null where all are meant.</summary>
    public TestRequestOptions? Request { get; init; }

    /// <summary>What becomes of it.</summary>
    public TestExpectOptions? Expect { get; init; }

    /// <summary>What has to be true of all; null where one is meant.</summary>
    public TestAssertOptions? Assert { get; init; }
}
