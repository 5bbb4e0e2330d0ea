using System.Globalization;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What is kept of an endpoint's answers, who gets it, and until when.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class CacheScenarios(Carrier carrier) : IOverCarriers
{
    public Carrier Carrier => carrier;

    private const string Fresh = "Cache-Control: max-age=60\r\n";

    private const string Keys = """

        auth: {keys: {api_key: {header: X-API-Key, forward: {subject: X-User}}}}
        consumers:
          ann: {api_keys: ["sha256:ANN"], plan: gold}
          bob: {api_keys: ["sha256:BOB"], plan: gold}
          eve: {api_keys: ["sha256:EVE"], plan: free}
        plans: {gold: {rate: 1000/s}, free: {rate: 1000/s}}
        """;

    private readonly ManualTime _time = new();
    private readonly List<HttpEndpoint> _endpoints = [];

    [TearDown]
    public void Close()
    {
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
    }

    [Test]
    public async Task The_second_answer_comes_from_memory_with_its_age_and_every_field()
    {
        var endpoint = Answering("Cache-Control: max-age=60\r\nETag: \"1\"\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Type: text/html\r\n");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        var first = gateway.Get("/a?b=c");
        _time.Advance(TimeSpan.FromSeconds(7));
        var second = gateway.Get("/a?b=c");

        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
        Assert.That((first.Text, first["Age"], first["Cache-Status"]), Is.EqualTo(("1", (string?)null, "lb; fwd=uri-miss; stored")));
        Assert.That((second.Status, second.Text, second["Age"], second["Cache-Status"]), Is.EqualTo((200, "1", "7", "lb; hit; ttl=53")));
        Assert.That((second["ETag"], second["Content-Type"], string.Join(',', second.Values("X-Twice")), second["Content-Length"]), Is.EqualTo(("\"1\"", "text/html", "a,b", "1")));
        Assert.That((second["Via"], second["Date"]), Is.EqualTo((first["Via"], first["Date"])));
        gateway.Settle();
    }

    [Test]
    public async Task What_is_no_longer_fresh_is_asked_for_anew_and_kept_anew()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("1"));
        _time.Advance(TimeSpan.FromSeconds(1));
        var stale = gateway.Get("/");

        Assert.That((stale.Text, stale["Cache-Status"]), Is.EqualTo(("2", "lb; fwd=stale; stored")));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("2"));
        gateway.Settle();
    }

    [TestCase("cache: 30s", "Cache-Control: max-age=0\r\n", 30)]
    [TestCase("cache: 30s", "", 30)]
    [TestCase("cache: {ttl: 30s}", "Cache-Control: max-age=3600\r\nAge: 100\r\n", 30)]
    [TestCase("cache: endpoint", "Cache-Control: max-age=50, s-maxage=20\r\n", 20)]
    [TestCase("cache: endpoint", "Cache-Control: max-age=50\r\nAge: 40\r\n", 10)]
    public async Task It_is_fresh_for_the_routes_time_or_for_what_it_says(string cache, string fields, int seconds)
    {
        var endpoint = Answering(fields);
        await using var gateway = await StartAsync($"{{path: \"/*\", upstream: up, {cache}}}", endpoint);
        gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("1"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(gateway.Get("/").Text, Is.EqualTo("2"));
        gateway.Settle();
    }

    [TestCase("Cache-Control: no-store, max-age=60\r\n")]
    [TestCase("Cache-Control: private, max-age=60\r\n")]
    [TestCase("Cache-Control: private=\"X-A\", s-maxage=60\r\n")]
    [TestCase("Cache-Control: no-cache\r\n")]
    [TestCase("Cache-Control: public, max-age=60\r\nSet-Cookie: session=1\r\n")]
    [TestCase("Cache-Control: max-age=60\r\nVary: *\r\n")]
    [TestCase("Cache-Control: max-age=60\r\n", "206 Partial Content")]
    [TestCase("Cache-Control: max-age=60\r\n", "500 Internal Server Error")]
    [TestCase("Cache-Control: max-age=60\r\n", "400 Bad Request")]
    [TestCase("Cache-Control: max-age=60\r\nContent-Type: text/event-stream\r\n")]
    public async Task Whatever_the_route_says_these_are_not_kept(string fields, string status = "200 OK")
    {
        var endpoint = Answering(fields, status);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);

        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2")));
        gateway.Settle();
    }

    [TestCase("", "Authorization: Bearer a\r\n")]
    [TestCase("", "Cookie: session=a\r\n")]
    [TestCase(Fresh, "Authorization: Bearer a\r\n")]
    [TestCase(Fresh, "Cookie: session=a\r\n")]
    public async Task C3_an_answer_to_somebody_that_does_not_say_that_it_is_for_all_is_nobody_elses(string fields, string credential)
    {
        var endpoint = Answering(fields);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);

        Assert.That((gateway.Get("/", credential).Text, gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2", "2")));
        gateway.Settle();
    }

    [TestCase("/a", "/b")]
    [TestCase("/a", "/a?")]
    [TestCase("/a", "/a?utm=1")]
    [TestCase("/a?x=1", "/a?x=1;y=2")]
    [TestCase("/account", "/account/x.css")]
    [TestCase("/account", "/account;x.css")]
    [TestCase("/a", "/a", "one", "two")]
    [TestCase("/a", "/a", "one", "one:81")]
    public async Task C1_two_requests_share_an_answer_only_where_lb_knows_no_difference(string one, string two, string hostOne = "test", string hostTwo = "test")
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);

        Assert.That((gateway.Get(one, host: hostOne).Text, gateway.Get(two, host: hostTwo).Text), Is.EqualTo(("1", "2")));
        Assert.That((gateway.Get(one, host: hostOne).Text, gateway.Get(two, host: hostTwo).Text), Is.EqualTo(("1", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task C1_what_a_client_says_of_the_host_or_the_address_reaches_no_endpoint_of_a_route_that_keeps_answers()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);
        gateway.Get("/", "X-Forwarded-Host: evil\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Scheme: evil\r\n");

        Assert.That(string.Join('\n', endpoint.Requests[0].Fields), Does.Not.Contain("evil"));
        gateway.Settle();
    }

    [TestCase("Range: bytes=0-0\r\n")]
    [TestCase("If-Match: \"1\"\r\n")]
    [TestCase("X-HTTP-Method-Override: DELETE\r\n")]
    [TestCase("Cache-Control: no-store\r\n")]
    public async Task The_answer_to_a_request_for_something_else_is_not_kept(string fields)
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);

        Assert.That((gateway.Get("/", fields).Text, gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task C1_a_GET_with_a_body_passes_the_cache_by()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: 30s}", endpoint);
        using (var client = gateway.Connect())
        {
            client.Send("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nevil");
            Assert.That(client.ReadResponse().Text, Is.EqualTo("1"));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("2"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Answers_that_vary_are_kept_for_each_value()
    {
        var endpoint = Scripted((wire, request, count) => wire.Respond($"{request["Accept-Language"]}{count}", Fresh + "Vary: Accept-Language\r\n"));
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);

        Assert.That((Ask("de"), Ask("fr"), Ask("de"), Ask("fr"), Ask(null), Ask(""), Ask(null)), Is.EqualTo(("de1", "fr2", "de1", "fr2", "3", "4", "3")));
        gateway.Settle();

        string Ask(string? language) => gateway.Get("/", language is null ? "" : $"Accept-Language: {language}\r\n").Text;
    }

    [Test]
    public async Task What_varies_on_a_field_that_the_route_changes_is_found_by_what_the_endpoint_saw()
    {
        var endpoint = Answering(Fresh + "Vary: X-Tier, X-Of\r\n");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}, request_headers: {set: {X-Tier: free, X-Of: \"${header.User-Agent}\"}}}", endpoint);

        Assert.That((Ask("X-Tier: gold\r\n"), Ask("X-Tier: free\r\n"), Ask("User-Agent: ann\r\n"), Ask("User-Agent: bob\r\n"), Ask("X-Of: ann\r\n"), Ask("User-Agent: ann\r\nX-Of: bob\r\n")), Is.EqualTo(("1", "1", "2", "3", "1", "2")));
        gateway.Settle();

        string Ask(string fields) => gateway.Get("/", fields).Text;
    }

    [Test]
    public async Task Fields_that_the_route_makes_for_a_client_are_made_for_each()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}, response_headers: {set: {X-You: \"${header.User-Agent}\"}}}", endpoint);

        var one = gateway.Get("/", "User-Agent: one\r\n");
        var two = gateway.Get("/", "User-Agent: two\r\n");
        Assert.That((one["X-You"], two["X-You"], two.Text), Is.EqualTo(("one", "two", "1")));
        gateway.Settle();
    }

    [Test]
    public async Task HEAD_is_answered_from_a_GET_and_never_kept_itself()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        using (var client = gateway.Connect())
        {
            client.Send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
            Assert.That(client.ReadResponse(toHead: true)["Cache-Status"], Is.EqualTo("lb; fwd=uri-miss"));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("2"));
            client.Send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
            var head = client.ReadResponse(toHead: true);
            Assert.That((head.Status, head["Content-Length"], head["Age"], head.Text), Is.EqualTo((200, "1", "0", "")));
        }

        gateway.Settle();
    }

    [TestCase("If-None-Match: \"tag\"\r\n", 304)]
    [TestCase("If-None-Match: W/\"tag\", \"x\"\r\n", 304)]
    [TestCase("If-None-Match: \"other\"\r\n", 200)]
    [TestCase("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 304)]
    [TestCase("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 200)]
    [TestCase("If-None-Match: \"other\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 200)]
    public async Task A_client_that_has_it_already_is_told_so(string condition, int status)
    {
        var endpoint = Answering(Fresh + "ETag: \"tag\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n");
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        gateway.Get("/");
        var response = gateway.Get("/", condition);

        Assert.That((response.Status, response.Text, response["ETag"]), Is.EqualTo((status, status == 304 ? "" : "1", "\"tag\"")));
        Assert.That((response["Content-Type"], response["Cache-Control"]), Is.EqualTo((status == 304 ? null : "text/plain", "max-age=60")));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
        gateway.Settle();
    }

    [TestCase("POST", "200 OK", true)]
    [TestCase("PUT", "204 No Content", true)]
    [TestCase("DELETE", "303 See Other", true)]
    [TestCase("POST", "302 Found", true)]
    [TestCase("PATCH", "200 OK", true)]
    [TestCase("POST", "500 Internal Server Error", false)]
    [TestCase("POST", "403 Forbidden", false)]
    [TestCase("OPTIONS", "200 OK", false)]
    public async Task A_change_ends_what_is_kept_of_the_place_by_whatever_route_it_comes(string method, string status, bool ends)
    {
        var endpoint = Scripted((wire, request, count) => wire.Respond(status.StartsWith("204", StringComparison.Ordinal) && !request.FirstLine.StartsWith("GET", StringComparison.Ordinal) ? "" : $"{count}", Fresh, request.FirstLine.StartsWith("GET", StringComparison.Ordinal) ? "200 OK" : status));
        await using var gateway = await StartAsync($"{{path: \"/*\", methods: [GET], upstream: up, cache: {{}}}}, {{path: \"/*\", methods: [{method}], upstream: up}}", endpoint);
        gateway.Get("/a");
        gateway.Get("/b");
        _time.Advance(TimeSpan.FromSeconds(1));
        using (var client = gateway.Connect())
        {
            client.Send($"{method} /a HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(int.Parse(status[..3], CultureInfo.InvariantCulture)));
        }

        Assert.That((gateway.Get("/a").Text, gateway.Get("/b").Text), Is.EqualTo((ends ? "4" : "1", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task Two_routes_of_one_address_never_share_an_answer()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}, {path: \"/*\", headers: {X-Beta: \"1\"}, upstream: up, cache: {}}", endpoint);

        Assert.That((gateway.Get("/").Text, gateway.Get("/", "X-Beta: 1\r\n").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2", "1")));
        gateway.Settle();
    }

    [TestCase("", "1,2,3,4,5")]
    [TestCase(", share: plan", "1,1,1,2,3")]
    [TestCase(", share: all", "1,1,1,1,2")]
    public async Task Known_callers_share_answers_only_where_the_route_says_so(string share, string expected)
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await BareGateway.StartAsync(
            $"{{routes: [{{path: \"/*\", upstream: up, auth: {{any: [keys], optional: true}}, cache: {{ttl: 30s{share}}}}}]}}",
            $"{{{HttpGateway.Upstream("up", "", endpoint)}}}" + WithDigests(Keys), time: _time);
        string[] answers =
        [
            gateway.Get("/", "X-API-Key: ann\r\n").Text, gateway.Get("/", "X-API-Key: ann\r\n").Text, gateway.Get("/", "X-API-Key: bob\r\n").Text,
            gateway.Get("/", "X-API-Key: eve\r\n").Text, gateway.Get("/").Text,
        ];

        Assert.That(string.Join(',', answers), Is.EqualTo(expected));
        Assert.That(gateway.Get("/").Text, Is.EqualTo(answers[^1]));
        Assert.That(gateway.Get("/", "X-API-Key: nobody\r\n").Status, Is.EqualTo(401));
        gateway.Settle();
    }

    [Test]
    public async Task A_body_that_breaks_off_is_not_kept()
    {
        var endpoint = Scripted((wire, request, count) =>
        {
            if (count == 1)
            {
                wire.Send($"HTTP/1.1 200 OK\r\n{Fresh}Content-Length: 100\r\n\r\nhalf");
                wire.Socket.Dispose();
                return;
            }

            wire.Respond("whole", Fresh);
        });
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        using (var client = gateway.Connect())
        {
            client.Get("/");
            client.ReadHead();
            Assert.That(System.Text.Encoding.ASCII.GetString(client.ReadBytes(4)), Is.EqualTo("half"));
            Assert.That(client.IsCutOff(), Is.True);
        }

        Assert.That(gateway.Get("/").Text, Is.EqualTo("whole"));
        gateway.Settle();
    }

    [Test]
    public async Task Bodies_are_kept_byte_for_byte([Values(0, 1000, 32 * 1024, 100_000, 700_001)] int length, [Values] bool chunked)
    {
        var body = string.Concat(Enumerable.Range(0, (length / 8) + 1).Select(at => at.ToString("x8", CultureInfo.InvariantCulture)))[..length];
        var endpoint = Scripted((wire, _, _) =>
        {
            if (!chunked)
            {
                wire.Respond(body, Fresh);
                return;
            }

            wire.Send($"HTTP/1.1 200 OK\r\n{Fresh}Transfer-Encoding: chunked\r\n\r\n");
            for (var at = 0; at < length; at += 5000)
            {
                var piece = body[at..Math.Min(at + 5000, length)];
                wire.Send($"{piece.Length:x}\r\n{piece}\r\n");
            }

            wire.Send("0\r\n\r\n");
        });
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);
        Assert.That(gateway.Get("/").Text, Is.EqualTo(body));
        var kept = gateway.Get("/");

        Assert.That((kept.Text == body, kept["Content-Length"], kept["Transfer-Encoding"]), Is.EqualTo((true, $"{length}", (string?)null)));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task A_body_that_is_too_long_passes_and_is_not_kept([Values] bool chunked)
    {
        var body = new string('x', 3 * 1024 * 1024);
        var endpoint = Scripted((wire, _, _) => wire.Send(chunked
            ? $"HTTP/1.1 200 OK\r\n{Fresh}Transfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\n{Fresh}Content-Length: {body.Length}\r\n\r\n{body}"));
        await using var gateway = await StartAsync("{path: \"/*\", upstream: up, cache: {}}", endpoint);

        Assert.That((gateway.Get("/").Text.Length, gateway.Get("/").Text.Length), Is.EqualTo((body.Length, body.Length)));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(2));
        Assert.That((gateway.Kept!.Count, gateway.Kept.RecordedBytes), Is.EqualTo((0, 0)));
        gateway.Settle();
    }

    [Test]
    public async Task What_stands_in_for_an_error_is_not_kept_in_its_place()
    {
        var fallback = Answering(Fresh);
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, cache: 30s, on_error: {503: {upstream: fallback}, 502: {upstream: fallback}}}]}",
            $"{{up: {{endpoints: [\"127.0.0.1:1\"]}}, {HttpGateway.Upstream("fallback", "", fallback)}}}", time: _time);

        Assert.That((gateway.Get("/").Text, gateway.Get("/").Text), Is.EqualTo(("1", "2")));
        gateway.Settle();
    }

    [Test]
    public async Task A_reload_keeps_what_is_kept_and_a_changed_route_begins_anew()
    {
        var endpoint = Answering(Fresh);
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}}}";
        await using var gateway = await BareGateway.StartAsync("{routes: [{path: \"/*\", upstream: up, cache: {}}]}", upstreams, time: _time);
        gateway.Get("/");
        await gateway.ReloadAsync("{routes: [{path: \"/*\", upstream: up, cache: {}}, {path: /other, upstream: up}]}", upstreams);
        Assert.That(gateway.Get("/").Text, Is.EqualTo("1"));
        await gateway.ReloadAsync("{routes: [{path: \"/*\", upstream: up, cache: {}, rewrite: {strip_prefix: /v1}}]}", upstreams);

        Assert.That(gateway.Get("/").Text, Is.EqualTo("2"));
        gateway.Settle();
    }

    [Test]
    public async Task Whoever_is_refused_gets_nothing_from_memory()
    {
        var endpoint = Answering(Fresh);
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}}}";
        await using var gateway = await BareGateway.StartAsync(
            "{trusted_proxies: [127.0.0.0/8], routes: [{path: \"/*\", upstream: up, cache: 30s, deny_ips: [203.0.113.0/24]}]}", upstreams, time: _time);
        gateway.Get("/", "X-Forwarded-For: 198.51.100.1\r\n");

        Assert.That(gateway.Get("/", "X-Forwarded-For: 203.0.113.1\r\n").Status, Is.EqualTo(403));
        Assert.That(gateway.Get("/", "X-Forwarded-For: 198.51.100.2\r\n").Text, Is.EqualTo("1"));
        gateway.Settle();
    }

    [Test]
    public async Task C1_what_a_trusted_proxy_says_of_the_host_is_part_of_the_key()
    {
        var endpoint = Answering(Fresh);
        var upstreams = $"{{{HttpGateway.Upstream("up", "", endpoint)}}}";
        await using var gateway = await BareGateway.StartAsync("{trusted_proxies: [127.0.0.0/8], routes: [{path: \"/*\", upstream: up, cache: 30s}]}", upstreams, time: _time);

        Assert.That((Ask("X-Forwarded-Host: a"), Ask("X-Forwarded-Host: b"), Ask("X-Original-URL: /x"), Ask("X-Forwarded-Proto: https"), Ask("X-Forwarded-Host: a")), Is.EqualTo(("1", "2", "3", "4", "1")));
        gateway.Settle();

        string Ask(string field) => gateway.Get("/", $"X-Forwarded-For: 198.51.100.1\r\n{field}\r\n").Text;
    }

    [Test]
    public async Task A_change_by_another_listener_ends_what_is_kept()
    {
        var endpoint = Answering(Fresh);
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, cache: 1d}]}}, other: {bind: \"127.0.0.1:0\", http: {routes: [{path: \"/*\", upstream: up}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        Assert.That((gateway.Get("/a").Text, gateway.Get("/b").Text, gateway.Get("/a").Text), Is.EqualTo(("1", "2", "1")));
        using (var client = IOverCarriers.Connect(Loopback.Connect(await gateway.Daemon.AddressOfAsync("other"))))
        {
            client.Send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
        }

        Assert.That((gateway.Get("/a").Text, gateway.Get("/b").Text), Is.EqualTo(("4", "2")));
    }

    [Test]
    public async Task A_routes_time_ends_what_comes_from_memory_too()
    {
        // More than a client that does not read has in its and lb's buffers of the kernel.
        const int Length = 12 * 1024 * 1024;
        var body = new string('x', Length);
        var endpoint = Scripted((wire, _, _) => wire.Respond(body, Fresh));
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up, cache: 1d, timeout: 5s}]}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}\ncache: {{memory: 1GiB}}", time: _time);
        Assert.That(gateway.Get("/").Body, Has.Length.EqualTo(Length));
        using (var client = gateway.Connect())
        {
            Assert.That(client.Get("/").ReadHead()["Cache-Status"], Does.StartWith("lb; hit"));
            _time.Advance(TimeSpan.FromSeconds(5));

            // Twice round the loops: the client is full, and the time has come. A reader as fast as lb would have it all before any timer's turn.
            await gateway.LookAsync();
            await gateway.LookAsync();
            Assert.That(() => client.ReadBytes(Length), Throws.InstanceOf<IOException>().Or.InstanceOf<SocketException>());
        }

        gateway.Settle();
    }

    private static string WithDigests(string text)
    {
        foreach (var name in new[] { "ann", "bob", "eve" })
        {
            text = text.Replace(name.ToUpperInvariant(), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(name))), StringComparison.Ordinal);
        }

        return text;
    }

    private Task<BareGateway> StartAsync(string routes, HttpEndpoint endpoint) =>
        BareGateway.StartAsync($"{{routes: [{routes}]}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}}}", time: _time);

    private HttpEndpoint Answering(string fields, string status = "200 OK") => Scripted((wire, _, count) => wire.Respond($"{count}", fields, status));

    private HttpEndpoint Scripted(Action<HttpWire, HttpMessage, int> answer)
    {
        var count = 0;
        var endpoint = new HttpEndpoint((wire, request) => answer(wire, request, Interlocked.Increment(ref count)));
        _endpoints.Add(endpoint);
        return endpoint;
    }
}
