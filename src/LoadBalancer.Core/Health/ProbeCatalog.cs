using System.Collections.Immutable;

namespace LoadBalancer.Health;

/// <summary>The probes by the name that the file gives them. A new one is its class and a line here.</summary>
internal static class ProbeCatalog
{
    private static readonly ImmutableArray<(string Name, Func<BuildContext, Probe> Build)> Lines =
    [
        ("tcp", static context => new TcpProbe(context.Connections)),
    ];

    /// <summary>Every name, in the order of the documentation.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Lines.Select(line => line.Name)];

    /// <summary>The probe called <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentException">No probe has that name; the loader has refused it long before.</exception>
    public static Probe Build(string type, BuildContext context) =>
        (Lines.FirstOrDefault(line => line.Name == type).Build
            ?? throw new ArgumentException($"No probe is called '{type}'; there are {string.Join(", ", Names)}.", nameof(type)))(context);
}
