using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>When the file is read again: the file's <c>reload</c>.</summary>
public sealed record ReloadOptions : IConfigurable<ReloadOptions>
{
    /// <inheritdoc/>
    public static Shape<ReloadOptions> Shape { get; } = new("reload", "When the files are read again.", "{watch: true, guard: 60s}", () => new())
    {
        {
            "watch", Kinds.Boolean, o => o.Watch, (o, value) => o with { Watch = value },
            "True where a changed file is loaded without a signal. SIGHUP loads it either way."
        },
        {
            "guard", Kinds.Record<GuardOptions>().OrNull("off"), o => o.Guard, (o, value) => o with { Guard = value },
            "When a reload is taken back because requests fare worse than before it; `off` is never. `lb reload --no-guard` goes without."
        },
    };

    /// <summary>True where a changed file is loaded without a signal.</summary>
    public bool Watch { get; init; } = true;

    /// <summary>When a reload is taken back; null is never.</summary>
    public GuardOptions? Guard { get; init; }
}
