using System.Text.Json.Nodes;
using LoadBalancer.Balancing;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Tests.Configuration;

internal sealed class SchemaDocumentTests
{
    private static readonly SchemaEvaluator Schema = new(SchemaDocument.Build());

    [TestCase(GatewayFileTests.Minimal)]
    [TestCase("listeners: {a: {bind: [\":1\", \"[::]:1\", unix:/x], tcp: {upstream: a}, timeouts: none, max_connections: 5}}\nadmin: {bind: off}")]
    [TestCase("listeners: {a: {bind: \"${env:BIND}\", tcp: a, max_connections: \"${env:MAX}\", timeouts: {idle: \"${env:IDLE}\", connect: none}}}")]
    [TestCase("upstreams: {a: {endpoints: \"10.0.0.1:1\", balance: hash, hash: {on: client_ip}, health: {active: {jitter: 2.5%}, passive: off}}}")]
    [TestCase("upstreams: {a: {endpoints: [{address: unix:/x, weight: 2, backup: true}]}}")]
    [TestCase("transport: {loops: auto}\nlog: {access: stdout}\nreload: {watch: false}\nshutdown: {drain: 0s}\ndefaults:\n")]
    [TestCase("transport: {loops: 4}\nlog: {access: /x}\nreload: {watch: \"true\"}\ninclude: [a.yaml, b/*.yaml]")]
    public void Accepts_what_the_loader_accepts(string text) => Assert.Multiple(() =>
    {
        Assert.That(Loads(text), Is.Empty);
        Assert.That(Schema.Accepts(Json(text)), Is.True);
    });

    [TestCase("listners: {}")]
    [TestCase("listeners: {a: {tcp: a}}")]
    [TestCase("listeners: {a: {bind: 8080, tcp: a}}")]
    [TestCase("listeners: {a: {bind: [], tcp: a}}")]
    [TestCase("listeners: {a: {bind: \":1\", tcp: {upstrem: a}}}")]
    [TestCase("listeners: {a: {bind: \":1\", tcp: a, max_connections: 0}}")]
    [TestCase("listeners: {a: {bind: \":1\", tcp: a, timeouts: {idle: 5}}}")]
    [TestCase("listeners: {\"a b\": {bind: \":1\", tcp: a}}")]
    [TestCase("upstreams: {a: {endpoints: \"db:1\"}}")]
    [TestCase("upstreams: {a: {endpoints: [{weight: 1}]}}")]
    [TestCase("upstreams: {a: {endpoints: \"10.0.0.1:1\", balance: random}}")]
    [TestCase("upstreams: {a: {endpoints: \"10.0.0.1:1\", health: {active: on}}}")]
    [TestCase("upstreams: {a: {endpoints: \"10.0.0.1:1\", health: {active: {jitter: 10}}}}")]
    [TestCase("log: {access: x}")]
    [TestCase("transport: {loops: 257}")]
    [TestCase("reload: {watch: on}")]
    public void Refuses_what_the_loader_refuses(string text) => Assert.Multiple(() =>
    {
        Assert.That(Loads(text), Is.Not.Empty);
        Assert.That(Schema.Accepts(Json(text)), Is.False);
    });

    [Test]
    public void States_for_every_key_what_it_means_and_its_default()
    {
        var listener = SchemaDocument.Build()["$defs"]!["listener"]!;
        var key = listener["properties"]!["max_connections"]!;

        Assert.Multiple(() =>
        {
            Assert.That((string?)key["description"], Does.StartWith("Connections at once"));
            Assert.That((int?)key["default"], Is.EqualTo(new ListenerOptions { Tcp = new("x") }.MaxConnections));
            Assert.That((int?)key["minimum"], Is.EqualTo(1));
            Assert.That(listener["required"]!.AsArray().Select(name => (string?)name), Is.EqualTo(new[] { "bind" }));
            Assert.That((bool?)listener["additionalProperties"], Is.False);
        });
    }

    [Test]
    public void Lists_the_words_of_a_key_for_editors()
    {
        var balance = SchemaDocument.Build()["$defs"]!["upstream"]!["properties"]!["balance"]!;

        Assert.That(balance["anyOf"]![0]!["enum"]!.AsArray().Select(word => (string?)word), Is.EqualTo(BalancerCatalog.Names));
    }

    [Test]
    public void Is_of_the_2020_12_dialect() => Assert.That(SchemaDocument.Write(), Does.Contain("\"https://json-schema.org/draft/2020-12/schema\""));

    private static string[] Loads(string text)
    {
        using var folder = new ConfigFolder().With("lb.yaml", text);
        foreach (var file in new[] { "a.yaml", "b/a.yaml" })
        {
            folder.With(file, "");
        }

        return folder.Lines(folder.Load(new LoadSettings { Fragment = true, WithoutSecrets = true }).Errors);
    }

    private static JsonNode? Json(string text) => SchemaEvaluator.Json(new YamlSource(text, "lb.yaml", new ConfigReader()).Read()!);
}
