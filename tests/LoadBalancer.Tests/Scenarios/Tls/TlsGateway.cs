using System.Net;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests.Tls;
using LoadBalancer.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Tls;

/// <summary>A daemon with listeners that speak TLS, and the folder of their certificates.</summary>
internal sealed class TlsGateway : IAsyncDisposable
{
    private TlsGateway(DaemonHarness daemon, EndPoint address) => (Daemon, Address) = (daemon, address);

    public DaemonHarness Daemon { get; }

    /// <summary>Where the listener called web accepts.</summary>
    public EndPoint Address { get; }

    /// <summary>The text of a configuration with one listener called web.</summary>
    /// <param name="layer">What it does: <c>http: up</c>, for example.</param>
    /// <param name="tls">What stands within <c>tls: {}</c>.</param>
    /// <param name="endpoint">The one endpoint of the upstream up.</param>
    public static string Text(string layer, string tls, EndPoint endpoint) =>
        $"listeners: {{web: {{bind: \"127.0.0.1:0\", {layer}, tls: {{{tls}}}}}}}\nupstreams: {{up: {{endpoints: [\"{endpoint}\"]}}}}\n";

    /// <summary>A daemon of this text.</summary>
    /// <param name="yaml">Listeners and upstreams.</param>
    /// <param name="access">Where the access log goes.</param>
    /// <param name="watch">True where changed files are noticed.</param>
    /// <param name="loops">Its event loops.</param>
    /// <param name="engine">What its TLS is spoken with.</param>
    public static async Task<TlsGateway> StartAsync(string yaml, string access = "off", bool watch = false, int loops = 2, string engine = TestEngines.LibSsl)
    {
        var daemon = await DaemonHarness.StartAsync(
            yaml, $"reload: {{watch: {(watch ? "true" : "false")}}}\nshutdown: {{unready_for: 0s, drain: 10s}}\ntransport: {{loops: {loops}}}\n", $"{{level: error, access: {access}}}",
            variable => variable == TlsEngines.Variable && engine == TestEngines.SslStream ? TlsEngines.Platform : null);
        return new TlsGateway(daemon, await daemon.AddressOfAsync("web"));
    }

    public TlsClient Connect(string name = "localhost") => TlsClient.Connect(Address, name);

    /// <summary>An endpoint that answers with the request's fields that begin so.</summary>
    public static HttpEndpoint Telling(string begin) =>
        new((wire, request) => wire.Respond(string.Join('\n', request.Fields.Where(field => field.StartsWith(begin, StringComparison.OrdinalIgnoreCase)))));

    public ValueTask DisposeAsync() => Daemon.DisposeAsync();
}
