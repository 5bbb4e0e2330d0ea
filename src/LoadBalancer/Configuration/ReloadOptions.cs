using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>When the file is read again: the file's <c>reload</c>.</summary>
public sealed record ReloadOptions : IConfigurable<ReloadOptions>
{
    /// <inheritdoc/>
    public static Shape<ReloadOptions> Shape { get; } = new("reload", "When the files are read again.", "{watch: false}", () => new())
    {
        {
            "watch", Kinds.Boolean, o => o.Watch, (o, value) => o with { Watch = value },
            "True where a changed file is loaded without a signal. SIGHUP loads it either way."
        },
    };

    /// <summary>True where a changed file is loaded without a signal.</summary>
    public bool Watch { get; init; } = true;
}
