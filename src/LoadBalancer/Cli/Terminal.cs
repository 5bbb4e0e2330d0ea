namespace LoadBalancer.Daemon.Cli;

/// <summary>What a verb sees of the process that it runs in.</summary>
/// <param name="Out">Takes what was asked for.</param>
/// <param name="Error">Takes errors and warnings.</param>
/// <param name="Environment">An environment variable's value, null where it is unset.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, Func<string, string?> Environment)
{
    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(Console.Out, Console.Error, System.Environment.GetEnvironmentVariable);
}
