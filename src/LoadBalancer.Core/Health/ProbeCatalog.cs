using System.Collections.Immutable;

namespace LoadBalancer.Health;

/// <summary>The probes by the name that the file gives them, each with the keys that only it takes. A new one is its class and a line here.</summary>
internal static class ProbeCatalog
{
    private static readonly ImmutableArray<(string Name, string[] Keys, Func<ProbeConnector, ActiveHealthOptions, TimeProvider, Probe> Build)> Lines =
    [
        ("tcp", [], static (connector, _, _) => new TcpProbe(connector)),
        ("tls", ["tls"], static (connector, options, time) => new TlsProbe(connector, Handshake(options, time) ?? new ProbeHandshake(new(), time))),
        ("http", ["tls", "method", "path", "host", "status", "body"], static (connector, options, time) => new HttpProbe(connector, Handshake(options, time), options)),
        ("grpc", ["tls", "host", "service"], static (connector, options, time) => new GrpcProbe(connector, Handshake(options, time), options)),
    ];

    /// <summary>Every name, in the order of the documentation.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Lines.Select(line => line.Name)];

    /// <summary>The probes that take a key of <see cref="ActiveHealthOptions"/>; empty where all do.</summary>
    public static ImmutableArray<string> TypesWith(string key) => [.. Lines.Where(line => line.Keys.Contains(key)).Select(line => line.Name)];

    /// <summary>The probe that <paramref name="options"/> ask for.</summary>
    /// <exception cref="ArgumentException">No probe has that name; the loader has refused it long before.</exception>
    public static Probe Build(ActiveHealthOptions options, BuildContext context) =>
        (Lines.FirstOrDefault(line => line.Name == options.Type).Build
            ?? throw new ArgumentException($"No probe is called '{options.Type}'; there are {string.Join(", ", Names)}.", nameof(options)))(
                new ProbeConnector(context.Connections, options.Port), options, context.Time);

    private static ProbeHandshake? Handshake(ActiveHealthOptions options, TimeProvider time) => options.Tls is { } tls ? new ProbeHandshake(tls, time) : null;
}
