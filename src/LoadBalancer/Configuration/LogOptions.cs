using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What is logged and where: the file's <c>log</c>.</summary>
public sealed record LogOptions : IConfigurable<LogOptions>
{
    /// <inheritdoc/>
    public static Shape<LogOptions> Shape { get; } = new(
        "log", "What is logged and where.", "{level: info, access: /var/log/lb/access.json}", () => new())
    {
        {
            "level", Kinds.Word("debug", "info", "warn", "error"), o => o.Level, (o, value) => o with { Level = value },
            "The least severe line of the daemon's own log on stderr."
        },
        {
            "access", Kinds.FilePath.Or("stdout", "stdout").Or("off", "off"), o => o.Access, (o, value) => o with { Access = value },
            "Where the connection log goes, one line a connection."
        },
        {
            "format", Kinds.Word("json"), o => o.Format, (o, value) => o with { Format = value },
            "The form of a line."
        },
    };

    /// <summary>The least severe line of the daemon's own log on stderr: <c>debug info warn error</c>.</summary>
    public string Level { get; init; } = "info";

    /// <summary>Where the connection log goes: <c>off</c>, <c>stdout</c> or a file's absolute path.</summary>
    public string Access { get; init; } = "stdout";

    /// <summary>The form of a line; only <c>json</c>.</summary>
    public string Format { get; init; } = "json";
}
