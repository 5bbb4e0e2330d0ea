using CommandLine;

namespace LoadBalancer.Daemon.Cli;

/// <summary>One word behind <c>lb</c>, with its options as properties.</summary>
internal abstract class Verb
{
    /// <summary>What is left of the command line. Nothing may be: whoever forgets the <c>-c</c> must not check another file than the one that was meant.</summary>
    [Value(100, Hidden = true)]
    public IEnumerable<string> Rest { get; set; } = [];

    /// <summary>Does it.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public abstract Task<int> RunAsync(Terminal terminal);
}
