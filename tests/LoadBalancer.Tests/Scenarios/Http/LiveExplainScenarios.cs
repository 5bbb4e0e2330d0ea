using System.Text;
using System.Text.Json;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>POST /explain and GET /requests of a daemon, and the verbs that ask for them.</summary>
internal sealed class LiveExplainScenarios
{
    [Test]
    public async Task The_lb_that_runs_tells_what_its_health_and_operators_make_of_a_request()
    {
        using var one = new HttpEndpoint("one");
        using var two = new HttpEndpoint("two");
        await using var gateway = await StartAsync(one, two);
        await gateway.Daemon.PostAsync($"/drain?upstream=up&endpoint={one.Address}");
        var url = $"http://{gateway.Address}/users/7";
        var (code, text, error) = await RunAsync("explain", "--live", "-c", gateway.Daemon.ConfigPath, "-H", "Authorization: Bearer hunter2", "--client", "127.0.0.1", url);
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(text, Does.Contain($"{one.Address}  left out: drained, an operator drained it\n").And.Contain($"{two.Address}  chosen\n").And.Contain("Authorization: (secret)\n"));
        Assert.That(text, Does.Not.Contain("hunter2").And.Not.Contain("taken to be up"));
        Assert.That(one.Requests.Count + two.Requests.Count, Is.Zero);

        (code, text, _) = await RunAsync("explain", "--live", "--json", "-c", gateway.Daemon.ConfigPath, "-X", "DELETE", $"http://{gateway.Address}/none");
        Assert.That(code, Is.EqualTo(ExitCode.Refused));
        Assert.That(ExplainJson.Read<Explanation>(Encoding.UTF8.GetBytes(text)).Answer.Code, Is.EqualTo("no_route"));
    }

    [Test]
    public async Task Why_tells_of_a_request_by_its_id_and_of_the_latest()
    {
        using var one = new HttpEndpoint("one");
        await using var gateway = await StartAsync(one);
        var id = JsonDocument.Parse(gateway.Get("/closed").Text).RootElement.GetProperty("request_id").GetString()!;
        gateway.Get("/none");

        var (code, text, _) = await RunAsync("why", "-c", gateway.Daemon.ConfigPath, id);
        Assert.That(code, Is.Zero);
        Assert.That(text, Does.StartWith($"request    {id}, ").And.Contain("route      closed: path /closed\n").And.Contain("policies   allow_ips  refused  address_denied").And.Contain("answer     403 address_denied, by the client\n"));
        (code, text, _) = await RunAsync("why", "-c", gateway.Daemon.ConfigPath, "--last", "5");
        Assert.That(code, Is.Zero);
        Assert.That(text.Split('\n'), Has.Length.EqualTo(4));
        Assert.That(text.Split('\n')[1], Does.Match(@"^\d\d:\d\d:\d\d     404  no_route        -       -         127\.0\.0\.1  [0-9a-f]{32}$"));
        string error;
        (code, text, error) = await RunAsync("why", "-c", gateway.Daemon.ConfigPath, "nobody");
        Assert.That((code, text), Is.EqualTo((ExitCode.Failure, "")));
        Assert.That(error, Does.StartWith("lb: no request 'nobody' is remembered"));
        Assert.That((await RunAsync("why", "-c", gateway.Daemon.ConfigPath)).Code, Is.EqualTo(ExitCode.Usage));
        Assert.That((await RunAsync("why", "-c", gateway.Daemon.ConfigPath, "--last", "0")).Code, Is.EqualTo(ExitCode.Usage));
    }

    [TestCase("", 400)]
    [TestCase("null", 400)]
    [TestCase("[]", 400)]
    [TestCase("{}", 400)]
    [TestCase("{\"url\": 5}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"token\": \"hunter2\"}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"headers\": [\"Authorization: hunter2\\r\\nX: 1\"]}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"headers\": [null]}", 400)]
    [TestCase("{\"url\": null}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"headers\": null}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"method\": null}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"client\": \"nobody\"}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"listener\": \"nobody\"}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"client_certificate\": \"hunter2\"}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"identity\": \"sub=root\"}", 400)]
    [TestCase("{\"url\": \"http://hunter2:hunter2@x/\"}", 400)]
    [TestCase("{\"url\": \"file:///etc/passwd\"}", 400)]
    [TestCase("{\"url\": \"http://x/\", \"client\": \"::ffff:10.0.0.1\"}", 200)]
    [TestCase("{\"url\": \"http://x/\\u0000\"}", 400)]
    public async Task A_question_that_is_none_is_refused_and_nothing_of_it_is_shown(string body, int status)
    {
        using var one = new HttpEndpoint("one");
        await using var gateway = await StartAsync(one);
        var (answered, text) = await gateway.Daemon.PostAsync("/explain", body);
        Assert.That((int)answered, Is.EqualTo(status), text);
        Assert.That(text, Does.Not.Contain("hunter2").And.Not.Contain("   at "));
    }

    [Test]
    public async Task A_question_is_bounded_in_size_and_depth_and_may_be_a_request_that_is_too_large()
    {
        using var one = new HttpEndpoint("one");
        await using var gateway = await StartAsync(one);
        Assert.That((int)(await gateway.Daemon.PostAsync("/explain", new string(' ', 65 * 1024))).Status, Is.EqualTo(413));
        Assert.That((int)(await gateway.Daemon.PostAsync("/explain", new string('[', 60_000))).Status, Is.EqualTo(400));
        Assert.That(await CodeAsync(gateway, $$"""{"url": "http://x/{{new string('a', 60_000)}}"}"""), Is.EqualTo("target_too_long"));
        Assert.That(await CodeAsync(gateway, $$"""{"url": "http://x/", "headers": [{{string.Join(',', Enumerable.Repeat("\"a: b\"", 5000))}}]}"""), Is.EqualTo("too_many_fields"));
        Assert.That(await CodeAsync(gateway, $$"""{"url": "http://x/", "headers": ["a: {{new string('b', 60_000)}}"]}"""), Is.EqualTo("head_too_large"));
        Assert.That((int)(await gateway.Daemon.GetAsync("/explain")).Status, Is.EqualTo(405));
        Assert.That((int)(await gateway.Daemon.PostAsync("/requests", "")).Status, Is.EqualTo(405));
        Assert.That(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CodeAsync(gateway, """{"url": "http://x/none"}"""))), Has.All.EqualTo("no_route"));
    }

    private static async Task<string?> CodeAsync(HttpGateway gateway, string question)
    {
        var (status, text) = await gateway.Daemon.PostAsync("/explain", question);
        Assert.That((int)status, Is.EqualTo(200), text);
        return ExplainJson.Read<Explanation>(Encoding.UTF8.GetBytes(text)).Answer.Code;
    }

    private static Task<HttpGateway> StartAsync(params HttpEndpoint[] endpoints) => HttpGateway.StartAsync(
        "{routes: [{name: users, path: \"/users/*\", upstream: up}, {name: closed, path: /closed, upstream: up, deny_ips: [127.0.0.0/8]}]}", $"{{{HttpGateway.Upstream("up", "", endpoints)}}}");

    private static async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await new Shell(new Terminal(output, error, _ => null)).RunAsync(arguments);
        return (code, output.ToString(), error.ToString());
    }
}
