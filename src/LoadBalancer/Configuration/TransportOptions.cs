using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>The engine: the file's <c>transport</c>. It is read once, at start.</summary>
public sealed record TransportOptions : IConfigurable<TransportOptions>
{
    /// <inheritdoc/>
    public static Shape<TransportOptions> Shape { get; } = new("transport", "The engine. It is read once, at start.", "{kind: epoll, loops: auto}", () => new())
    {
        {
            "kind", Kinds.Word("epoll"), o => o.Kind, (o, value) => o with { Kind = value },
            "How the process speaks to the kernel."
        },
        {
            "loops", Kinds.Integer(1, 256).Or("auto", 0), o => o.Loops, (o, value) => o with { Loops = value },
            "Event loops. `auto`: one a core that this process may use, limits of its cgroup respected."
        },
    };

    /// <summary>How the process speaks to the kernel; only <c>epoll</c>.</summary>
    public string Kind { get; init; } = "epoll";

    /// <summary>Event loops, 1 to 256; 0 is <c>auto</c>: one a core that this process may use (cgroup limits respected).</summary>
    public int Loops { get; init; }
}
