using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Status;

namespace LoadBalancer.Daemon.Tests.Status;

internal sealed class StatusJsonTests
{
    private static readonly JsonElement Document = JsonDocument.Parse(StatusJson.Format(SampleStatus.Make())).RootElement;

    [Test]
    public void Says_what_runs_and_which_reload_was_refused()
    {
        var config = Document.GetProperty("config");

        Assert.That(Document.GetProperty("started_at").GetString(), Does.StartWith("2026-11-21T12:00:00"));
        Assert.That(config.GetProperty("version").GetString(), Is.EqualTo("3f2a9c01"));
        Assert.That(config.GetProperty("files")[0].GetString(), Is.EqualTo("/etc/lb/lb.yaml"));
        Assert.That(config.GetProperty("last_refusal").GetProperty("errors")[0].GetString(), Does.Contain("upstrem"));
    }

    [Test]
    public void Has_the_counts_of_a_listener()
    {
        var web = Document.GetProperty("listeners")[0];

        Assert.That(web.GetProperty("addresses").EnumerateArray().Select(address => address.GetString()), Is.EqualTo(new[] { "0.0.0.0:80", "[::]:80" }));
        Assert.That(new[] { "active_connections", "connections", "received_bytes", "sent_bytes", "max_connections" }.Select(key => web.GetProperty(key).GetInt64()),
            Is.EqualTo(new[] { 1L, 3, 100, 2000, 20_000 }));
        Assert.That(web.GetProperty("rejected").GetProperty("no_endpoint").GetInt64(), Is.EqualTo(1));
        Assert.That(web.GetProperty("rejected").GetProperty("connect_refused").GetInt64(), Is.Zero);
    }

    [Test]
    public void Has_each_verdict_of_an_endpoint_with_its_reason_and_time()
    {
        var ejected = Document.GetProperty("upstreams")[0].GetProperty("endpoints")[1];
        var verdict = ejected.GetProperty("verdicts")[0];

        Assert.That((ejected.GetProperty("state").GetString(), ejected.GetProperty("available").GetBoolean()), Is.EqualTo(("ejected", false)));
        Assert.That((verdict.GetProperty("judge").GetString(), verdict.GetProperty("verdict").GetString()), Is.EqualTo(("passive", "ejected")));
        Assert.That(verdict.GetProperty("reason").GetString(), Is.EqualTo("5 failures within 30 s, the last connect_refused"));
        Assert.That(verdict.GetProperty("since").GetDateTimeOffset(), Is.EqualTo(new DateTimeOffset(2026, 11, 21, 12, 0, 1, TimeSpan.Zero)));
    }

    [Test]
    public void Has_the_latest_probe_and_when_the_next_is_due()
    {
        var probe = Document.GetProperty("upstreams")[0].GetProperty("endpoints")[0].GetProperty("probe");

        Assert.That((probe.GetProperty("result").GetString(), probe.GetProperty("answer").GetString()), Is.EqualTo(("passed", "connected")));
        Assert.That((probe.GetProperty("duration_ms").GetDouble(), probe.GetProperty("in_a_row").GetInt32()), Is.EqualTo((1.5, 3)));
        Assert.That(probe.GetProperty("next_at").GetDateTimeOffset(), Is.EqualTo(new DateTimeOffset(2026, 11, 21, 12, 0, 5, TimeSpan.Zero)));
    }

    [Test]
    public void Has_one_form_of_key()
    {
        var keys = new List<string>();
        Collect(Document, keys);

        Assert.That(keys, Has.All.Match("^([a-z][a-z0-9_]*|[1-5]xx)$"));
    }

    [TestCase(EndpointState.Available, "available")]
    [TestCase(EndpointState.Unhealthy, "unhealthy")]
    [TestCase(EndpointState.Ejected, "ejected")]
    [TestCase(EndpointState.Drained, "drained")]
    public void Writes_a_state_as_metrics_do(EndpointState state, string word)
    {
        var status = SampleStatus.Make();
        var upstream = status.Upstreams[0];
        var json = Encoding.UTF8.GetString(StatusJson.Format(status with { Upstreams = [upstream with { Endpoints = [upstream.Endpoints[0] with { State = state }] }] }));

        Assert.That(json, Does.Contain($"\"state\": \"{word}\"").And.EndWith("}\n"));
        Assert.That(state.ToString().ToLowerInvariant(), Is.EqualTo(word));
    }

    private static void Collect(JsonElement element, List<string> keys)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            keys.AddRange(element.EnumerateObject().Select(property => property.Name));
            element.EnumerateObject().ToList().ForEach(property => Collect(property.Value, keys));
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            element.EnumerateArray().ToList().ForEach(item => Collect(item, keys));
        }
    }
}
