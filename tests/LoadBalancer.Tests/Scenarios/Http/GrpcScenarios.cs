using System.Text;
using System.Text.Json;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>gRPC through lb: .NET's client on one side, Kestrel on the other, messages framed by hand.</summary>
internal sealed class GrpcScenarios
{
    private GrpcEndpoint _endpoint = null!;

    [SetUp]
    public async Task Start() => _endpoint = await GrpcEndpoint.StartAsync();

    [TearDown]
    public async Task End() => await _endpoint.DisposeAsync();

    [Test]
    public async Task A_call_of_each_kind_comes_through([Values("grpc", "http2")] string protocol)
    {
        await using var gateway = await GatewayAsync(protocol: protocol);
        using var client = new GrpcCaller(gateway.Address);
        Assert.That(await client.CallAsync("/test.Echo/Unary", "hello"), Is.EqualTo((new[] { "hello" }, "0")));
        Assert.That(await client.CallAsync("/test.Echo/Server", "3"), Is.EqualTo((new[] { "message 0", "message 1", "message 2" }, "0")));
        Assert.That(await client.CallAsync("/test.Echo/Client", "a", "b", "c"), Is.EqualTo((new[] { "3" }, "0")));
        Assert.That(await client.CallAsync("/test.Echo/Bidi", "a", "b"), Is.EqualTo((new[] { "a", "b" }, "0")));
        Assert.That(await client.CallAsync("/test.Echo/Fail", "x"), Is.EqualTo((Array.Empty<string>(), "5")));
        Assert.That(_endpoint.Asked.Select(asked => asked.TE.ToString()), Is.All.EqualTo("trailers"));
        Assert.That(_endpoint.Asked.Select(asked => asked.Via.ToString()), Is.All.EqualTo("2.0 lb"));
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task Messages_come_as_they_are_said_in_both_directions()
    {
        await using var gateway = await GatewayAsync();
        using var client = new GrpcCaller(gateway.Address);
        using var content = new DuplexContent();
        using var response = await client.SendAsync("/test.Echo/Bidi", content);
        await using var body = await response.Content.ReadAsStreamAsync();
        for (var at = 0; at < 20; at++)
        {
            // Each is answered before the next is said.
            await content.SendAsync(GrpcEndpoint.Frame(Encoding.ASCII.GetBytes($"message {at}")));
            Assert.That(Encoding.ASCII.GetString((await GrpcEndpoint.ReadAsync(body))!), Is.EqualTo($"message {at}"));
        }

        content.End();
        Assert.That(await GrpcEndpoint.ReadAsync(body), Is.Null);
        Assert.That(GrpcCaller.Field(response.TrailingHeaders, "grpc-message"), Is.EqualTo("all said"));
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task A_large_message_comes_through_both_ways()
    {
        await using var gateway = await GatewayAsync();
        using var client = new GrpcCaller(gateway.Address);
        var text = new string('x', 3_000_000);
        var (messages, status) = await client.CallAsync("/test.Echo/Unary", text);
        Assert.That((messages.Single() == text, status), Is.EqualTo((true, "0")));
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task A_call_that_the_client_cancels_is_cancelled_at_the_endpoint()
    {
        await using var gateway = await GatewayAsync();
        using var client = new GrpcCaller(gateway.Address);
        using var cancellation = new CancellationTokenSource();
        using var content = new DuplexContent();
        var call = client.SendAsync("/test.Echo/Hang", content, cancellation: cancellation.Token);
        await _endpoint.Hanging.Task;
        await cancellation.CancelAsync();
        Assert.That(async () => await call, Throws.InstanceOf<OperationCanceledException>());
        await _endpoint.Cancelled.Task.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs));
        content.End();
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task A_call_that_takes_longer_than_the_route_allows_is_DEADLINE_EXCEEDED_and_cancelled()
    {
        await using var gateway = await GatewayAsync("{routes: [{path: \"/*\", upstream: up, timeout: 2s}]}");
        using var client = new GrpcCaller(gateway.Address);
        Assert.That((await client.FailAsync("/test.Echo/Hang")).Status, Is.EqualTo("4"));
        await _endpoint.Cancelled.Task.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs));
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task What_the_caller_waits_for_at_most_ends_the_call_as_well([Values("", ", timeout: 1h")] string route)
    {
        await using var gateway = await GatewayAsync($"{{routes: [{{path: \"/*\", upstream: up{route}}}]}}");
        using var client = new GrpcCaller(gateway.Address);
        Assert.That(await client.FailAsync("/test.Echo/Hang", timeout: "300m"), Is.EqualTo(("4", "exchange_timeout")));
        await _endpoint.Cancelled.Task.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs));
        client.Dispose();
        gateway.Settle();
    }

    [Test]
    public async Task Silence_within_a_call_is_bounded_by_stream_idle()
    {
        await using var gateway = await GatewayAsync(keys: ", timeouts: {between_bytes: 50ms, stream_idle: 60s}");
        using var client = new GrpcCaller(gateway.Address);
        using var content = new DuplexContent();
        using var response = await client.SendAsync("/test.Echo/Bidi", content);
        await using var body = await response.Content.ReadAsStreamAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(400), TimeProvider.System);
        await content.SendAsync(GrpcEndpoint.Frame("late"u8));
        Assert.That(Encoding.ASCII.GetString((await GrpcEndpoint.ReadAsync(body))!), Is.EqualTo("late"));
        content.End();
        Assert.That(await GrpcEndpoint.ReadAsync(body), Is.Null);
    }

    [Test]
    public async Task What_fails_at_lb_is_a_status_of_gRPC()
    {
        await using (var gateway = await GatewayAsync("{routes: [{path: \"/test.Echo/*\", upstream: up}, {path: \"/down/*\", upstream: down}, {path: \"/closed/*\", upstream: up, allow_ips: \"10.0.0.1\"}]}"))
        {
            using var caller = new GrpcCaller(gateway.Address);
            Assert.That(await caller.FailAsync("/other.Service/Method"), Is.EqualTo(("12", "no_route")));
            Assert.That(await caller.FailAsync("/down/Method"), Is.EqualTo(("14", "connect_refused")));
            Assert.That(await caller.FailAsync("/closed/Method"), Is.EqualTo(("7", "address_denied")));
            using var client = gateway.Connect2();
            var frame = client.ReadOf(client.Get("/other", ("content-type", "application/grpc+proto")));
            Assert.That(frame.EndsStream, Is.True, "one frame of fields and nothing else");
            Assert.That(client.Fields(frame), Does.Contain(":status: 200").And.Contain("content-type: application/grpc").And.Contain("grpc-status: 12"));
        }
    }

    [Test]
    public async Task The_log_and_the_counts_have_what_each_call_ended_with()
    {
        await using var gateway = await BareGateway.StartAsync(
            "{routes: [{name: calls, path: \"/test.Echo/*\", upstream: up}]}", $"{{up: {{endpoints: \"{_endpoint.Address}\", protocol: grpc}}}}", loops: 1, access: LogDestination.File);
        using (var caller = new GrpcCaller(gateway.Address))
        {
            await caller.CallAsync("/test.Echo/Unary", "hello");
            await caller.FailAsync("/other.Service/Method");
        }

        Assert.That(gateway.Get("/none").Status, Is.EqualTo(404));
        gateway.Settle();
        List<int?> said = [];
        Assert.That(() => said = [.. Lines().Select(line => line.GetProperty("grpc_status")).Select(status => status.ValueKind == JsonValueKind.Null ? (int?)null : status.GetInt32())],
            Is.EqualTo(new int?[] { 0, 12, null }).After(Loopback.TimeoutMs, 20));

        JsonElement[] Lines()
        {
            using var file = new StreamReader(new FileStream(gateway.AccessPath, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite));
            return [.. file.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        }
    }

    [Test]
    public async Task Whoever_speaks_no_gRPC_is_told_by_HTTP([Values("text/plain", "application/grpc-web", "application/grpc-web-text+proto", "application/grpcx")] string type)
    {
        await using var gateway = await GatewayAsync("{routes: [{path: \"/test.Echo/*\", upstream: up}]}");
        LimitScenarios.IsProblem(gateway.Get("/other", $"Content-Type: {type}\r\n"), 404, "no_route");
    }

    [Test]
    public async Task GRPC_Web_passes_as_it_is([Values] bool http2)
    {
        await using var gateway = await GatewayAsync();
        var message = Encoding.Latin1.GetString(GrpcEndpoint.Frame("hello"u8));
        HttpMessage response;
        if (http2)
        {
            using var client = gateway.Connect2();
            var stream = client.Post("/test.Echo/Unary", ("content-type", "application/grpc-web+proto"));
            client.Data(stream, message, ends: true);
            response = client.ReadResponse(stream);
        }
        else
        {
            using var client = gateway.Connect();
            response = client.Send($"POST /test.Echo/Unary HTTP/1.1\r\nHost: test\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: {message.Length}\r\n\r\n{message}").ReadResponse();
        }

        Assert.That((response.Status, response["content-type"]), Is.EqualTo((200, "application/grpc-web+proto")));
        Assert.That(response.Text, Is.EqualTo(message + "\u0080\0\0\0\u000fgrpc-status: 0\r"));
        gateway.Settle();
    }

    [Test]
    public async Task A_client_of_HTTP1_hears_the_status_where_it_takes_trailers()
    {
        await using var gateway = await GatewayAsync();
        using var client = gateway.Connect();
        var message = Encoding.Latin1.GetString(GrpcEndpoint.Frame("hello"u8));
        var response = client.Send($"POST /test.Echo/Unary HTTP/1.1\r\nHost: test\r\nTE: trailers\r\nContent-Type: application/grpc\r\nContent-Length: {message.Length}\r\n\r\n{message}").ReadResponse();
        Assert.That((response.Text, response.Trailers.Single()), Is.EqualTo((message, "grpc-status: 0")));
    }

    private Task<BareGateway> GatewayAsync(string http = "{upstream: up}", string keys = "", string protocol = "grpc") => BareGateway.StartAsync(
        http, $"{{up: {{endpoints: \"{_endpoint.Address}\", protocol: {protocol}, health: {{passive: off}}{keys}}}, down: {{endpoints: \"{Loopback.Refusing()}\", protocol: grpc}}}}");
}
