namespace LoadBalancer.Daemon.Cli;

/// <summary>What a verb leaves for the shell.</summary>
internal static class ExitCode
{
    /// <summary>It did what was asked.</summary>
    public const int Success = 0;

    /// <summary>It could not; stderr says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>It did what was asked, and what it was asked about would be refused.</summary>
    public const int Refused = 3;
}
