using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Explaining;

namespace LoadBalancer.Daemon.Testing;

/// <summary>A request of a test, as <c>lb explain</c> is asked about one.</summary>
internal sealed record TestRequestOptions : IConfigurable<TestRequestOptions>
{
    /// <inheritdoc/>
    public static Shape<TestRequestOptions> Shape { get; } = new(
        "test_request", "A request, as `lb explain` is asked about one.", """{method: POST, url: "https://a.example/trips", headers: {X-Api-Version: "2"}, identity: "sub=alice,roles=rider"}""", () => new(), shortForm: "url")
    {
        {
            "url", Kinds.Text(8192), o => o.Url, (o, value) => o with { Url = value },
            "Where it goes: http or https, with a host.", Presence.Required
        },
        {
            "method", Kinds.Token("a method", "POST"), o => o.Method, (o, value) => o with { Method = value },
            "The method."
        },
        {
            "headers", Kinds.ByField(Kinds.Text(8192)), o => o.Headers, (o, value) => o with { Headers = value },
            "Header fields."
        },
        {
            "client", Kinds.Text(64), o => o.Client!, (o, value) => o with { Client = value },
            "The address that connects; without it one that is nobody's, 192.0.2.1."
        },
        {
            "listener", Kinds.Name("the name of a listener"), o => o.Listener!, (o, value) => o with { Listener = value },
            "The listener that it comes to; without it the one that speaks the URL's scheme on its port."
        },
        {
            "identity", Kinds.Text(4096), o => o.Identity!, (o, value) => o with { Identity = value },
            "Who calls, in place of finding it out: `sub=alice,roles=a,b,plan=pro`. A file of tests needs no token so."
        },
    };

    /// <summary>Where it goes.</summary>
    public string Url { get; init; } = null!;

    /// <summary>The method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Header fields by name.</summary>
    public ValueMap<string> Headers { get; init; } = ValueMap<string>.Empty;

    /// <summary>The address that connects; null for nobody's.</summary>
    public string? Client { get; init; }

    /// <summary>The listener; null for the one that the URL leads to.</summary>
    public string? Listener { get; init; }

    /// <summary>Who calls; null where that is found out.</summary>
    public string? Identity { get; init; }

    /// <summary>The question that it is.</summary>
    public Question ToQuestion() => new()
    {
        Method = Method,
        Url = Url,
        Headers = [.. Headers.Select(header => $"{header.Key}: {header.Value}")],
        Client = Client,
        Listener = Listener,
        Identity = Identity,
    };
}
