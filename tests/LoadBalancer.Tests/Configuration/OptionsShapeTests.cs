using System.Text.Json.Nodes;
using LoadBalancer.Configuration;
using LoadBalancer.Connections.RateLimit;
using LoadBalancer.Daemon.Configuration;
using LoadBalancer.Discovery;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Http;
using LoadBalancer.Http.Authentication.ApiKeys;
using LoadBalancer.Http.Authentication.Basic;
using LoadBalancer.Http.Authentication.ClientCertificates;
using LoadBalancer.Http.Authentication.External;
using LoadBalancer.Http.Authentication.Introspection;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Policies.Rewrite;
using LoadBalancer.Http.RateLimiting;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Limits;
using LoadBalancer.Tcp;
using LoadBalancer.Tls;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>What holds for the shape of every record of options.</summary>
[TestFixture(typeof(GatewayOptions))]
[TestFixture(typeof(DefaultsOptions))]
[TestFixture(typeof(ListenerOptions))]
[TestFixture(typeof(ConnectionRateOptions))]
[TestFixture(typeof(TcpOptions))]
[TestFixture(typeof(TcpTimeouts))]
[TestFixture(typeof(DefaultTimeouts))]
[TestFixture(typeof(TlsOptions))]
[TestFixture(typeof(CertificateOptions))]
[TestFixture(typeof(ClientCertificateOptions))]
[TestFixture(typeof(HttpOptions))]
[TestFixture(typeof(HttpTimeouts))]
[TestFixture(typeof(HttpLimits))]
[TestFixture(typeof(RouteOptions))]
[TestFixture(typeof(RouteLimits))]
[TestFixture(typeof(SplitOptions))]
[TestFixture(typeof(MirrorOptions))]
[TestFixture(typeof(RedirectOptions))]
[TestFixture(typeof(RespondOptions))]
[TestFixture(typeof(OnErrorOptions))]
[TestFixture(typeof(RoutePolicyOptions))]
[TestFixture(typeof(RewriteOptions))]
[TestFixture(typeof(QueryChangesOptions))]
[TestFixture(typeof(HeaderChangesOptions))]
[TestFixture(typeof(AuthOptions))]
[TestFixture(typeof(RequireOptions))]
[TestFixture(typeof(CorsOptions))]
[TestFixture(typeof(ClientCertificateProviderOptions))]
[TestFixture(typeof(ProviderOptions))]
[TestFixture(typeof(JwtOptions))]
[TestFixture(typeof(JwtKeysOptions))]
[TestFixture(typeof(ApiKeyOptions))]
[TestFixture(typeof(BasicOptions))]
[TestFixture(typeof(ConsumerOptions))]
[TestFixture(typeof(PlanOptions))]
[TestFixture(typeof(RateLimitOptions))]
[TestFixture(typeof(BandwidthOptions))]
[TestFixture(typeof(LimitRule))]
[TestFixture(typeof(CacheOptions))]
[TestFixture(typeof(CacheKeyOptions))]
[TestFixture(typeof(CacheMemoryOptions))]
[TestFixture(typeof(IntrospectionOptions))]
[TestFixture(typeof(ExternalOptions))]
[TestFixture(typeof(OidcOptions))]
[TestFixture(typeof(OidcRequirements))]
[TestFixture(typeof(AffinityOptions))]
[TestFixture(typeof(UpstreamOptions))]
[TestFixture(typeof(CircuitBreakerOptions))]
[TestFixture(typeof(DiscoverOptions))]
[TestFixture(typeof(HashOptions))]
[TestFixture(typeof(EndpointOptions))]
[TestFixture(typeof(UpstreamTimeouts))]
[TestFixture(typeof(UpstreamTlsOptions))]
[TestFixture(typeof(HealthOptions))]
[TestFixture(typeof(ActiveHealthOptions))]
[TestFixture(typeof(ProbeTlsOptions))]
[TestFixture(typeof(PassiveHealthOptions))]
[TestFixture(typeof(AdminOptions))]
[TestFixture(typeof(LogOptions))]
[TestFixture(typeof(TransportOptions))]
[TestFixture(typeof(ReloadOptions))]
[TestFixture(typeof(GuardOptions))]
[TestFixture(typeof(StateOptions))]
[TestFixture(typeof(ShutdownOptions))]
internal sealed class OptionsShapeTests<T>
    where T : IConfigurable<T>
{
    private static readonly string[] Candidates =
    [
        "true", "false", "7", "3", "17ms", "170ms", "7s", "33%", "170%", "off", "none", "hash", "debug", "name", "/tmp/x", "plan", "17MiB", "127.0.0.1:7777", "tls", "HEAD", "301-302", "10.0.0.0/8", "60/min",
        "name.internal:7", "v2", "{\"a.example\": name}", "{\"a.example\": 33%}", "301", "17KiB", "17KiB/s", "path", "combined", "query", "1.3", "optional", "http2",
        "${env:A_SECRET_OF_ITS_OWN}", "grpc", "low", "auth", "https://a.example", "serial", "{\"serial\": name}", "post", "deny", "allow", "ES256", "2h", "/some/path", "X-Some", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "2027-01-31T12:00:00Z", "{subject: X-User}", "exact", "route", "500/day", "redis://10.7.7.7",
    ];

    [Test]
    public void Its_example_loads()
    {
        var reader = new ConfigReader();
        var text = $"example: {T.Shape.Example}";

        T.Parse(new YamlSource(text, "lb.yaml", reader).Read()!.Find("example")!.Value, reader);

        Assert.That(reader.Errors.Select(error => error.ToString()), Is.Empty);
    }

    [Test]
    public void Every_default_is_a_value_that_the_file_may_hold()
    {
        foreach (var key in T.Shape.Keys.Where(key => key.Default is not null))
        {
            var reader = new ConfigReader();
            var record = key.Read(T.Shape.Blank(), Node(key.Name, key.Default!), reader);
            Assert.Multiple(() =>
            {
                Assert.That(reader.Errors.Select(error => error.ToString()), Is.Empty);
                Assert.That(key.Print(record), Is.EqualTo(key.Default));
            });
        }
    }

    [Test]
    public void Every_key_reads_into_the_property_that_it_prints()
    {
        foreach (var key in T.Shape.Keys.Where(key => key.Kind.Nested is null))
        {
            var before = T.Shape.Keys.ToDictionary(other => other.Name, other => Printed(other, T.Shape.Blank()));
            var (record, value) = Changed(key);
            var after = T.Shape.Keys.ToDictionary(other => other.Name, other => Printed(other, record));
            if (value is not null)
            {
                before[key.Name] = value;
            }

            Assert.That(after, Is.EquivalentTo(before));
        }
    }

    [Test]
    public void Every_property_has_a_key()
    {
        var keys = T.Shape.Keys.Select(key => key.Name.Replace("_", "", StringComparison.Ordinal)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var properties = typeof(T).GetProperties().Where(property => property.CanWrite && property.GetMethod!.IsPublic && !property.GetMethod.IsStatic)
            .Select(property => property.Name);

        Assert.That(properties, Is.SubsetOf(keys).IgnoreCase);
    }

    [Test]
    public void Every_key_is_a_word_in_small_letters_with_a_meaning() => Assert.Multiple(() =>
    {
        Assert.That(T.Shape.Keys.Select(key => key.Name), Has.All.Match("^[a-z]+(_[a-z]+)*$"));
        Assert.That(T.Shape.Keys.Select(key => key.Name), Is.Unique);
        Assert.That(T.Shape.Keys.Select(key => key.Doc), Has.All.EndsWith("."));
        Assert.That(T.Shape.Keys.Select(key => key.Doc), Has.None.Contains("|").And.None.Contains("\n"), "it stands in a table");
        Assert.That(T.Shape.Doc, Does.EndWith("."));
    });

    [Test]
    public void It_is_in_the_schema()
    {
        var definitions = (JsonObject)SchemaDocument.Build()["$defs"]!;

        Assert.That(typeof(T) == typeof(GatewayOptions) || definitions.ContainsKey(T.Name), Is.True);
    }

    private static (T Record, string? Value) Changed(Key<T> key)
    {
        foreach (var candidate in Candidates)
        {
            var reader = new ConfigReader();
            var record = key.Read(T.Shape.Blank(), Node(key.Name, candidate), reader);
            if (reader.Errors.Count == 0 && Printed(key, record) is { } value && value != Printed(key, T.Shape.Blank()))
            {
                return (record, value);
            }
        }

        // A key with one possible word cannot change.
        Assert.That(key.Kind.Noun.Replace(", or a list of them", "", StringComparison.Ordinal), Does.Not.Contain(" "), $"no candidate fits the key {key.Name}; add one");
        return (T.Shape.Blank(), null);
    }

    // What is required has no text in a blank record.
    private static string? Printed(Key<T> key, T record)
    {
        try
        {
            return key.Print(record);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static ConfigNode Node(string label, string text) => text[0] is '{' or '['
        ? new YamlSource($"{label}: {text}", "lb.yaml", new ConfigReader()).Read()!.Find(label)!.Value
        : new ScalarNode(new SourceSpan("lb.yaml", 1, 1), label, text);
}
