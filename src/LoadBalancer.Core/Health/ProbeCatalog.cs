using System.Collections.Immutable;
using LoadBalancer.Tls;

namespace LoadBalancer.Health;

/// <summary>The probes by the name that the file gives them, each with the keys that only it takes. A new one is its class and a line here.</summary>
internal static class ProbeCatalog
{
    private static readonly ImmutableArray<(string Name, string[] Keys, Func<ProbeConnector, ActiveHealthOptions, ProbeHandshake?, TimeProvider, Probe> Build)> Lines =
    [
        ("tcp", [], static (connector, _, handshake, _) => handshake is null ? new TcpProbe(connector) : new TlsProbe(connector, handshake)),
        ("tls", ["tls"], static (connector, _, handshake, time) => new TlsProbe(connector, handshake ?? new ProbeHandshake(new(), time))),
        ("http", ["tls", "method", "path", "host", "status", "body"], static (connector, options, handshake, _) => new HttpProbe(connector, handshake, options)),
        ("grpc", ["tls", "host", "service"], static (connector, options, handshake, _) => new GrpcProbe(connector, handshake, options)),
    ];

    /// <summary>Every name, in the order of the documentation.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Lines.Select(line => line.Name)];

    /// <summary>The probes that take a key of <see cref="ActiveHealthOptions"/>; empty where all do.</summary>
    public static ImmutableArray<string> TypesWith(string key) => [.. Lines.Where(line => line.Keys.Contains(key)).Select(line => line.Name)];

    /// <summary>The probe that <paramref name="options"/> ask for.</summary>
    /// <param name="options">What the file says of probes.</param>
    /// <param name="tls">How the upstream speaks TLS with its endpoints, which a probe does likewise unless it says otherwise; null for not.</param>
    /// <param name="ownName">The name of the endpoints where neither gives one; null for their addresses.</param>
    /// <param name="context">The way out, and the clock.</param>
    /// <exception cref="ArgumentException">No probe has that name; the loader has refused it long before.</exception>
    public static Probe Build(ActiveHealthOptions options, BuildContext context, UpstreamTlsOptions? tls = null, string? ownName = null) =>
        (Lines.FirstOrDefault(line => line.Name == options.Type).Build
            ?? throw new ArgumentException($"No probe is called '{options.Type}'; there are {string.Join(", ", Names)}.", nameof(options)))(
                new ProbeConnector(context.Connections, options.Port), options, Handshake(options, tls, ownName, context.Time), context.Time);

    private static ProbeHandshake? Handshake(ActiveHealthOptions options, UpstreamTlsOptions? upstream, string? ownName, TimeProvider time) =>
        ProbeTlsOptions.Of(options.Tls, upstream, ownName) is { IsOff: false } tls ? new ProbeHandshake(tls, time) : null;
}
