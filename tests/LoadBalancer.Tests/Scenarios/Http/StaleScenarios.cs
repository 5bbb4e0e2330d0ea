using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What becomes of what is kept and no longer fresh: it is asked about, sent while it is asked for anew, or sent in place of an error.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StaleScenarios(Carrier carrier) : IOverCarriers, IDisposable
{
    private const string Date = "Sun, 06 Nov 1994 08:49:37 GMT";

    public Carrier Carrier => carrier;

    private readonly ManualTime _time = new();
    private readonly SemaphoreSlim _turn = new(0);
    private Action<HttpWire, HttpMessage, int> _answer = (_, _, _) => { };
    private HttpEndpoint _endpoint = null!;
    private BareGateway _gateway = null!;

    [TearDown]
    public async Task CloseAsync()
    {
        _turn.Release(1000);
        _gateway.Settle();
        Assert.That((_gateway.Kept!.Fetches, _gateway.Kept.Waiting, _gateway.Kept.RecordedBytes), Is.EqualTo((0, 0, 0)));
        Assert.That(_gateway.Engine.Loops.ToArray().Sum(loop => loop.Refreshing.Count), Is.Zero);
        await _gateway.DisposeAsync();
    }

    public void Dispose()
    {
        _endpoint.Dispose();
        _turn.Dispose();
    }

    [TestCase("ETag: \"1\"", "If-None-Match", "\"1\"")]
    [TestCase("ETag: W/\"1\"", "If-None-Match", "W/\"1\"")]
    [TestCase("Last-Modified: " + Date, "If-Modified-Since", Date)]
    public async Task What_is_as_good_as_new_is_sent_from_memory_with_the_new_fields_and_fresh_again(string validator, string condition, string value)
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, $"Cache-Control: max-age=60\r\n{validator}\r\nX-Count: {count}\r\nX-Only: {count}\r\n", "X-Only"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));
        var asked = _gateway.Get("/");

        Assert.That((asked.Status, asked.Text, asked["X-Count"], asked["X-Only"], asked["Age"], asked["Content-Length"]), Is.EqualTo((200, "1", "2", "1", "0", "1")));
        Assert.That(asked["Cache-Status"], Is.EqualTo("lb; fwd=stale; fwd-status=304"));
        Assert.That(_endpoint.Requests[1][condition], Is.EqualTo(value));
        _time.Advance(TimeSpan.FromSeconds(59));
        var kept = _gateway.Get("/");
        Assert.That((kept.Text, kept["X-Count"], kept["Cache-Status"]), Is.EqualTo(("1", "2", "lb; hit; ttl=1")));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_304_leaves_the_connection_to_the_endpoint_as_it_was()
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, "Cache-Control: no-cache\r\nETag: \"1\"\r\n"));
        using var client = _gateway.Connect();
        for (var at = 0; at < 3; at++)
        {
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("1"));
        }

        Assert.That((_endpoint.Requests.Count, _endpoint.Connections), Is.EqualTo((3, 1)));
    }

    [TestCase("\"1\"", 304)]
    [TestCase("\"other\"", 200)]
    public async Task The_clients_own_condition_is_measured_by_what_comes_of_that(string tag, int status)
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, "Cache-Control: max-age=60\r\nETag: \"1\"\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));
        var asked = _gateway.Get("/", $"If-None-Match: {tag}\r\nIf-Modified-Since: {Date}\r\n");

        Assert.That((asked.Status, asked.Text), Is.EqualTo((status, status == 304 ? "" : "1")));
        Assert.That((string.Join(',', _endpoint.Requests[1].Values("If-None-Match")), _endpoint.Requests[1]["If-Modified-Since"]), Is.EqualTo(("\"1\"", (string?)null)));
    }

    [Test]
    public async Task What_has_changed_is_passed_on_and_kept_in_its_place()
    {
        await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", $"Cache-Control: max-age=60\r\nETag: \"{count}\"\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.That((_gateway.Get("/").Text, _gateway.Get("/").Text), Is.EqualTo(("2", "2")));
        Assert.That(_endpoint.Requests[1]["If-None-Match"], Is.EqualTo("\"1\""));
    }

    [TestCase("no-cache")]
    [TestCase("max-age=0")]
    [TestCase("max-age=0, must-revalidate")]
    public async Task What_has_to_be_asked_about_each_time_is_kept_and_asked_about(string control)
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, $"Cache-Control: {control}\r\nETag: \"1\"\r\n"));
        _gateway.Get("/");

        Assert.That((_gateway.Get("/").Text, _gateway.Get("/").Text), Is.EqualTo(("1", "1")));
        Assert.That(_endpoint.Requests.Select(request => request["If-None-Match"]), Is.EqualTo(new[] { null, "\"1\"", "\"1\"" }));
    }

    [TestCase("Cache-Control: no-cache\r\n")]
    [TestCase("Cache-Control: max-age=0\r\n")]
    [TestCase("Expires: 0\r\n")]
    public async Task The_routes_time_for_what_is_stale_is_not_for_what_has_to_be_asked_about_each_time(string fields)
    {
        await StartAsync("cache: {stale_while_revalidate: 1h}", (wire, request, count) => Same(wire, request, count, $"{fields}ETag: \"1\"\r\n"));
        _gateway.Get("/");

        Assert.That((_gateway.Get("/")["Cache-Status"], _gateway.Get("/")["Cache-Status"]), Is.EqualTo(("lb; fwd=stale; fwd-status=304", "lb; fwd=stale; fwd-status=304")));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task What_says_itself_that_it_may_be_sent_while_it_is_asked_about_is_asked_about_each_time()
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, $"Cache-Control: max-age=0, stale-while-revalidate=60\r\nETag: \"1\"\r\nX-Count: {count}\r\n"));
        _gateway.Get("/");
        for (var asked = 2; asked <= 4; asked++)
        {
            Assert.That(_gateway.Get("/")["X-Count"], Is.EqualTo($"{asked - 1}"));
            Assert.That(() => (_endpoint.Requests.Count, _gateway.Kept!.Fetches), Is.EqualTo((asked, 0)).After(Loopback.TimeoutMs, 5));
            _gateway.Settle();
        }
    }

    [Test]
    public async Task A_304_about_another_version_than_the_one_that_is_kept_is_not_believed()
    {
        await StartAsync("cache: {}", (wire, request, count) =>
        {
            if (request["If-None-Match"] is not null)
            {
                wire.Send("HTTP/1.1 304 Not Modified\r\nETag: \"2\"\r\n\r\n");
                return;
            }

            wire.Respond($"{count}", "Cache-Control: max-age=60\r\nETag: \"1\"\r\n");
        });
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("3"));
    }

    [TestCase("private")]
    [TestCase("no-store")]
    public async Task A_304_that_forbids_to_keep_it_ends_what_is_kept(string control)
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, $"Cache-Control: {(count == 1 ? "max-age=60" : control)}\r\nETag: \"1\"\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));
        var asked = _gateway.Get("/");

        Assert.That((asked.Status, asked.Text, asked["Cache-Control"], asked["Cache-Status"]), Is.EqualTo((200, "1", control, "lb; fwd=stale; fwd-status=304")));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("3"));
    }

    [Test]
    public async Task Many_who_want_what_is_stale_ask_about_it_once()
    {
        await StartAsync("cache: {}", (wire, request, count) =>
        {
            if (count > 1)
            {
                _turn.Wait(Loopback.TimeoutMs);
            }

            Same(wire, request, count, "Cache-Control: max-age=60\r\nETag: \"1\"\r\n");
        });
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(60));
        var clients = Enumerable.Range(0, 20).Select(_ => _gateway.Connect().Get("/")).ToList();
        Assert.That(() => _gateway.Kept!.Waiting, Is.EqualTo(19).After(Loopback.TimeoutMs, 5));
        _turn.Release();

        Assert.That(clients.Select(client => client.ReadResponse().Text), Is.All.EqualTo("1"));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(2));
        clients.ForEach(client => client.Dispose());
    }

    [Test]
    public async Task Who_asks_for_others_too_asks_for_all_of_it()
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, "Cache-Control: max-age=60\r\nETag: \"1\"\r\n"));

        Assert.That((_gateway.Get("/", "If-None-Match: \"1\"\r\n").Status, _gateway.Get("/").Text, _gateway.Get("/", "If-None-Match: \"1\"\r\n").Status), Is.EqualTo((200, "1", 304)));
        Assert.That(_endpoint.Requests.Select(request => request["If-None-Match"]), Is.EqualTo(new string?[] { null }));
    }

    [TestCase("cache: {}", "max-age=10, stale-while-revalidate=30")]
    [TestCase("cache: {ttl: 10s, stale_while_revalidate: 30s}", "max-age=3600")]
    [TestCase("cache: {stale_while_revalidate: 30s}", "max-age=10, stale-while-revalidate=1")]
    public async Task What_may_be_used_while_it_is_asked_for_is_sent_at_once_and_asked_for_once(string cache, string control)
    {
        await StartAsync($"{cache}, rewrite: {{strip_prefix: /v1}}, request_headers: {{set: {{X-Set: \"yes\"}}}}", (wire, _, count) =>
        {
            if (count == 2)
            {
                _turn.Wait(Loopback.TimeoutMs);
            }

            wire.Respond($"{count}", $"Cache-Control: {control}\r\n");
        });
        _gateway.Get("/v1/a?b");
        _time.Advance(TimeSpan.FromSeconds(15));
        for (var at = 0; at < 5; at++)
        {
            var stale = _gateway.Get("/v1/a?b");
            Assert.That((stale.Text, stale["Age"], stale["Cache-Status"]), Is.EqualTo(("1", "15", "lb; hit; ttl=-5")));
        }

        _turn.Release();
        Assert.That(() => _gateway.Get("/v1/a?b").Text, Is.EqualTo("2").After(Loopback.TimeoutMs, 5));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(2));
        Assert.That((_endpoint.Requests[1].FirstLine, _endpoint.Requests[1]["X-Set"]), Is.EqualTo((_endpoint.Requests[0].FirstLine, "yes")));
    }

    [Test]
    public async Task What_is_asked_about_in_the_background_and_as_good_as_new_is_fresh_again()
    {
        await StartAsync("cache: {}", (wire, request, count) => Same(wire, request, count, "Cache-Control: max-age=10, stale-while-revalidate=30\r\nETag: \"1\"\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(_gateway.Get("/", "If-None-Match: \"1\"\r\n").Status, Is.EqualTo(304));

        Assert.That(() => _gateway.Get("/")["Cache-Status"], Is.EqualTo("lb; hit; ttl=10").After(Loopback.TimeoutMs, 5));
        Assert.That((_gateway.Get("/").Text, _endpoint.Requests.Count), Is.EqualTo(("1", 2)));
    }

    [TestCase("max-age=10, stale-while-revalidate=5")]
    [TestCase("max-age=10, stale-while-revalidate=30, must-revalidate")]
    [TestCase("max-age=10, stale-while-revalidate=30, proxy-revalidate")]
    [TestCase("s-maxage=10, stale-while-revalidate=30")]
    [TestCase("max-age=10")]
    public async Task What_is_too_old_or_must_not_be_used_stale_is_waited_for(string control)
    {
        await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", $"Cache-Control: {control}\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("2"));
    }

    [Test]
    public async Task What_was_changed_is_never_sent_stale()
    {
        await StartAsync("cache: {stale_while_revalidate: 1h, stale_if_error: 1h}, retry: off", (wire, _, count) => wire.Respond($"{count}", "Cache-Control: max-age=10\r\n", count > 2 ? "503 Service Unavailable" : "200 OK"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        using (var client = _gateway.Connect())
        {
            client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_gateway.Get("/").Status, Is.EqualTo(503));
    }

    [Test]
    public async Task A_background_request_that_fails_changes_nothing_and_is_not_made_again_at_once()
    {
        await StartAsync("cache: {}, retry: off", (wire, _, count) =>
        {
            if (count is 2)
            {
                wire.Socket.Dispose();
                return;
            }

            wire.Respond($"{count}", "Cache-Control: max-age=10, stale-while-revalidate=30\r\n", count == 3 ? "500 Internal Server Error" : "200 OK");
        });
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        for (var asked = 2; asked <= 3; asked++)
        {
            Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
            Assert.That(() => (_endpoint.Requests.Count, _gateway.Kept!.Fetches), Is.EqualTo((asked, 0)).After(Loopback.TimeoutMs, 5));
            _gateway.Settle();
            Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
            _gateway.Settle();
            Assert.That(_endpoint.Requests, Has.Count.EqualTo(asked));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
        Assert.That(() => _gateway.Get("/").Text, Is.EqualTo("4").After(Loopback.TimeoutMs, 5));
    }

    [TestCase("Cache-Control: max-age=10\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n", 0)]
    [TestCase("Cache-Control: max-age=10\r\nTransfer-Encoding: chunked\r\n", 3)]
    [TestCase("Cache-Control: private\r\nContent-Length: 10000000\r\n", 0)]
    public async Task What_is_not_to_be_kept_is_not_read_in_the_background(string fields, int pieces)
    {
        await StartAsync("cache: {stale_while_revalidate: 1h}", (wire, _, count) =>
        {
            if (count != 2)
            {
                wire.Respond($"{count}", "Cache-Control: max-age=10\r\n");
                return;
            }

            var piece = new string('x', 1024 * 1024);
            wire.Send($"HTTP/1.1 200 OK\r\n{fields}\r\n");
            for (var at = 0; at < pieces; at++)
            {
                wire.Send($"{piece.Length:x}\r\n{piece}\r\n");
            }

            _turn.Wait(Loopback.TimeoutMs);
        });
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
        Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 5));
        _gateway.Settle();
    }

    [Test]
    public async Task What_becomes_private_in_the_background_is_given_up()
    {
        await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", $"Cache-Control: {(count == 1 ? "max-age=10, stale-while-revalidate=3600" : "private")}\r\n"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
        Assert.That(() => _gateway.Kept!.Count, Is.Zero.After(Loopback.TimeoutMs, 5));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("3"));
    }

    [TestCase("302 Found")]
    [TestCase("403 Forbidden")]
    [TestCase("406 Not Acceptable")]
    [TestCase("429 Too Many Requests")]
    public async Task What_one_is_refused_leaves_what_is_kept_as_it_is(string status)
    {
        await StartAsync("cache: {stale_if_error: 1h}, retry: off", (wire, _, count) =>
            wire.Respond($"{count}", "Cache-Control: max-age=10\r\n", count == 2 ? status : count == 3 ? "503 Service Unavailable" : "200 OK"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.That((_gateway.Get("/").Text, _gateway.Get("/").Text, _gateway.Get("/").Text), Is.EqualTo(("2", "1", "4")));
    }

    [TestCase("302 Found")]
    [TestCase("403 Forbidden")]
    [TestCase("406 Not Acceptable")]
    [TestCase("429 Too Many Requests")]
    public async Task What_is_refused_in_the_background_leaves_what_is_kept_as_it_is(string status)
    {
        await StartAsync("cache: {stale_while_revalidate: 1h}", (wire, _, count) => wire.Respond($"{count}", "Cache-Control: max-age=10\r\n", count == 2 ? status : "200 OK"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        for (var turn = 0; turn < 2; turn++)
        {
            Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
            Assert.That(() => (_endpoint.Requests.Count, _gateway.Kept!.Fetches), Is.EqualTo((2, 0)).After(Loopback.TimeoutMs, 5));
            _gateway.Settle();
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
        Assert.That(() => _gateway.Get("/").Text, Is.EqualTo("3").After(Loopback.TimeoutMs, 5));
    }

    [TestCase("cache: {}", "max-age=10, stale-if-error=30", "500", "lb; fwd=stale; fwd-status=500")]
    [TestCase("cache: {}", "max-age=10, stale-if-error=30", "503", "lb; fwd=stale; fwd-status=503")]
    [TestCase("cache: {}", "max-age=10, stale-if-error=30", "reset", "lb; fwd=stale; detail=response_truncated")]
    [TestCase("cache: {}", "max-age=10, stale-if-error=30", "silent", "lb; fwd=stale; detail=exchange_timeout")]
    [TestCase("cache: {ttl: 10s, stale_if_error: 30s}", "max-age=3600", "502", "lb; fwd=stale; fwd-status=502")]
    [TestCase("cache: {ttl: 10s, stale_if_error: 30s}", "max-age=3600", "refused", "lb; fwd=stale; detail=connect_refused")]
    public async Task What_may_be_used_in_place_of_an_error_is(string cache, string control, string how, string status)
    {
        await StartAsync($"{cache}, retry: off, timeout: 5s", (wire, _, count) => Fail(wire, count, control, how));
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("1"));
        _time.Advance(TimeSpan.FromSeconds(30));
        if (how == "refused")
        {
            _endpoint.Dispose();
        }

        using (var client = _gateway.Connect().Get("/"))
        {
            if (how == "silent")
            {
                Assert.That(() => _endpoint.Requests.Count, Is.EqualTo(2).After(Loopback.TimeoutMs, 5));
                Advance(TimeSpan.FromSeconds(4.9));
                Advance(TimeSpan.FromSeconds(0.2));
            }

            var stale = client.ReadResponse();
            Assert.That((stale.Status, stale.Text), Is.EqualTo((200, "1")));
            Assert.That(stale["Cache-Status"], Is.EqualTo(status));
        }

        _time.Advance(TimeSpan.FromSeconds(15));
        if (how != "silent")
        {
            Assert.That(_gateway.Get("/").Status, Is.GreaterThanOrEqualTo(500), "it is too old by now");
        }
    }

    [TestCase("max-age=10, stale-if-error=30, must-revalidate")]
    [TestCase("s-maxage=10, stale-if-error=30")]
    [TestCase("max-age=10")]
    [TestCase("max-age=10, stale-if-error=5")]
    public async Task An_error_is_told_where_what_is_kept_must_not_be_used_stale(string control)
    {
        await StartAsync("cache: {}, retry: off", (wire, _, count) => Fail(wire, count, control, "503"));
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.That(_gateway.Get("/").Status, Is.EqualTo(503));
    }

    [TestCase("503", 2)]
    [TestCase("reset", 1)]
    public async Task Those_who_wait_for_one_that_fails_get_what_is_stale_too(string how, int asked)
    {
        await StartAsync("cache: {stale_if_error: 30s}, retry: off", (wire, _, count) =>
        {
            if (count > 1)
            {
                _turn.Wait(Loopback.TimeoutMs);
            }

            Fail(wire, count, "max-age=10", how);
        });
        _gateway.Get("/");
        _time.Advance(TimeSpan.FromSeconds(15));
        var clients = Enumerable.Range(0, 10).Select(_ => _gateway.Connect().Get("/")).ToList();
        Assert.That(() => _gateway.Kept!.Waiting, Is.EqualTo(9).After(Loopback.TimeoutMs, 5));
        _turn.Release(asked);

        Assert.That(clients.Select(client => client.ReadResponse().Text), Is.All.EqualTo("1"));
        Assert.That(_endpoint.Requests, Has.Count.EqualTo(1 + asked));
        clients.ForEach(client => client.Dispose());
    }

    // As an endpoint that has one version of it, whose body says by which request it was made.
    private static void Same(HttpWire wire, HttpMessage request, int count, string fields, string without = "")
    {
        if (request["If-None-Match"] is not null || request["If-Modified-Since"] is not null)
        {
            var lines = fields.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where(line => without.Length == 0 || !line.StartsWith(without, StringComparison.Ordinal));
            wire.Send($"HTTP/1.1 304 Not Modified\r\n{string.Concat(lines.Select(line => line + "\r\n"))}\r\n");
            return;
        }

        wire.Respond($"{count}", fields);
    }

    private void Fail(HttpWire wire, int count, string control, string how)
    {
        if (count == 1)
        {
            wire.Respond("1", $"Cache-Control: {control}\r\n");
        }
        else if (how == "silent")
        {
            _turn.Wait(Loopback.TimeoutMs);
        }
        else if (how == "reset")
        {
            wire.Socket.Dispose();
        }
        else
        {
            wire.Respond("error", "", $"{how} Error");
        }
    }

    private void Advance(TimeSpan by)
    {
        _time.Advance(by);
        foreach (var loop in _gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }

    private async Task StartAsync(string policies, Action<HttpWire, HttpMessage, int> answer)
    {
        var count = 0;
        _answer = answer;
        _endpoint = new HttpEndpoint((wire, request) => _answer(wire, request, Interlocked.Increment(ref count)));
        _gateway = await BareGateway.StartAsync($"{{routes: [{{path: \"/*\", upstream: up, {policies}}}]}}", $"{{{HttpGateway.Upstream("up", "", _endpoint)}}}", time: _time);
    }
}
