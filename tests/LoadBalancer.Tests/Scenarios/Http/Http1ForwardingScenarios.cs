namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What forwarding has on HTTP/1.1 alone: the case of names, pipelining, chunks, older versions.</summary>
internal sealed class Http1ForwardingScenarios
{
    [Test]
    public async Task A_request_and_its_response_come_through_in_order_case_and_number()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Respond("hello", "X-First: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Last:  spaced \r\n"));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        var response = gateway.Get("/path?q=1&q=2", "x-LOWER: a\r\nAccept: one\r\nAccept: two\r\n");
        var request = endpoint.Requests.Single();
        Assert.Multiple(() =>
        {
            Assert.That(request.FirstLine, Is.EqualTo("GET /path?q=1&q=2 HTTP/1.1"));
            Assert.That(request.Fields.Take(4), Is.EqualTo(new[] { "Host: test", "x-LOWER: a", "Accept: one", "Accept: two" }));
            Assert.That((response.FirstLine, response.Text), Is.EqualTo(("HTTP/1.1 200 OK", "hello")));
            Assert.That(response.Fields.Take(4), Is.EqualTo(new[] { "X-First: 1", "set-cookie: a=1", "Set-Cookie: b=2", "X-Last: spaced" }));
        });
    }

    [Test]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        using var endpoint = new HttpEndpoint((wire, request) => wire.Respond(request.FirstLine.Split(' ')[1]));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        client.Send(string.Concat(Enumerable.Range(0, 50).Select(at => $"GET /{at} HTTP/1.1\r\nHost: test\r\n\r\n")));
        Assert.That(Enumerable.Range(0, 50).Select(_ => client.ReadResponse().Text), Is.EqualTo(Enumerable.Range(0, 50).Select(at => $"/{at}")));
    }

    [Test]
    public async Task A_client_of_http_1_0_gets_no_chunks_and_a_connection_that_ends()
    {
        using var endpoint = new HttpEndpoint((wire, _) => wire.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        var response = client.Send("GET / HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n").ReadResponse();
        Assert.That((response.Text, response["Connection"], response["Transfer-Encoding"]), Is.EqualTo(("hello", "close", (string?)null)));
    }

    [Test]
    public async Task A_client_of_http_1_0_that_asks_for_it_keeps_its_connection()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        for (var at = 0; at < 2; at++)
        {
            var response = client.Send("GET / HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n").ReadResponse();
            Assert.That((response.Text, response["Connection"]), Is.EqualTo(("ok", "keep-alive")));
        }
    }

    [Test]
    public async Task S20_nothing_behind_a_refused_head_is_looked_at()
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        client.Send("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n");
        var response = client.ReadResponse();
        Assert.That((response.Status, response["Connection"]), Is.EqualTo((400, "close")));
        Assert.That(client.HasEnded(), Is.True);
        Assert.That(endpoint.Requests, Is.Empty);
    }

    [TestCase("GET http://test/a?b=c", "GET /a?b=c HTTP/1.1")]
    [TestCase("GET HTTP://TEST/a/../b", "GET /b HTTP/1.1")]
    [TestCase("GET http://test", "GET / HTTP/1.1")]
    [TestCase("GET http://test?b", "GET /?b HTTP/1.1")]
    [TestCase("OPTIONS http://test/", "OPTIONS / HTTP/1.1")]
    public async Task A_target_in_absolute_form_is_the_same_request_in_origin_form(string line, string sent)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        Assert.That(client.Send($"{line} HTTP/1.1\r\nHost: test\r\n\r\n").ReadResponse().Status, Is.EqualTo(200));
        Assert.That((endpoint.Requests.Single().FirstLine, endpoint.Requests.Single()["Host"]), Is.EqualTo((sent, "test")));
    }

    [TestCase("OPTIONS *", 204)]
    [TestCase("OPTIONS http://test", 204)]
    [TestCase("GET https://test/a", 400, Description = "S14")]
    [TestCase("GET http://other/a", 400, Description = "S14")]
    [TestCase("GET http://test:81/a", 400, Description = "S14")]
    public async Task S14_a_target_of_lb_itself_or_of_another_place_is_sent_to_no_endpoint(string line, int status)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        Assert.That(client.Send($"{line} HTTP/1.1\r\nHost: test\r\n\r\n").ReadResponse().Status, Is.EqualTo(status));
        Assert.That(endpoint.Requests, Is.Empty);
    }

    [TestCase("OPTIONS", "0", 204)]
    [TestCase("TRACE", "0", 501)]
    [TestCase("OPTIONS", "-1", 400)]
    [TestCase("OPTIONS", "1\r\nMax-Forwards: 1", 400)]
    public async Task A_request_that_may_go_no_further_is_answered_here(string method, string hops, int status)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        Assert.That(client.Send($"{method} /a HTTP/1.1\r\nHost: test\r\nMax-Forwards: {hops}\r\n\r\n").ReadResponse().Status, Is.EqualTo(status));
        Assert.That(endpoint.Requests, Is.Empty);
    }

    [TestCase("OPTIONS", "2", "1")]
    [TestCase("TRACE", "1", "0")]
    [TestCase("GET", "0", "0", Description = "means nothing there")]
    public async Task One_that_may_go_further_has_one_hop_less(string method, string hops, string left)
    {
        using var endpoint = new HttpEndpoint("ok");
        await using var gateway = await HttpGateway.ToAsync(endpoint);
        using var client = gateway.Connect();
        Assert.That(client.Send($"{method} /a HTTP/1.1\r\nHost: test\r\nMax-Forwards: {hops}\r\n\r\n").ReadResponse().Status, Is.EqualTo(200));
        Assert.That(endpoint.Requests.Single()["Max-Forwards"], Is.EqualTo(left));
    }

    [Test]
    public async Task Every_response_has_one_date_its_endpoints_if_that_has_one()
    {
        const string Theirs = "Sun, 06 Nov 1994 08:49:37 GMT";
        using var endpoint = new HttpEndpoint((wire, request) =>
        {
            wire.Send("HTTP/1.1 103 Early Hints\r\n\r\n");
            wire.Respond("ok", request.FirstLine.Contains("/dated", StringComparison.Ordinal) ? $"date: {Theirs}\r\n" : "");
        });
        await using var gateway = await HttpGateway.StartAsync(
            "{routes: [{path: \"/*\", upstream: up}, {path: /own, respond: {status: 204}}, {path: /away, redirect: {to: \"https://test/\"}}, {path: /ready, respond: readiness}, {path: /only, methods: [PUT], upstream: up}]}",
            $"{{{HttpGateway.Upstream("up", "", endpoint)}}}");
        using var client = gateway.Connect();
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-2);
        foreach (var (path, status) in new[] { ("/", 200), ("/own", 204), ("/away", 307), ("/ready", 200), ("/only", 405) })
        {
            client.Get(path);
            if (path == "/")
            {
                Assert.That(client.ReadResponse()["Date"], Is.Null, "an interim one");
            }

            var response = client.ReadResponse();
            Assert.That(response.Status, Is.EqualTo(status), path);
            Assert.That(DateTimeOffset.ParseExact(response["Date"]!, "r", System.Globalization.CultureInfo.InvariantCulture), Is.InRange(before, TimeProvider.System.GetUtcNow()), path);
        }

        client.Get("/dated").ReadResponse();
        Assert.That(client.ReadResponse().Values("Date"), Is.EqualTo(new[] { Theirs }));
    }
}
