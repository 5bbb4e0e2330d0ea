using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>
/// Requests that are sent again, and those that are not: traps 10 to 14 and 18. What a script answers is by the number of the request among all
/// that the endpoints get, as nobody knows which of them comes first.
/// </summary>
[TestFixture(Carrier.Http1, Carrier.Http1)]
[TestFixture(Carrier.Http1, Carrier.Http2)]
[TestFixture(Carrier.Http2, Carrier.Http1)]
[TestFixture(Carrier.Http2, Carrier.Http2)]
internal sealed class RetryScenarios(Carrier carrier, Carrier protocol) : IOverCarriers
{
    private const string Full = "retry: {attempts: 3, on: [reset, 503, timeout], idempotency_key: required, budget: 100%}";
    private const string Get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    private const string Put = "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    private const string Post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello";
    private const string PostWithKey = "POST / HTTP/1.1\r\nHost: test\r\nIdempotency-Key: 7\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly Answer Busy = Answer.With("""{"why":"busy"}""", 503);

    private readonly ConcurrentQueue<(int Endpoint, HttpMessage Request)> _asked = new();
    private readonly List<AnsweringEndpoint> _endpoints = [];

    public Carrier Carrier => carrier;

    [TearDown]
    public void TearDown()
    {
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
        _asked.Clear();
    }

    [TestCase(Get)]
    [TestCase(Put)]
    [TestCase(PostWithKey)]
    public async Task What_may_be_acted_on_twice_is_sent_again_whole_to_another_endpoint(string request)
    {
        await using var gateway = await StartAsync(Full, endpoints: 3, at => at switch { 1 => Answer.Reset, 2 => Busy, _ => Answer.With("good") });
        Assert.That(Ask(gateway, request).Text, Is.EqualTo("good"));
        Assert.That(_asked.Select(each => each.Endpoint), Is.Unique);
        Assert.That(_asked.Select(each => each.Request.Text), Is.All.EqualTo(request.Split("\r\n\r\n")[1]));
        gateway.Settle();
        var counted = gateway.Upstreams["up"].Metrics.Responses!;
        Assert.That((counted.RetriesOf(RetryReason.Reset), counted.RetriesOf(RetryReason.Status), counted.ResponsesOf(StatusClass.Of(200))), Is.EqualTo((1, 1, 1)));
    }

    [Test]
    public async Task Trap_11_a_post_is_acted_on_once_and_trap_14_its_error_is_the_endpoints([Values] bool resets)
    {
        await using var gateway = await StartAsync(Full, endpoints: 3, _ => resets ? Answer.Reset : Busy);
        var response = Ask(gateway, Post);
        Assert.That(_asked, Has.Count.EqualTo(1));
        if (resets)
        {
            LimitScenarios.IsProblem(response, 502, "reset");
        }
        else
        {
            Assert.That((response.Status, response.Text), Is.EqualTo((503, Busy.Body)));
        }

        gateway.Settle();
    }

    [Test]
    public async Task The_last_answer_of_an_endpoint_is_the_clients_where_no_other_has_a_better_one([Values(Get, Put)] string request, [Values("busy", "reset", "gone")] string others)
    {
        await using var gateway = await StartAsync(
            Full, endpoints: others == "gone" ? 1 : 2, at => at == 1 ? Answer.With("first", 503) : others == "busy" ? Answer.With("second", 503) : Answer.Reset,
            others == "gone" ? [Loopback.Refusing()] : []);
        var response = Ask(gateway, request);
        Assert.That((response.Status, response.Text), Is.EqualTo((503, others == "busy" ? "second" : "first")));
        Assert.That(Ask(gateway, request).Status, Is.AnyOf(502, 503));
        gateway.Settle();
    }

    [Test]
    public async Task Off_sends_nothing_again_and_by_default_only_what_reached_nobody_is([Values(Get, Post)] string request)
    {
        foreach (var (retry, status) in new[] { ("retry: off", 502), ("", 200) })
        {
            await using var gateway = await StartAsync(retry, endpoints: 1, _ => Answer.With("good"), Loopback.Refusing());
            Assert.That(new[] { Ask(gateway, request).Status, Ask(gateway, request).Status }.Min(), Is.EqualTo(200));
            Assert.That(new[] { Ask(gateway, request).Status, Ask(gateway, request).Status }.Max(), Is.EqualTo(status));
        }

        await using var plain = await StartAsync("", endpoints: 2, _ => Busy);
        var asked = _asked.Count;
        Assert.That((Ask(plain, request).Status, _asked.Count - asked), Is.EqualTo((503, 1)));
    }

    [TestCase(AnswerKind.CutBody)]
    [TestCase(AnswerKind.InterimAndReset)]
    public async Task Nothing_is_sent_again_once_the_client_has_seen_something(object kind)
    {
        await using var gateway = await StartAsync(Full, endpoints: 2, _ => new Answer((AnswerKind)kind));
        using (var client = gateway.Connect())
        {
            client.Send(Get);
            if ((AnswerKind)kind == AnswerKind.CutBody)
            {
                Assert.That(client.ReadHead().Status, Is.EqualTo(200));
                Assert.That(() => client.ReadBytes(2), Throws.InstanceOf<EndOfStreamException>().Or.InstanceOf<SocketException>());
            }
            else
            {
                Assert.That((client.ReadResponse().Status, client.ReadResponse().Status), Is.EqualTo((103, 502)));
            }
        }

        Assert.That(_asked, Has.Count.EqualTo(1));
        gateway.Settle();
    }

    [Test]
    public async Task An_attempt_has_its_own_time_and_all_of_them_the_routes()
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        BareGateway gateway = null!;
        await using var started = gateway = await StartAsync(
            "retry: {attempts: 3, on: timeout, per_try: 1s, budget: 100%}, timeout: 5s", endpoints: 3,
            at =>
            {
                if (at == 3)
                {
                    return Answer.With("good");
                }

                Advance(gateway, time, at < 3 ? 1050 : 6000);
                return Answer.Silence;
            },
            time: time);
        Assert.That(Ask(gateway, Get).Text, Is.EqualTo("good"));
        Assert.That(() => _endpoints.Sum(endpoint => endpoint.BrokenOff), Is.EqualTo(2).After(Loopback.TimeoutMs, 5), "they are told that nobody waits any more");
        Assert.That(gateway.Upstreams["up"].Metrics.Responses!.RetriesOf(RetryReason.Timeout), Is.EqualTo(2));
        LimitScenarios.IsProblem(Ask(gateway, Get), 504, "exchange_timeout");
        gateway.Settle();
    }

    [Test]
    public async Task Where_the_time_is_over_an_answer_in_hand_is_the_clients()
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        BareGateway gateway = null!;
        await using var started = gateway = await StartAsync(
            "retry: {on: 503, budget: 100%}, timeout: 5s", endpoints: 2,
            at =>
            {
                if (at == 2)
                {
                    Advance(gateway, time, 5100);
                }

                return at == 1 ? Busy : Answer.Silence;
            },
            time: time);
        var response = Ask(gateway, Get);
        Assert.That((response.Status, response.Text), Is.EqualTo((503, Busy.Body)));
        Assert.That(() => _endpoints.Sum(endpoint => endpoint.BrokenOff), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        gateway.Settle();
        Assert.That(gateway.Upstreams["up"].View.All.Sum(each => each.Endpoint.Load.Faults(FaultKind.ExchangeTimeout)), Is.EqualTo(1), "and whoever was silent has failed");
    }

    [Test]
    public async Task An_answer_that_is_replaced_was_one()
    {
        await using var gateway = await StartAsync("retry: {on: 500, budget: 100%}", endpoints: 2, at => at == 1 ? Answer.With("oops", 500) : Answer.With("good"));
        Assert.That(Ask(gateway, Get).Text, Is.EqualTo("good"));
        gateway.Settle();
        Assert.That(gateway.Upstreams["up"].View.All.Select(each => each.Endpoint.Load.Answered), Is.All.EqualTo(1));
    }

    [TestCase(16, true)]
    [TestCase(64, false)]
    public async Task Trap_12_an_upload_whose_endpoint_dies_is_replayed_whole_or_fails(int bufferKb, bool fails)
    {
        const int Bytes = 60_000;
        var pattern = Encoding.Latin1.GetString(Loopback.Pattern(Bytes));
        using var died = new ManualResetEventSlim();
        using var listener = Loopback.Listen();
        using var peer = protocol == Carrier.Http1 ? null : new Http2Endpoint(wire =>
        {
            var stream = wire.ReadRequest()!.Value.Stream;
            for (var read = 0; read < 20_000; read += wire.ReadOf(stream).Payload.Length)
            {
            }

            died.Set();
            throw new OperationCanceledException();
        });
        await using var gateway = await StartAsync($"retry: {{on: reset, buffer: {bufferKb}KiB}}", endpoints: 1, _ => Answer.With("good"), peer?.Address ?? listener.LocalEndPoint!);
        for (var turn = 0; !died.IsSet; turn++)
        {
            Assert.That(turn, Is.LessThan(3), "one of two is the one that dies");
            using var client = gateway.Connect();
            client.Send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (var sent = 0; sent < Bytes; sent += 10_000)
            {
                client.Send($"{10_000:x}\r\n{pattern.AsSpan(sent, 10_000)}\r\n");
                if (sent == 30_000 && listener.Poll(100_000, SelectMode.SelectRead))
                {
                    using var dying = listener.Accept();
                    dying.ReceiveExactly(20_000);
                    dying.Abort();
                    died.Set();
                }
            }

            client.Send("0\r\n\r\n");
            var response = client.ReadResponse();
            Assert.That(response.Status, Is.EqualTo(died.IsSet && fails ? 502 : 200));
        }

        Assert.That(_asked.All(each => each.Request.Text == pattern), Is.True, "never a short body");
        Assert.That(fails || !_asked.IsEmpty, Is.True);
        gateway.Settle();
    }

    [Test]
    public async Task Trap_13_the_budget_bounds_what_retries_add()
    {
        var time = new ManualTime();
        await using var gateway = await StartAsync("retry: {on: 503}", endpoints: 2, _ => Busy, time: time);
        using (var client = gateway.Connect())
        {
            for (var at = 0; at < 200; at++)
            {
                Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo(Busy.Body));
            }
        }

        Assert.That((_asked.Count, gateway.Upstreams["up"].Metrics.Retries.Refusals), Is.EqualTo((240, 160)));
        await gateway.ReloadAsync("{upstream: up, defaults: {retry: {on: 503, budget: 30%}}}", UpstreamText());
        Assert.That(gateway.Upstreams["up"].Metrics.Retries.Spent, Is.EqualTo(40), "it outlives reloads");
        gateway.Settle();
    }

    [Test]
    public async Task A_second_endpoint_is_asked_where_the_first_is_slow_and_the_first_answer_wins([Values(Get, Put, PostWithKey)] string request)
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        BareGateway gateway = null!;
        await using var started = gateway = await StartAsync(
            "retry: {hedge_after: 300ms, idempotency_key: required}", endpoints: 2,
            at =>
            {
                if (at == 1)
                {
                    Advance(gateway, time, 350);
                }

                return at == 1 ? Answer.Silence : Answer.With("second");
            },
            time: time);
        Assert.That(Ask(gateway, request).Text, Is.EqualTo("second"));
        Assert.That(_asked.Select(each => each.Endpoint), Is.Unique);
        Assert.That(_asked.Select(each => each.Request.Text), Is.All.EqualTo(request.Split("\r\n\r\n")[1]));
        Assert.That(() => _endpoints.Sum(endpoint => endpoint.BrokenOff), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
        gateway.Settle();
        var upstream = gateway.Upstreams["up"];
        Assert.That((upstream.Metrics.Responses!.RetriesOf(RetryReason.Hedge), upstream.Metrics.Responses.HedgesWon), Is.EqualTo((1, 1)));
        Assert.That(upstream.View.All.Sum(each => Enum.GetValues<FaultKind>().Sum(kind => each.Endpoint.Load.Faults(kind))), Is.Zero, "to be slower is no fault");
    }

    [TestCase("first")]
    [TestCase("neither")]
    [TestCase("client leaves")]
    public async Task A_race_ends_with_the_first_good_answer_or_with_both(string end)
    {
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        using var both = new CountdownEvent(2);
        BareGateway gateway = null!;
        await using var started = gateway = await StartAsync(
            "retry: {hedge_after: 300ms}", endpoints: 2,
            at =>
            {
                if (at == 1)
                {
                    Advance(gateway, time, 350);
                }

                both.Signal();
                both.Wait(Loopback.TimeoutMs);
                return end == "neither" ? Answer.Reset : at == 1 && end == "first" ? Answer.With("first") : Answer.Silence;
            },
            time: time);
        using (var client = gateway.Connect())
        {
            client.Send(Get);
            if (end == "client leaves")
            {
                Assert.That(both.Wait(Loopback.TimeoutMs), Is.True);
            }
            else
            {
                var response = client.ReadResponse();
                Assert.That((response.Status, end == "neither" || response.Text == "first"), Is.EqualTo((end == "neither" ? 502 : 200, true)));
            }
        }

        gateway.Settle();
        Assert.That(() => _endpoints.Sum(endpoint => endpoint.BrokenOff), Is.EqualTo(end switch { "first" => 1, "neither" => 0, _ => 2 }).After(Loopback.TimeoutMs, 5));
        Assert.That(gateway.Upstreams["up"].Metrics.Responses!.HedgesWon, Is.Zero);
    }

    [Test]
    public async Task A_thousand_random_schedules_keep_the_rules([Values(1)] int seed)
    {
        const int Schedules = 1000;
        const int Attempts = 3;
        var random = new Random(seed + (1000 * (int)carrier) + (100 * (int)protocol));
        var time = new ManualTime();
        time.Advance(TimeSpan.FromSeconds(1));
        var answers = new ConcurrentQueue<Answer>();
        BareGateway gateway = null!;
        await using var started = gateway = await StartAsync(
            $"retry: {{attempts: {Attempts}, on: [reset, 503, timeout], idempotency_key: required, per_try: 500ms, hedge_after: 300ms, budget: 100%}}", endpoints: 4,
            _ =>
            {
                Assert.That(answers.TryDequeue(out var next), Is.True, "asked more often than it may be");
                if (next.Kind == AnswerKind.Silence)
                {
                    // Past the hedge, and past its own time.
                    Advance(gateway, time, 350);
                    Advance(gateway, time, 200);
                }

                return next;
            },
            time: time);
        using (var client = gateway.Connect())
        {
            for (var at = 0; at < 300; at++)
            {
                // A budget for what follows.
                answers.Enqueue(Answer.With("good"));
                client.Get("/").ReadResponse();
            }

            for (var at = 0; at < Schedules; at++)
            {
                answers.Clear();
                _asked.Clear();
                var script = Enumerable.Range(0, Attempts).Select(turn => random.Next(20) switch
                {
                    < 9 => Answer.With($"good {at} {turn} {new string('g', random.Next(5_000))}"),
                    < 13 => Answer.With($"busy {at} {turn} {new string('b', random.Next(20_000))}", 503),
                    < 19 => Answer.Reset,
                    _ => Answer.Silence,
                }).ToArray();
                Array.ForEach(script, answers.Enqueue);
                var (method, hasKey) = (new[] { "GET", "PUT", "POST" }[random.Next(3)], random.Next(2) == 0);
                var body = method == "GET" ? "" : new string('u', 1 + random.Next(20_000));
                client.Send($"{method} /{at} HTTP/1.1\r\nHost: test\r\n{(hasKey ? "Idempotency-Key: 1\r\n" : "")}{(body.Length > 0 ? $"Content-Length: {body.Length}\r\n" : "")}\r\n{body}");
                var response = client.ReadResponse();
                var said = $"schedule {at}: {method}, key {hasKey}, {string.Join(", ", script.Select(each => $"{each.Kind} {each.Status}"))}: {_asked.Count} asked";
                var asked = _asked.ToArray();
                Assert.That(asked.Select(each => each.Endpoint), Is.Unique, said);
                Assert.That(asked.All(each => each.Request.Text == body && each.Request.FirstLine == $"{method} /{at}"), Is.True, said);
                var heard = script[..asked.Length];
                if (method == "POST" && !hasKey)
                {
                    Assert.That(asked, Has.Length.EqualTo(1), said);
                }
                else if (heard.All(each => each is not { Kind: AnswerKind.Response, Status: 200 }))
                {
                    Assert.That(asked, Has.Length.EqualTo(Attempts), said);
                }

                // A good answer, else the last one of an endpoint, else lb's own.
                var answered = heard.Where(each => each.Kind == AnswerKind.Response).OrderBy(each => each.Status == 200).Select(each => each.Body).LastOrDefault();
                Assert.That(answered is null ? response.Status is 502 or 504 : response.Text == answered, Is.True, $"{said}: {response.Status} {response.Text[..Math.Min(20, response.Text.Length)]}");
            }
        }

        gateway.Settle();
        Assert.That(gateway.Upstreams["up"].Metrics.Retries.Refusals, Is.Zero);
    }

    private static HttpMessage Ask(BareGateway gateway, string request)
    {
        using var client = gateway.Connect();
        return client.Send(request).ReadResponse();
    }

    private static void Advance(BareGateway gateway, ManualTime time, int milliseconds)
    {
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        foreach (var loop in gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }

    private string UpstreamText(params System.Net.EndPoint[] others) =>
        $"{{up: {{endpoints: [{string.Join(", ", _endpoints.Select(endpoint => endpoint.Address).Concat(others).Select(address => $"\"{address}\""))}], " +
        $"protocol: {(protocol == Carrier.Http1 ? "http1" : "http2")}, health: {{passive: off}}}}}}";

    private Task<BareGateway> StartAsync(string retry, int endpoints, Func<int, Answer> answer, params System.Net.EndPoint[] others) => StartAsync(retry, endpoints, answer, null, others);

    private Task<BareGateway> StartAsync(string retry, int endpoints, Func<int, Answer> answer, ManualTime? time, params System.Net.EndPoint[] others)
    {
        var count = 0;
        for (var at = 0; at < endpoints; at++)
        {
            var self = at;
            _endpoints.Add(new AnsweringEndpoint(protocol, request =>
            {
                var number = Interlocked.Increment(ref count);
                _asked.Enqueue((self, request));
                return answer(number);
            }));
        }

        return BareGateway.StartAsync($"{{upstream: up, defaults: {{{retry}}}}}", UpstreamText(others), loops: 1, time: time);
    }
}
