using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Identity;

/// <summary>A daemon whose routes want to know who calls, in front of an endpoint that answers with what it was told of the caller.</summary>
internal sealed class AuthGateway : IAsyncDisposable
{
    /// <summary>What stands behind <c>client_secret</c>.</summary>
    public const string Secret = "a secret: of 16+ & more";

    private readonly TemporaryFolder _folder;

    private AuthGateway(TemporaryFolder folder, HttpEndpoint endpoint, HttpGateway gateway) => (_folder, Endpoint, Gateway) = (folder, endpoint, gateway);

    /// <summary>The endpoint.</summary>
    public HttpEndpoint Endpoint { get; }

    /// <summary>The daemon.</summary>
    public HttpGateway Gateway { get; }

    /// <summary>A daemon that is ready.</summary>
    /// <param name="auth">What stands behind <c>auth: {NAME:</c>, by name; <c>SECRET</c> stands for a reference to <see cref="Secret"/>.</param>
    /// <param name="routes">The routes, each leading to the upstream <c>up</c> where it says nothing else.</param>
    /// <param name="listener">Further keys of the listener, each with a comma in front.</param>
    /// <param name="http">Further keys of <c>http</c>, each with a comma in front.</param>
    public static async Task<AuthGateway> StartAsync(string auth, string routes, string listener = "", string http = "")
    {
        var folder = new TemporaryFolder();
        var endpoint = new HttpEndpoint("ok");
        try
        {
            var gateway = await HttpGateway.StartAsync($"{{routes: [{routes}]{http}}}", Upstreams(folder, endpoint, auth), listener);
            return new AuthGateway(folder, endpoint, gateway);
        }
        catch
        {
            endpoint.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>The last request that the endpoint got.</summary>
    public HttpMessage Forwarded => Endpoint.Requests[^1];

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        Endpoint.Dispose();
        _folder.Dispose();
    }

    private static string Upstreams(TemporaryFolder folder, HttpEndpoint endpoint, string auth)
    {
        File.WriteAllText(folder["secret"], Secret.Replace(' ', '_'));
        return $"{{{HttpGateway.Upstream("up", "", endpoint)}}}\nauth: {auth.Replace("SECRET", $"\"${{file:{folder["secret"]}}}\"")}";
    }
}
