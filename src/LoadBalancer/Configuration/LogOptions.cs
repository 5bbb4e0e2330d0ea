namespace LoadBalancer.Daemon.Configuration;

/// <summary>What is logged and where: the file's <c>log</c>.</summary>
public sealed record LogOptions
{
    /// <summary>The least severe line of the daemon's own log on stderr: <c>debug info warn error</c>; default <c>info</c>.</summary>
    public string Level { get; init; } = "info";

    /// <summary>Where the connection log goes: <c>off</c>, <c>stdout</c> (the default) or a file's path.</summary>
    public string Access { get; init; } = "stdout";
}
