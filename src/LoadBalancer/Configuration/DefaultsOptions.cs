using LoadBalancer.Configuration;
using LoadBalancer.Tcp;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What a listener starts from: the file's <c>defaults</c>. The listeners of a loaded file have it merged in already.</summary>
public sealed record DefaultsOptions : IConfigurable<DefaultsOptions>
{
    /// <inheritdoc/>
    public static Shape<DefaultsOptions> Shape { get; } = new(
        "defaults",
        "What every listener starts from. A listener's own key wins over the key here, and this over the built-in default; " +
        "maps merge key by key, lists replace.",
        "{timeouts: {idle: 1h}}", () => new())
    {
        {
            "timeouts", Kinds.Record(TcpTimeouts.Shape), o => o.Timeouts, (o, value) => o with { Timeouts = value },
            "Time bounds of connections."
        },
    };

    /// <summary>Time bounds of connections.</summary>
    public TcpTimeouts Timeouts { get; init; } = new();
}
