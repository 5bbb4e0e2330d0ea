using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>
/// A gateway whose callers are known by bearer tokens, each of which is the name of who has it, and whose endpoint agrees to WebSockets too.
/// </summary>
internal sealed class CallerGateway : IAsyncDisposable
{
    /// <summary>The fields of a client that wants a WebSocket.</summary>
    public const string WebSocket = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private readonly TemporaryFolder _folder;
    private readonly LoopbackService _issuer;

    private CallerGateway(TemporaryFolder folder, LoopbackService issuer, HttpEndpoint endpoint, HttpGateway gateway) =>
        (_folder, _issuer, Endpoint, Gateway) = (folder, issuer, endpoint, gateway);

    /// <summary>The endpoint, which is the upstream <c>up</c>.</summary>
    public HttpEndpoint Endpoint { get; }

    /// <summary>The daemon.</summary>
    public HttpGateway Gateway { get; }

    /// <summary>The last request that the endpoint got.</summary>
    public HttpMessage Forwarded => Endpoint.Requests[^1];

    /// <summary>A gateway that is ready; its provider is called <c>web</c>, and forwards <c>sub</c> and <c>tenant</c>.</summary>
    /// <param name="routes">Its routes.</param>
    /// <param name="more">Further keys of the file, each on a line.</param>
    /// <param name="upstreams">Further upstreams, each with a comma in front.</param>
    /// <param name="keys">Further keys of the upstream <c>up</c>, each with a comma in front.</param>
    /// <param name="log">What stands behind <c>log:</c>.</param>
    public static async Task<CallerGateway> StartAsync(string routes, string more = "", string upstreams = "", string keys = "", string log = "{level: error, access: off}")
    {
        var (folder, issuer, endpoint) = (new TemporaryFolder(), new LoopbackService(Tell), Agreeing());
        File.WriteAllText(folder["secret"], "0123456789abcdef");
        var text = HttpGateway.Text($"{{routes: [{routes}]}}", $"{{{HttpGateway.Upstream("up", keys, endpoint)}{upstreams}}}") + Auth(issuer, folder["secret"]) + more;
        try
        {
            return new(folder, issuer, endpoint, await HttpGateway.OnAsync(DaemonHarness.StartAsync(text, log: log)));
        }
        catch
        {
            endpoint.Dispose();
            await issuer.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The key <c>auth</c> of a file, with a provider called <c>web</c>.</summary>
    /// <param name="issuer">Who is asked about tokens.</param>
    /// <param name="secret">A file with a password.</param>
    public static string Auth(LoopbackService issuer, string secret) =>
        $"auth: {{web: {{introspection: {{url: \"{issuer.Address}/\", client_id: lb, client_secret: \"${{file:{secret}}}\", plan_claim: tier, forward: {{sub: X-User-Id, tenant: Tenant}}}}}}}}\n";

    /// <summary>What tokens say: alice may all, bob may little, and nobody else is known.</summary>
    public static byte[] Tell(ServiceRequest request) => LoopbackService.Answer(200, request.Parameters["token"] switch
    {
        "alice" => """{"active": true, "sub": "alice", "scope": "read write", "roles": ["rider", "ops"], "tenant": "acme", "tier": "pro"}""",
        "bob" => """{"active": true, "sub": "bob", "scope": "read", "roles": ["guest"]}""",
        _ => """{"active": false}""",
    });

    /// <summary>An endpoint that agrees to WebSockets, and answers everything else with <c>ok</c>.</summary>
    public static HttpEndpoint Agreeing() => new((wire, request) =>
    {
        if (request["Upgrade"] is not null)
        {
            wire.Send(WebSocketAnswer.To(request));
            _ = wire.HasEnded();
            throw new OperationCanceledException();
        }

        wire.Send(request.FirstLine.StartsWith("HEAD ", StringComparison.Ordinal) ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });

    /// <summary>The fields of a caller with a token; none for an empty one.</summary>
    public static string Bearer(string token) => token.Length == 0 ? "" : $"Authorization: Bearer {token}\r\n";

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        Endpoint.Dispose();
        await _issuer.DisposeAsync();
        _folder.Dispose();
    }
}
