using LoadBalancer.Endpoints;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Circuit breakers, ejections and balancing by what endpoints do, whichever protocol they speak.</summary>
/// <param name="protocol">Of the endpoints.</param>
[TestFixture(Carrier.Http1)]
[TestFixture(Carrier.Http2)]
internal sealed class ResilienceScenarios(Carrier protocol)
{
    private readonly List<AnsweringEndpoint> _endpoints = [];
    private ManualTime _time = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    [TearDown]
    public void TearDown()
    {
        _endpoints.ForEach(endpoint => endpoint.Dispose());
        _endpoints.Clear();
    }

    [Test]
    public async Task An_upstream_that_fails_is_left_alone_and_tried_again([Values("503", "reset")] string how)
    {
        var (isDown, asked) = (true, 0);
        Add(_ =>
        {
            Interlocked.Increment(ref asked);
            return !Volatile.Read(ref isDown) ? Answer.With("good") : how == "503" ? Answer.With("busy", 503) : Answer.Reset;
        });
        await using var gateway = await StartAsync(", circuit_breaker: {minimum: 4, open_for: 1h, probes: 2}, health: {passive: off}");
        var circuit = gateway.Upstreams["up"].Circuit!;
        for (var request = 0; request < 4; request++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(how == "503" ? 503 : 502));
        }

        LimitScenarios.IsProblem(gateway.Get("/"), 503, "circuit_open");
        Assert.That((Volatile.Read(ref asked), circuit.State), Is.EqualTo((4, CircuitState.Open)));
        _time.Advance(TimeSpan.FromHours(1));
        Volatile.Write(ref isDown, false);
        Assert.That(Enumerable.Range(0, 2).Select(_ => gateway.Get("/").Text), Is.All.EqualTo("good"));
        Assert.That((circuit.State, circuit.Openings), Is.EqualTo((CircuitState.Closed, 1)));
        gateway.Settle();
    }

    [Test]
    public async Task One_that_fails_again_and_again_is_ejected_and_comes_back([Values("503", "reset")] string how)
    {
        var isDown = true;
        Add(_ => !Volatile.Read(ref isDown) ? Answer.With("back") : how == "503" ? Answer.With("busy", 503) : Answer.Reset);
        Add(_ => Answer.With("good"));
        await using var gateway = await StartAsync(", health: {passive: {consecutive: 3, failures: 1000, eject_for: 1h}}");
        var bad = gateway.Upstreams["up"].View.All[0].Endpoint;
        for (var request = 0; request < 6; request++)
        {
            gateway.Get("/");
        }

        Assert.That(() => bad.Health.IsEjected, Is.True.After(Loopback.TimeoutMs, 5));
        await gateway.Upstreams["up"].SettleAsync();
        Assert.That(Enumerable.Range(0, 6).Select(_ => gateway.Get("/").Text).ToList(), Is.All.EqualTo("good"));
        Volatile.Write(ref isDown, false);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.That(() => bad.Health.IsEjected, Is.False.After(Loopback.TimeoutMs, 5));
        await gateway.Upstreams["up"].SettleAsync();
        Assert.That(Enumerable.Range(0, 6).Select(_ => gateway.Get("/").Text).ToList(), Does.Contain("back"));
        gateway.Settle();
    }

    [Test]
    public async Task Who_waited_for_room_while_the_circuit_opened_reaches_nobody()
    {
        using var waits = new ManualResetEventSlim();
        var asked = 0;
        Add(_ =>
        {
            Interlocked.Increment(ref asked);
            waits.Wait(Loopback.TimeoutMs);
            return Answer.With("busy", 503);
        });
        await using var gateway = await StartAsync(", max_requests: 1, circuit_breaker: {minimum: 1, failure_ratio: 1%}, health: {passive: off}");
        using (var first = gateway.Connect())
        using (var second = gateway.Connect())
        {
            first.Get("/");
            Assert.That(() => Volatile.Read(ref asked), Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            second.Get("/");
            Assert.That(() => gateway.Upstreams["up"].Pending.Count, Is.EqualTo(1).After(Loopback.TimeoutMs, 5));
            waits.Set();
            Assert.That(first.ReadResponse().Text, Is.EqualTo("busy"));
            LimitScenarios.IsProblem(second.ReadResponse(), 503, "circuit_open");
        }

        gateway.Settle();
        Assert.That(asked, Is.EqualTo(1));
    }

    [Test]
    public async Task Peak_ewma_goes_by_the_first_bytes()
    {
        var slow = 0;
        Add(_ =>
        {
            Interlocked.Increment(ref slow);
            _time.Advance(TimeSpan.FromMilliseconds(200));
            return Answer.With("slow");
        });
        Add(_ => Answer.With("fast"));
        await using var gateway = await StartAsync(", balance: peak_ewma");
        for (var request = 0; request < 20; request++)
        {
            Assert.That(gateway.Get("/").Status, Is.EqualTo(200));
        }

        Assert.That(slow, Is.AtMost(2));
        gateway.Settle();
    }

    private void Add(Func<HttpMessage, Answer> answer) => _endpoints.Add(new AnsweringEndpoint(protocol, answer));

    private Task<BareGateway> StartAsync(string keys) => BareGateway.StartAsync(
        "{upstream: up, defaults: {retry: off}}",
        $"{{up: {{endpoints: [{string.Join(", ", _endpoints.Select(endpoint => $"\"{endpoint.Address}\""))}], protocol: {(protocol == Carrier.Http1 ? "http1" : "http2")}{keys}}}}}",
        loops: 1,
        time: _time);
}
