using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A second endpoint beside a slow one, where the order of what the two do matters: the first and the second are by the number of the request.</summary>
internal sealed class HedgeScenarios
{
    private readonly List<HttpEndpoint> _endpoints = [];
    private ManualTime _time = null!;
    private BareGateway _gateway = null!;
    private int _asked;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _time.Advance(TimeSpan.FromSeconds(1));
        _asked = 0;
    }

    [TearDown]
    public void TearDown()
    {
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
    }

    [Test]
    public async Task One_that_is_frozen_is_ejected_though_hedges_hide_it_from_clients()
    {
        _endpoints.Add(new HttpEndpoint((wire, _) =>
        {
            Advance(350);
            Freeze(wire);
        }));
        _endpoints.Add(new HttpEndpoint("good"));
        await using var gateway = await StartAsync("{hedge_after: 300ms, budget: 100%}", ", health: {passive: {consecutive: 3}}");
        var frozen = gateway.Upstreams["up"].View.All[0].Endpoint;
        using (var client = gateway.Connect())
        {
            for (var request = 0; request < 20 && !frozen.Health.IsEjected; request++)
            {
                Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("good"));
            }

            Assert.That(() => frozen.Health.IsEjected, Is.True.After(Loopback.TimeoutMs, 5));
            Assert.That(client.Get("/").ReadResponse().Text, Is.EqualTo("good"));
        }

        gateway.Settle();
        Assert.That(Enum.GetValues<FaultKind>().Sum(kind => frozen.Load.Faults(kind)), Is.Zero, "to be slower is no fault");
    }

    [Test]
    public async Task Neither_of_two_that_have_failed_is_asked_again([Values("reset", "503")] string how)
    {
        using var failed = new ManualResetEventSlim();
        Add(2, (number, wire) =>
        {
            if (number == 1)
            {
                Advance(350);
                Freeze(wire);
            }

            if (how == "503")
            {
                wire.Respond("busy", status: "503 Busy");
                failed.Set();
                return;
            }

            wire.Socket.Abort();
            failed.Set();
            throw new OperationCanceledException();
        });
        await using var gateway = await StartAsync("{attempts: 3, on: [reset, 503, timeout], per_try: 500ms, hedge_after: 300ms, budget: 100%}", ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(failed.Wait(Loopback.TimeoutMs), Is.True);
            await SeenAsync();
            Advance(200);
            Assert.That(client.ReadResponse().Status, Is.EqualTo(how == "503" ? 503 : 504));
        }

        gateway.Settle();
        Assert.That(_asked, Is.EqualTo(2));
    }

    [Test]
    public async Task Once_the_second_has_said_something_the_answer_of_the_first_is_none_any_more()
    {
        using var second = new ManualResetEventSlim();
        using var first = new ManualResetEventSlim();
        Add(2, (number, wire) =>
        {
            if (number == 1)
            {
                Advance(350);
                second.Wait(Loopback.TimeoutMs);
                wire.Respond("busy", status: "503 Busy");
                first.Set();
                return;
            }

            second.Set();
            first.Wait(Loopback.TimeoutMs);
            SeenAsync().Wait(Loopback.TimeoutMs);
            wire.Send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            throw new OperationCanceledException();
        });
        await using var gateway = await StartAsync("{on: [503, reset], hedge_after: 300ms, budget: 100%}", ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(client.ReadResponse().Status, Is.EqualTo(103));
            Assert.That(client.ReadResponse().Status, Is.EqualTo(502));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Where_the_time_is_over_the_answer_of_either_is_the_clients()
    {
        using var answered = new ManualResetEventSlim();
        Add(2, (number, wire) =>
        {
            if (number == 1)
            {
                Advance(350);
                Freeze(wire);
            }

            wire.Respond("busy", status: "503 Busy");
            answered.Set();
        });
        await using var gateway = await StartAsync("{on: [503], hedge_after: 300ms, budget: 100%}, timeout: 5s", ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Get("/");
            Assert.That(answered.Wait(Loopback.TimeoutMs), Is.True);
            await SeenAsync();
            Advance(5000);
            Assert.That(client.ReadResponse().Text, Is.EqualTo("busy"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task One_that_the_budget_refuses_is_none_of_the_tries()
    {
        using var silent = new FullBacklog();
        _endpoints.Add(new HttpEndpoint("good"));
        await using var gateway = await StartAsync("{attempts: 2, hedge_after: 300ms, budget: 0%}", ", timeouts: {connect: 500ms}, health: {passive: off}", $"\"{silent.Address}\"");
        var upstream = gateway.Upstreams["up"];
        using (var client = gateway.Connect())
        {
            for (var isSilent = false; !isSilent;)
            {
                client.Get("/");
                Assert.That(SpinWait.SpinUntil(() => (isSilent = upstream.View.All[1].Endpoint.Load.Active == 1) || client.Socket.Poll(0, SelectMode.SelectRead), Loopback.TimeoutMs), Is.True);
                if (!isSilent)
                {
                    client.ReadResponse();
                }
            }

            await SeenAsync();
            Advance(350);
            Assert.That(() => upstream.Metrics.Retries.Refusals, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            Advance(200);
            Assert.That(client.ReadResponse().Text, Is.EqualTo("good"));
        }

        gateway.Settle();
    }

    [Test]
    public async Task Its_time_begins_when_the_first_has_the_whole_request()
    {
        Add(2, (number, wire) =>
        {
            if (number == 1)
            {
                Advance(350);
                Freeze(wire);
            }

            wire.Respond("second");
        });
        await using var gateway = await StartAsync("{hedge_after: 300ms, budget: 100%}", ", health: {passive: off}");
        using (var client = gateway.Connect())
        {
            client.Send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello");
            Assert.That(() => _endpoints.Sum(endpoint => endpoint.Connections), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            await SeenAsync();
            Advance(350);
            await SeenAsync();
            Assert.That(client.Send("world").ReadResponse().Text, Is.EqualTo("second"));
        }

        gateway.Settle();
        Assert.That(_endpoints.SelectMany(endpoint => endpoint.Requests).Select(request => request.Text), Is.EqualTo(new[] { "helloworld", "helloworld" }));
    }

    // The other side ends it.
    private static void Freeze(HttpWire wire)
    {
        wire.IsCutOff();
        throw new OperationCanceledException();
    }

    private void Add(int count, Action<int, HttpWire> answer)
    {
        for (var at = 0; at < count; at++)
        {
            _endpoints.Add(new HttpEndpoint((wire, _) => answer(Interlocked.Increment(ref _asked), wire)));
        }
    }

    private void Advance(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        foreach (var loop in _gateway.Loops.Loops)
        {
            loop.Wake();
        }
    }

    // What was sent to it before is read by then: a loop looks at its sockets between two turns of what is posted to it.
    private async Task SeenAsync()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            await _gateway.LookAsync();
        }
    }

    private async Task<BareGateway> StartAsync(string retry, string keys, params string[] others) => _gateway = await BareGateway.StartAsync(
        $"{{upstream: up, defaults: {{retry: {retry}}}}}",
        $"{{up: {{endpoints: [{string.Join(", ", _endpoints.Select(endpoint => $"\"{endpoint.Address}\"").Concat(others))}]{keys}}}}}",
        loops: 1,
        time: _time);
}
