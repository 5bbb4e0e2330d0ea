using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A daemon with one HTTP listener called web, from what a test says of it.</summary>
internal sealed class HttpGateway : IAsyncDisposable
{
    private HttpGateway(DaemonHarness daemon, EndPoint address) => (Daemon, Address) = (daemon, address);

    /// <summary>The daemon.</summary>
    public DaemonHarness Daemon { get; }

    /// <summary>Where it accepts.</summary>
    public EndPoint Address { get; }

    /// <summary>The text of a configuration with one listener.</summary>
    /// <param name="http">What stands behind <c>http:</c>, in one line.</param>
    /// <param name="upstreams">What stands behind <c>upstreams:</c>, in one line.</param>
    /// <param name="listener">Further keys of the listener, each with a comma in front.</param>
    public static string Text(string http, string upstreams, string listener = "") =>
        $"listeners: {{web: {{bind: \"127.0.0.1:0\", http: {http}{listener}}}}}\nupstreams: {upstreams}\n";

    /// <summary>An upstream of these endpoints.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="keys">Further keys, each with a comma in front.</param>
    /// <param name="endpoints">Its endpoints.</param>
    public static string Upstream(string name, string keys = "", params HttpEndpoint[] endpoints) =>
        $"{name}: {{endpoints: [{string.Join(", ", endpoints.Select(endpoint => $"\"{endpoint.Address}\""))}]{keys}}}";

    /// <summary>A daemon that is ready.</summary>
    public static Task<HttpGateway> StartAsync(string http, string upstreams, string listener = "") =>
        OnAsync(DaemonHarness.StartAsync(Text(http, upstreams, listener)));

    /// <summary>The gateway of a daemon that a test starts otherwise.</summary>
    public static async Task<HttpGateway> OnAsync(Task<DaemonHarness> starting)
    {
        var daemon = await starting;
        return new HttpGateway(daemon, await daemon.AddressOfAsync("web"));
    }

    /// <summary>A daemon that runs a whole file of its own.</summary>
    /// <param name="listener">The name of its HTTP listener.</param>
    /// <param name="yaml">The file.</param>
    /// <param name="tls">How clients of that listener speak TLS; null where they do not.</param>
    public static async Task<HttpGateway> OfFileAsync(string listener, string yaml, SslClientAuthenticationOptions? tls = null)
    {
        var daemon = await DaemonHarness.StartAsync(yaml);
        return new HttpGateway(daemon, await daemon.AddressOfAsync(listener)) { Tls = tls };
    }

    /// <summary>A daemon that leads everything to one endpoint.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="keys">Further keys of the upstream, each with a comma in front.</param>
    /// <param name="http">Further keys of <c>http</c>, each with a comma in front.</param>
    public static Task<HttpGateway> ToAsync(HttpEndpoint endpoint, string keys = "", string http = "") =>
        StartAsync($"{{upstream: up{http}}}", $"{{{Upstream("up", keys, endpoint)}}}");

    /// <summary>How its clients speak TLS; null where they do not.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>A connection of a client, which speaks what the fixture is about: see <see cref="IOverCarriers"/>. Inside TLS that is HTTP/1.1.</summary>
    public HttpWire Connect()
    {
        var socket = Loopback.Connect(Address);
        if (Tls is null)
        {
            return IOverCarriers.Connect(socket);
        }

        var stream = new SslStream(new NetworkStream(socket));
        stream.AuthenticateAsClient(Tls);
        return new HttpWire(socket, stream);
    }

    /// <summary>A connection of a client that speaks HTTP/2.</summary>
    public Http2Wire Connect2(params (SettingId Id, int Value)[] settings) => new(Loopback.Connect(Address), settings);

    /// <summary>One request on a connection of its own.</summary>
    public HttpMessage Get(string target, string fields = "", string host = "test")
    {
        using var client = Connect();
        return client.Get(target, fields, host).ReadResponse();
    }

    /// <summary>/status.</summary>
    public Task<JsonElement> StatusAsync() => Daemon.StatusAsync();

    public ValueTask DisposeAsync() => Daemon.DisposeAsync();
}
