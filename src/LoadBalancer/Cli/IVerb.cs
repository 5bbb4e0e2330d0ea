namespace LoadBalancer.Daemon.Cli;

/// <summary>One word behind <c>lb</c>, with its options as properties.</summary>
internal interface IVerb
{
    /// <summary>Does it.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    Task<int> RunAsync(Terminal terminal);
}
