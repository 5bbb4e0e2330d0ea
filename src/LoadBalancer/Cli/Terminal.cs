namespace LoadBalancer.Daemon.Cli;

/// <summary>What a verb sees of the process that it runs in.</summary>
/// <param name="Out">Takes what was asked for.</param>
/// <param name="Error">Takes errors and warnings.</param>
/// <param name="Environment">An environment variable's value, null where it is unset.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, Func<string, string?> Environment)
{
    /// <summary>True where <see cref="Out"/> is shown to somebody who has not turned colours off (no-color.org).</summary>
    public bool ShowsColours { get; init; }

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(Console.Out, Console.Error, System.Environment.GetEnvironmentVariable)
    {
        ShowsColours = !Console.IsOutputRedirected && System.Environment.GetEnvironmentVariable("NO_COLOR") is null or "" && System.Environment.GetEnvironmentVariable("TERM") is not "dumb",
    };
}
