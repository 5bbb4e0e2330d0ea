using LoadBalancer.Http.Caching;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>What many want at once is asked for once: who waits, for whom, and what each of them gets. Trap 43.</summary>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CoalescingScenarios(Carrier carrier) : IOverCarriers, IDisposable
{
    private const string Fresh = "Cache-Control: max-age=60\r\n";

    public Carrier Carrier => carrier;

    private readonly ManualTime _time = new();
    private readonly List<HttpEndpoint> _endpoints = [];
    private readonly List<HttpWire> _clients = [];
    private readonly SemaphoreSlim _turn = new(0);
    private BareGateway _gateway = null!;

    private CacheStore Kept => _gateway.Kept!;

    [TearDown]
    public async Task CloseAsync()
    {
        _turn.Release(10_000);
        _clients.ForEach(client => client.Dispose());
        _gateway.Settle();
        Assert.That((Kept.Fetches, Kept.Waiting, Kept.RecordedBytes), Is.EqualTo((0, 0, 0)));
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        await _gateway.DisposeAsync();
    }

    public void Dispose()
    {
        _turn.Dispose();
    }

    [Test]
    public async Task A_thousand_who_want_the_same_ask_once_over_all_loops()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", Fresh));
        Ask(1000);
        AwaitWaiting(999);
        _turn.Release();
        var answers = _clients.ConvertAll(client => client.ReadResponse());

        Assert.That(answers.ConvertAll(answer => (answer.Status, answer.Text)), Is.All.EqualTo((200, "1")));
        Assert.That(answers.ConvertAll(answer => answer["Cache-Status"]), Is.EquivalentTo(Enumerable.Repeat("lb; hit; ttl=60; collapsed", 999).Append("lb; fwd=uri-miss; stored")));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
        Assert.That(_gateway.Get("/")["Cache-Status"], Is.EqualTo("lb; hit; ttl=60"));
    }

    [Test]
    public async Task Where_the_first_one_goes_away_exactly_one_of_the_others_asks()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", Fresh));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(20);
        AwaitWaiting(20);
        _clients[0].Dispose();
        AwaitAsked(endpoint, 2);
        AwaitWaiting(19);
        _turn.Release(2);

        Assert.That(_clients.Skip(1).Select(client => client.ReadResponse().Text), Is.All.EqualTo("2"));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Whoever_waits_and_goes_away_leaves_nothing()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", Fresh));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(20);
        AwaitWaiting(20);
        _clients.Skip(1).Take(15).ToList().ForEach(client => client.Dispose());
        AwaitWaiting(5);
        _turn.Release();

        Assert.That(_clients.Where((_, at) => at is 0 or > 15).Select(client => client.ReadResponse().Text), Is.All.EqualTo("1"));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(1));
    }

    [TestCase("Cache-Control: private, max-age=60\r\n")]
    [TestCase("Cache-Control: no-store\r\n")]
    [TestCase("Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n")]
    [TestCase("Cache-Control: max-age=60\r\nVary: *\r\n")]
    public async Task What_is_for_one_alone_is_asked_for_by_each_and_not_waited_for_for_a_while(string fields)
    {
        var endpoint = await StartAsync("cache: {ttl: 60s}", (wire, _, count) => wire.Respond($"{count}", fields));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(5);
        AwaitWaiting(5);
        _turn.Release();
        AwaitAsked(endpoint, 6);
        Ask(2);
        AwaitAsked(endpoint, 8);
        Assert.That(Kept.Waiting, Is.Zero);
        _turn.Release(7);
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EquivalentTo(Enumerable.Range(1, 8).Select(count => $"{count}")));

        _time.Advance(TimeSpan.FromSeconds(10));
        Ask(1);
        AwaitAsked(endpoint, 9);
        Ask(1);
        AwaitWaiting(1);
        _turn.Release(2);
        Assert.That(_clients.TakeLast(2).Select(client => client.ReadResponse().Text), Is.EquivalentTo(new[] { "9", "10" }));
    }

    [TestCase("302 Found")]
    [TestCase("403 Forbidden")]
    [TestCase("406 Not Acceptable")]
    [TestCase("429 Too Many Requests")]
    [TestCase("503 Service Unavailable")]
    public async Task What_the_words_of_the_first_one_have_caused_is_its_own(string status)
    {
        var endpoint = await StartAsync("cache: {}, retry: off", (wire, _, count) => wire.Respond($"{count}", Fresh, count == 1 ? status : "200 OK"));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(20);
        AwaitWaiting(20);
        _turn.Release();
        AwaitAsked(endpoint, 2);
        AwaitWaiting(19);
        _turn.Release();

        Assert.That(_clients[0].ReadResponse().FirstLine.Split(' ')[1], Is.EqualTo(status[..3]));
        Assert.That(_clients.Skip(1).Select(client => client.ReadResponse().Text), Is.All.EqualTo("2"));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_two_have_been_refused_is_asked_for_by_each_and_not_waited_for_for_a_while()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", Fresh, "403 Forbidden"));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(5);
        AwaitWaiting(5);
        _turn.Release();
        AwaitAsked(endpoint, 2);
        AwaitWaiting(4);
        _turn.Release();
        AwaitAsked(endpoint, 6);
        Ask(2);
        AwaitAsked(endpoint, 8);
        Assert.That(Kept.Waiting, Is.Zero);
        _turn.Release(6);

        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EquivalentTo(Enumerable.Range(1, 8).Select(count => $"{count}")));
    }

    [Test]
    public async Task What_was_for_one_alone_and_is_kept_after_all_may_be_waited_for_again()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", count == 1 ? "Cache-Control: private\r\n" : Fresh));
        _turn.Release(2);
        _gateway.Get("/");
        Assert.That(_gateway.Get("/").Text, Is.EqualTo("2"));
        Change();
        Ask(1);
        AwaitAsked(endpoint, 4);
        Ask(3);
        AwaitWaiting(3);
        _turn.Release();
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.All.EqualTo("4"));
    }

    [TestCase("reset", 1)]
    [TestCase("truncated", 1)]
    [TestCase("503", 2)]
    public async Task Where_the_endpoint_fails_it_has_failed_for_all_who_wait(string how, int asked)
    {
        var endpoint = await StartAsync("cache: {}, retry: off", (wire, _, _) =>
        {
            if (how == "503")
            {
                wire.Respond("", Fresh, "503 Service Unavailable");
                return;
            }

            if (how == "truncated")
            {
                wire.Send($"HTTP/1.1 200 OK\r\n{Fresh}Content-Length: 10\r\n");
            }

            wire.Socket.Dispose();
        });
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(20);
        AwaitWaiting(20);
        _turn.Release(asked);

        Assert.That(_clients.Select(client => client.ReadResponse().Status), Is.EquivalentTo(Enumerable.Repeat(how == "503" ? 503 : 502, asked).Concat(Enumerable.Repeat(502, 21 - asked))));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(asked));
        Ask(1);
        AwaitAsked(endpoint, asked + 1);
    }

    [Test]
    public async Task A_body_that_breaks_off_fails_those_who_wait_and_has_given_them_nothing_of_it()
    {
        var endpoint = await StartAsync("cache: {}, retry: off", (wire, _, _) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\n{Fresh}Content-Length: 10\r\n\r\nhalf");
            _turn.Wait(Loopback.TimeoutMs);
            wire.Socket.Dispose();
        });
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(3);
        AwaitWaiting(3);
        _turn.Release(2);
        _clients[0].ReadHead();
        Assert.That(_clients[0].ReadBytes(4), Is.EqualTo("half"u8.ToArray()));

        Assert.That(_clients.Skip(1).Select(client => client.ReadResponse().Status), Is.All.EqualTo(502));
    }

    [Test]
    public async Task Answers_that_vary_are_asked_for_once_for_each_value()
    {
        var endpoint = await StartAsync("cache: {}", (wire, request, _) => wire.Respond($"{request["Accept-Language"]}", Fresh + "Vary: Accept-Language\r\n"));
        Ask(1, "Accept-Language: de\r\n");
        AwaitAsked(endpoint, 1);
        Ask(5, "Accept-Language: de\r\n");
        Ask(6, "Accept-Language: fr\r\n");
        Ask(6);
        AwaitWaiting(17);
        _turn.Release();
        AwaitAsked(endpoint, 3);
        _turn.Release(2);

        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EqualTo(Enumerable.Repeat("de", 6).Concat(Enumerable.Repeat("fr", 6)).Concat(Enumerable.Repeat("", 6))));
        Assert.That(endpoint.Requests, Has.Count.EqualTo(3));
    }

    [TestCase("Authorization: Bearer a\r\n")]
    [TestCase("Cookie: session=a\r\n")]
    [TestCase("Cache-Control: no-store\r\n")]
    public async Task Whoever_brings_a_credential_neither_waits_nor_is_waited_for(string fields)
    {
        var endpoint = await StartAsync("cache: {ttl: 60s}", (wire, request, _) => wire.Respond(request["Authorization"] ?? request["Cookie"] ?? request["Cache-Control"] ?? "none"));
        Ask(2, fields);
        AwaitAsked(endpoint, 2);
        Ask(1);
        AwaitAsked(endpoint, 3);
        Ask(1, fields);
        AwaitAsked(endpoint, 4);
        Assert.That(Kept.Waiting, Is.Zero);
        _turn.Release(4);

        var secret = fields.Trim()[(fields.IndexOf(' ') + 1)..];
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EqualTo(new[] { secret, secret, "none", secret }));
    }

    [TestCase("/a", "/b")]
    [TestCase("/a", "/a?x")]
    public async Task Nobody_waits_for_something_else(string one, string two)
    {
        var endpoint = await StartAsync("cache: {}", (wire, request, _) => wire.Respond(request.FirstLine.Split(' ')[1], Fresh));
        Ask(1, target: one);
        AwaitAsked(endpoint, 1);
        Ask(1, target: two);
        AwaitAsked(endpoint, 2);
        _turn.Release(2);
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EqualTo(new[] { one, two }));
    }

    [Test]
    public async Task Coalesce_off_lets_everybody_ask()
    {
        var endpoint = await StartAsync("cache: {coalesce: off}", (wire, _, _) => wire.Respond("", Fresh));
        Ask(4);
        AwaitAsked(endpoint, 4);
        _turn.Release(4);
        Assert.That(_clients.Select(client => client.ReadResponse().Status), Is.All.EqualTo(200));
    }

    [Test]
    public async Task Whoever_has_waited_for_long_enough_asks_for_itself()
    {
        var endpoint = await StartAsync("cache: {coalesce: 2s}", (wire, _, count) => wire.Respond($"{count}", Fresh));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(3);
        AwaitWaiting(3);
        await AdvanceAsync(TimeSpan.FromSeconds(2.1));
        AwaitAsked(endpoint, 4);
        _turn.Release(4);
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EquivalentTo(new[] { "1", "2", "3", "4" }));
    }

    [Test]
    public async Task The_routes_time_holds_for_those_who_wait()
    {
        var endpoint = await StartAsync("cache: {}, timeout: 2s", (wire, _, _) => wire.Respond("", Fresh));
        Ask(1);
        AwaitAsked(endpoint, 1);
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        Ask(1);
        AwaitWaiting(1);
        await AdvanceAsync(TimeSpan.FromSeconds(1.1));
        Assert.That(_clients[0].ReadResponse().Status, Is.EqualTo(504));

        // What is over for the first is not over for the second, which asks from here on, and has its own time.
        AwaitAsked(endpoint, 2);
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(_clients[1].ReadResponse().Status, Is.EqualTo(504));
        _turn.Release(2);
    }

    [TestCase("max-age=1", 1)]
    [TestCase("max-age=1, must-revalidate", 2)]
    public async Task What_is_too_old_when_it_is_whole_is_for_those_who_wait_unless_it_forbids_that(string control, int asked)
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\nCache-Control: {control}\r\nContent-Length: 2\r\n\r\n{count}");
            _turn.Wait(Loopback.TimeoutMs);
            wire.Send("!");
        });
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(1);
        AwaitWaiting(1);
        _turn.Release();
        _clients[0].ReadHead();
        await AdvanceAsync(TimeSpan.FromSeconds(2));
        _turn.Release(3);

        Assert.That((_clients[1].ReadResponse().Text, endpoint.Requests.Count), Is.EqualTo(($"{asked}!", asked)));
    }

    [Test]
    public async Task A_body_that_turns_out_too_long_is_waited_for_no_longer()
    {
        var piece = new string('x', 1024 * 1024);
        var endpoint = await StartAsync("cache: {}", (wire, _, count) =>
        {
            wire.Send($"HTTP/1.1 200 OK\r\n{Fresh}Transfer-Encoding: chunked\r\n\r\n");
            for (var at = 0; at < 3; at++)
            {
                wire.Send($"{piece.Length:x}\r\n{piece}\r\n");
            }

            if (count == 1)
            {
                AwaitAskedBy(_endpoints[0], 3);
            }

            wire.Send("0\r\n\r\n");
        });
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(2);
        AwaitWaiting(2);
        _turn.Release(3);
        Assert.That(_clients.Select(client => client.ReadResponse().Text.Length), Is.All.EqualTo(3 * piece.Length));
    }

    [Test]
    public async Task A_change_on_the_way_is_not_hidden_from_those_who_wait()
    {
        var endpoint = await StartAsync("cache: {}", (wire, _, count) => wire.Respond($"{count}", Fresh));
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(3);
        AwaitWaiting(3);
        Change();
        _turn.Release();
        AwaitAsked(endpoint, 3);
        AwaitWaiting(2);
        _turn.Release();

        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.EquivalentTo(new[] { "1", "3", "3", "3" }));
    }

    [Test]
    public async Task Those_who_wait_and_fail_have_what_stands_in_for_the_error()
    {
        var fallback = new HttpEndpoint("fallback");
        _endpoints.Add(fallback);
        var endpoint = await StartAsync(
            "cache: {}, retry: off, on_error: {502: {upstream: fallback}}", (wire, _, _) => wire.Socket.Dispose(), $", {HttpGateway.Upstream("fallback", "", fallback)}");
        Ask(1);
        AwaitAsked(endpoint, 1);
        Ask(3);
        AwaitWaiting(3);
        _turn.Release();
        Assert.That(_clients.Select(client => client.ReadResponse().Text), Is.All.EqualTo("fallback"));
    }

    private void Change()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        using var client = _gateway.Connect();
        client.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
        Assert.That(client.ReadResponse().Status, Is.EqualTo(200));
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private void Ask(int count, string fields = "", string target = "/")
    {
        for (var at = 0; at < count; at++)
        {
            _clients.Add(_gateway.Connect().Get(target, fields));
        }
    }

    private void AwaitWaiting(int count) => Assert.That(() => Kept.Waiting, Is.EqualTo(count).After(Loopback.TimeoutMs, 5), "exchanges that wait");

    private static void AwaitAsked(HttpEndpoint endpoint, int count) => Assert.That(() => endpoint.Requests.Count, Is.EqualTo(count).After(Loopback.TimeoutMs, 5), "requests to the endpoint");

    private static void AwaitAskedBy(HttpEndpoint endpoint, int count) => SpinWait.SpinUntil(() => endpoint.Requests.Count >= count, Loopback.TimeoutMs);

    private async Task AdvanceAsync(TimeSpan by)
    {
        _time.Advance(by);
        foreach (var loop in _gateway.Loops.Loops.ToArray())
        {
            await loop.RunAsync(_ => { }, null);
        }
    }

    /// <summary>A gateway before an endpoint that answers a GET when it is let: <see cref="_turn"/>.</summary>
    private async Task<HttpEndpoint> StartAsync(string policies, Action<HttpWire, HttpMessage, int> answer, string upstreams = "")
    {
        var count = 0;
        var endpoint = new HttpEndpoint((wire, request) =>
        {
            var mine = Interlocked.Increment(ref count);
            if (!request.FirstLine.StartsWith("GET", StringComparison.Ordinal))
            {
                wire.Respond("");
                return;
            }

            _turn.Wait(Loopback.TimeoutMs);
            answer(wire, request, mine);
        });
        _endpoints.Add(endpoint);
        _gateway = await BareGateway.StartAsync($"{{routes: [{{path: \"/*\", upstream: up, {policies}}}]}}", $"{{{HttpGateway.Upstream("up", "", endpoint)}{upstreams}}}", time: _time);
        return endpoint;
    }
}
