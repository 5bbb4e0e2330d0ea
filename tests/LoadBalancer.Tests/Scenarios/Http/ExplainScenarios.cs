using System.Net;
using LoadBalancer.Daemon.Explaining;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What is said of a request that nobody has sent, beside what happens to one that somebody has.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class ExplainScenarios(Carrier carrier) : IOverCarriers
{
    private static readonly string[] Hosts = ["a.x", "b.x", "c.b.x", "y"];
    private static readonly string[] Words = ["a", "b", "c", "users"];
    private static readonly string[] Methods = ["GET", "POST", "DELETE"];

    // The key of "known" is "a-key-that-is-good", and that of "lesser" is "a-key-without-scopes".
    private const string Callers = """

        auth: {partners: {api_key: {header: X-Key, forward: {subject: X-Who}}}, office: {api_key: {header: X-Office}}}
        consumers:
          known: {api_keys: ["sha256:KNOWN"], scopes: [read]}
          lesser: {api_keys: ["sha256:LESSER"]}
        """;

    private static readonly string Identities = Callers.Replace("KNOWN", Hash("a-key-that-is-good"), StringComparison.Ordinal).Replace("LESSER", Hash("a-key-without-scopes"), StringComparison.Ordinal);

    public Carrier Carrier => carrier;

    [Test]
    public async Task Route_status_and_endpoint_are_those_of_a_request_that_is_sent_right_after()
    {
        var random = new Random(20);
        using var one = Named("one");
        using var two = Named("two");
        using var three = Named("three");
        var upstreams = $"{{{string.Join(", ", new[]
        {
            HttpGateway.Upstream("turns", "", one, two, three),
            $"weighed: {{endpoints: [{{address: \"{one.Address}\", weight: 3}}, {{address: \"{two.Address}\", weight: 0}}, {{address: \"{three.Address}\", backup: true}}]}}",
            HttpGateway.Upstream("hashed", ", balance: hash, hash: {on: \"header:X-A\"}", one, two, three),
            HttpGateway.Upstream("least", ", balance: least_connections", one, two),
            HttpGateway.Upstream("chance", ", balance: random_two", one, two, three),
            HttpGateway.Upstream("sticky", ", affinity: {cookie: lb}", one, two, three),
            "nobody: {endpoints: [\"127.0.0.1:1\"]}",
        })}}}{Identities}";
        for (var round = 0; round < 12; round++)
        {
            await using var gateway = await BareGateway.StartAsync($"{{routes: [{string.Join(", ", RandomTable(random))}]}}", upstreams);
            await EmptyAsync(gateway);
            for (var count = 0; count < 25; count++)
            {
                await CompareAsync(gateway, random);
            }
        }
    }

    [Test]
    public async Task A_rehearsal_leaves_everything_as_it_was()
    {
        using var one = Named("one");
        using var two = Named("two");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/turns\", upstream: up}, {path: \"/split\", split: {to: {up: 50%, other: 50%}}}, {path: \"/mirror\", upstream: up, mirror: {upstream: other, percent: 100%}}, {path: \"/error\", upstream: nobody, on_error: {503: {upstream: up}}}, {path: \"/text\", respond: {body: hi}}, {path: \"/closed\", upstream: up, deny_ips: [0.0.0.0/0]}]}",
            $"{{{HttpGateway.Upstream("up", ", circuit_breaker: {minimum: 2}, concurrency: 10", one, two)}, {HttpGateway.Upstream("other", "", two, one)}, nobody: {{endpoints: [\"127.0.0.1:1\"]}}}}");
        await EmptyAsync(gateway);
        var before = (await gateway.LookAsync(), Counts(gateway));
        var first = await ExplainAsync(gateway, "GET", "test", "/split", []);
        foreach (var target in (string[])["/turns", "/split", "/mirror", "/error", "/text", "/closed", "/none"])
        {
            for (var count = 0; count < 5; count++)
            {
                await ExplainAsync(gateway, "GET", "test", target, []);
            }
        }

        Assert.That((await gateway.LookAsync(), Counts(gateway)), Is.EqualTo(before));
        Assert.That(one.Requests.Count + two.Requests.Count, Is.Zero);
        Assert.That((await ExplainAsync(gateway, "GET", "test", "/split", [])).Upstream!.Endpoint, Is.EqualTo(first.Upstream!.Endpoint));
        Assert.That(await FailuresAsync(gateway), Is.Empty);

        // What was foreseen all that time is what happens now.
        var answer = gateway.Get("/split");
        Assert.That(answer.Text, Is.EqualTo(NameOf(first.Upstream!.Endpoint!, one, two)));
    }

    [Test]
    public async Task Guesses_of_a_rehearsal_are_not_counted_and_those_of_clients_are_told()
    {
        using var one = Named("one");
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, auth: partners}]}", $"{{{HttpGateway.Upstream("up", "", one)}}}{Identities}");
        for (var count = 0; count < 200; count++)
        {
            Assert.That((await ExplainAsync(gateway, "GET", "test", "/", ["X-Key: a-key-of-nobody"])).Answer.Code, Is.EqualTo("api_key_unknown"));
        }

        // Not one of them has used up anything of the client's.
        Assert.That(gateway.Get("/", "X-Key: a-key-that-is-good\r\n").Text, Is.EqualTo("one"));
        var last = 401;
        for (var count = 0; count < 200 && last == 401; count++)
        {
            last = gateway.Get("/", $"X-Key: guess-{count}\r\n").Status;
        }

        Assert.That(last, Is.EqualTo(429));
        Assert.That((await ExplainAsync(gateway, "GET", "test", "/", ["X-Key: another-guess"])).Answer.Code, Is.EqualTo("too_many_failures"));
    }

    [Test]
    public async Task What_left_an_endpoint_out_is_told_of_the_upstream_that_runs()
    {
        using var one = Named("one");
        using var two = Named("two");
        using var three = new HttpEndpoint((_, _) => throw new OperationCanceledException());
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", health: {passive: {consecutive: 2, eject_for: 10m}}", one, two, three)}}}");
        var upstream = gateway.Upstreams["up"];
        upstream.Drain(upstream.View.All[0].Endpoint.Id);
        for (var count = 0; count < 12; count++)
        {
            gateway.Get("/");
        }

        await upstream.SettleAsync();
        var endpoints = (await ExplainAsync(gateway, "GET", "test", "/", [])).Upstream!.Endpoints;
        Assert.That(endpoints.Select(endpoint => endpoint.State), Is.EqualTo((string[])["drained", "chosen", "ejected"]));
        Assert.That(endpoints[2].Reason, Does.StartWith("watched traffic took it out (").And.Match("for another (600|599|59.) s"));
        Assert.That(endpoints[0].Reason, Is.EqualTo("an operator drained it"));
    }

    [Test]
    public async Task An_open_circuit_refuses_and_says_for_how_long()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("", status: "503 Service Unavailable"));
        await using var gateway = await BareGateway.StartAsync("{upstream: up}", $"{{{HttpGateway.Upstream("up", ", circuit_breaker: {minimum: 3, open_for: 30m}", endpoint)}}}");
        for (var count = 0; count < 4; count++)
        {
            gateway.Get("/");
        }

        var explanation = await ExplainAsync(gateway, "GET", "test", "/", []);
        Assert.That((explanation.Answer.Outcome, explanation.Answer.Status, explanation.Answer.Code), Is.EqualTo(("refused", 503, "circuit_open")));
        Assert.That(explanation.Answer.Fields, Has.Some.Match("Retry-After: 1[78].."));
        Assert.That(explanation.Upstream!.Notes, Has.Some.StartWith("the circuit breaker is open, for another "));
    }

    [Test]
    public async Task The_head_that_would_be_sent_is_the_head_that_is_sent()
    {
        using var endpoint = Named("one");
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/users/{id}\", upstream: up, rewrite: {path: \"/v1/${path.id}\", query: {set: {v: \"2\"}}}, request_headers: {set: {X-User: \"${path.id}\"}, remove: [X-Debug]}}]}",
            $"{{{HttpGateway.Upstream("up", ", host: internal", endpoint)}}}");
        string[] fields = ["X-Debug: 1", "Accept: text/plain", "X_Under: 1", "X-Forwarded-For: 1.1.1.1", .. Carrier == Carrier.Http1 ? (string[])["Connection: X-Gone", "X-Gone: 1"] : []];
        var explanation = await ExplainAsync(gateway, "GET", "test", "/users/7?a=b", fields);
        gateway.Get("/users/7?a=b", string.Concat(fields.Select(field => field + "\r\n")));
        var sent = endpoint.Requests.Single();
        string[] real = [sent.FirstLine, .. sent.Fields];
        Assert.That(explanation.Sent.Select(Stable), Is.EquivalentTo(real.Select(Stable)));
    }

    [Test]
    public async Task Why_a_request_failed_is_remembered_under_the_id_of_its_problem()
    {
        using var endpoint = new HttpEndpoint((_, _) => throw new OperationCanceledException());
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/up\", upstream: up, retry: {attempts: 2, on: [reset]}}, {path: \"/closed\", upstream: up, deny_ips: [127.0.0.0/8]}, {path: \"/watched\", respond: {body: hi}, deny_ips: [127.0.0.0/8], shadow: [allow_ips]}]}",
            $"{{{HttpGateway.Upstream("up", ", health: {passive: off}", endpoint, endpoint)}}}".Replace($"\"{endpoint.Address}\", \"{endpoint.Address}\"", $"\"{endpoint.Address}\"", StringComparison.Ordinal));
        var failed = Id(gateway.Get("/up"));
        var closed = Id(gateway.Get("/closed?secret=hunter2", "Authorization: Bearer hunter2\r\n"));
        Assert.That(gateway.Get("/watched").Status, Is.EqualTo(200));
        var none = Id(gateway.Get("/none"));

        var (status, text) = await gateway.Daemon.GetAsync($"/requests/{closed}");
        Assert.That((int)status, Is.EqualTo(200));
        var request = ExplainJson.Read<FailedRequest>(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.That((request.Id, request.Status, request.Code, request.Route, request.Client), Is.EqualTo((closed, 403, "address_denied", "/closed", "127.0.0.1")));
        Assert.That(request.Policies.Select(policy => $"{policy.Policy} {policy.Verdict} {policy.Reason}"), Is.EqualTo((string[])["allow_ips refused address_denied"]));
        var up = ExplainJson.Read<FailedRequest>(System.Text.Encoding.UTF8.GetBytes((await gateway.Daemon.GetAsync($"/requests/{failed}")).Text));
        Assert.That((up.Upstream, up.Endpoint), Is.EqualTo(("up", endpoint.Address.ToString())));
        Assert.That(up.Attempts.Select(attempt => (attempt.Endpoint, attempt.Fault)), Is.Not.Empty.And.All.EqualTo((endpoint.Address.ToString(), up.Code)));

        var all = (await gateway.Daemon.GetAsync("/requests?last=10")).Text;
        var listed = ExplainJson.Read<IReadOnlyList<FailedRequest>>(System.Text.Encoding.UTF8.GetBytes(all));
        Assert.That(listed.Select(each => each.Route), Is.EqualTo((string?[])[null, "/watched", "/closed", "/up"]));
        Assert.That(listed[0].Id, Is.EqualTo(none));
        Assert.That(listed[1].Policies.Single().Verdict, Is.EqualTo("would_refuse"));
        Assert.That(all + text, Does.Not.Contain("hunter2"));
        Assert.That((int)(await gateway.Daemon.GetAsync("/requests/nobody")).Status, Is.EqualTo(404));
        Assert.That((int)(await gateway.Daemon.GetAsync("/requests?last=x")).Status, Is.EqualTo(400));
    }

    private static async Task EmptyAsync(BareGateway gateway)
    {
        var nobody = gateway.Upstreams["nobody"];
        nobody.Drain(nobody.View.All[0].Endpoint.Id);
        await nobody.SettleAsync();
    }

    private static HttpEndpoint Named(string name) => new((wire, request) => wire.Respond(request.FirstLine.StartsWith("HEAD", StringComparison.Ordinal) ? "" : name));

    private static string Hash(string key) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(key)));

    private static string Id(HttpMessage problem) => System.Text.Json.JsonDocument.Parse(problem.Text).RootElement.GetProperty("request_id").GetString()!;

    private static string NameOf(string address, HttpEndpoint one, HttpEndpoint two) => one.Address.ToString() == address ? "one" : two.Address.ToString() == address ? "two" : "three";

    // What is made anew, and what tells one carrier from the other; and a client of HTTP/2 writes names in lower case.
    private static string Stable(string line) => line.Split(':')[0].ToLowerInvariant() switch
    {
        "x-request-id" or "traceparent" or "via" or "x-forwarded-port" => line.Split(':')[0].ToLowerInvariant(),
        "accept" => line.ToLowerInvariant(),
        _ => line,
    };

    private static IEnumerable<string> RandomTable(Random random)
    {
        string[] actions =
        [
            "upstream: turns", "upstream: weighed", "upstream: hashed", "upstream: least", "upstream: chance", "upstream: sticky", "upstream: nobody", "respond: {body: hi}", "respond: {status: 418}",
            "redirect: {to: \"/else\"}", "split: {to: {turns: 50%, least: 50%}}", "upstream: nobody, on_error: {503: {upstream: turns}}", "upstream: nobody, on_error: {503: {body: later}}",
            "upstream: turns, mirror: {upstream: least, percent: 50%}", "upstream: turns, deny_ips: [127.0.0.0/8]", "upstream: turns, deny_ips: [127.0.0.0/8], shadow: [allow_ips]",
            "upstream: turns, auth: partners", "upstream: least, auth: {any: [partners, office], optional: true}", "upstream: turns, auth: {all: [partners, office]}",
            "upstream: turns, auth: partners, require: {scopes: [read]}", "upstream: turns, auth: partners, require: {scopes: [read]}, shadow: [require]",
            "upstream: turns, cors: {origins: [\"https://app.example.com\"]}", "respond: {body: hi}, auth: partners",
        ];
        var paths = new HashSet<string>();
        for (var count = random.Next(2, 9); count > 0; count--)
        {
            var host = random.Next(3) == 0 ? null : random.Next(3) == 0 ? "*.x" : Hosts[random.Next(Hosts.Length)];
            var path = "/" + string.Join('/', Enumerable.Range(0, random.Next(1, 3)).Select(_ => Words[random.Next(Words.Length)])) + (random.Next(3) == 0 ? "/*" : "");
            if (paths.Add(host + path))
            {
                var method = random.Next(4) == 0 ? $", methods: [{Methods[random.Next(Methods.Length)]}]" : "";
                yield return $"{{{(host is null ? "" : $"host: \"{host}\", ")}path: \"{path}\"{method}, name: r{paths.Count}, response_headers: {{set: {{X-Route: r{paths.Count}}}}}, {actions[random.Next(actions.Length)]}}}";
            }
        }
    }

    private static async Task CompareAsync(BareGateway gateway, Random random)
    {
        var (method, host) = (Methods[random.Next(Methods.Length)], Hosts[random.Next(Hosts.Length)]);
        var target = random.Next(12) == 0 ? "/%2e%2e/a" : random.Next(12) == 0 ? "/a%2fb" : "/" + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Words[random.Next(Words.Length)]));
        string[] keys = ["a-key-that-is-good", "a-key-without-scopes", "a-key-of-nobody"];
        string[] fields =
        [
            .. random.Next(2) == 0 ? (string[])[] : [$"X-A: {random.Next(20)}"],
            .. random.Next(2) == 0 ? (string[])[] : [$"X-Key: {keys[random.Next(3)]}"],
            .. random.Next(4) == 0 ? (string[])[$"X-Office: {keys[random.Next(3)]}"] : [],
            .. random.Next(6) == 0 ? (string[])["X-Key: a-key-that-is-good"] : [],
            .. random.Next(5) == 0 ? (string[])[$"Origin: https://{(random.Next(2) == 0 ? "app" : "evil")}.example.com"] : [],
        ];
        var explanation = await ExplainAsync(gateway, method, host, target, fields);
        using var client = gateway.Connect();
        client.Send($"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{string.Concat(fields.Select(field => field + "\r\n"))}\r\n");
        var real = client.ReadResponse();
        var what = $"{method} {host}{target} {string.Join(' ', fields)}: {System.Text.Encoding.UTF8.GetString(ExplainJson.Format(explanation))}";
        Assert.That(explanation.Answer.Status ?? 200, Is.EqualTo(real.Status), what);
        Assert.That(explanation.Answer.Code, Is.EqualTo(CodeOf(real)), what);
        Assert.That(explanation.Route?.Name, Is.EqualTo(real["X-Route"] ?? (explanation.Answer.Code is "no_route" or "method_not_allowed" or "path_invalid" ? null : explanation.Route?.Name)), what);
        if (explanation.Answer.Outcome == "forwarded")
        {
            var asked = explanation.Upstream!.Endpoints.Single(endpoint => endpoint.State == "chosen").Address;
            Assert.That(asked, Is.EqualTo(explanation.Upstream.Endpoint), what);
            Assert.That(real.Text, Is.EqualTo(NameOf(gateway, asked)), what);
        }
    }

    private static string? CodeOf(HttpMessage response) => response["Content-Type"] == "application/problem+json"
        ? System.Text.Json.JsonDocument.Parse(response.Text).RootElement.GetProperty("code").GetString()
        : response.Text == "later" ? "no_endpoint" : null;

    // The endpoints of "turns" are one, two and three in this order.
    private static string NameOf(BareGateway gateway, string address) =>
        ((string[])["one", "two", "three"])[gateway.Upstreams["turns"].View.All.ToList().FindIndex(member => member.Endpoint.Label == address)];

    private static async Task<Explanation> ExplainAsync(BareGateway gateway, string method, string host, string target, string[] fields)
    {
        var request = new RehearsedRequest
        {
            Method = method, Url = $"http://{host}{target}", Target = target, Authority = host, Fields = fields, Peer = new IPEndPoint(IPAddress.Loopback, 1), Local = gateway.Address,
        };
        return await new Explainer(gateway.Loops.Next()).ExplainAsync((HttpProxy)gateway.Listener.Handler!, request, new Rehearsal(), Redaction.None);
    }

    private static async Task<List<FailedRequest>> FailuresAsync(BareGateway gateway)
    {
        List<FailedRequest> found = [];
        foreach (var loop in gateway.Loops.Loops.ToArray())
        {
            await loop.RunAsync(_ => found.AddRange(gateway.Engine.On(loop).Failures.Latest().Select(kept => kept.Describe())), null);
        }

        return found;
    }

    private static string Counts(BareGateway gateway)
    {
        var proxy = (HttpProxy)gateway.Listener.Handler!;
        return string.Join('\n', gateway.Upstreams.Values.Select(Counts).Append($"{proxy.Requests.Active} {string.Join(' ', proxy.Routes.Routes.Select(route => route.Metrics!.Requests))} {proxy.Requests.Unrouted.Requests}"));
    }

    private static string Counts(Upstream upstream) =>
        $"{upstream.Name} {upstream.Gate?.UnderWay} {upstream.Circuit?.State} {upstream.Circuit?.Refused} {upstream.Pending.Count} {string.Join(' ', upstream.View.All.Select(member => $"{member.Endpoint.Load.Leased} {member.Endpoint.Load.Active}"))}";
}
