namespace LoadBalancer.Telemetry;

/// <summary>Whether standard error leads to the systemd journal.</summary>
internal static class JournalStream
{
    /// <summary>
    /// The style for standard error. JOURNAL_STREAM alone is not enough, because a child inherits it even where its own
    /// standard error is redirected: the inode in it must be the one that <paramref name="target"/> names (systemd.exec(5)).
    /// </summary>
    /// <param name="journalStream">The variable's value, <c>DEVICE:INODE</c>; null where it is unset.</param>
    /// <param name="target">What <c>/proc/self/fd/2</c> links to, for a socket <c>socket:[INODE]</c>.</param>
    public static LogStyle StyleFor(string? journalStream, string? target)
    {
        var inode = journalStream?.Split(':') is [_, var text] && ulong.TryParse(text, out var number) ? number : 0;
        return inode != 0 && target == $"socket:[{inode}]" ? LogStyle.Journal : LogStyle.Terminal;
    }

    /// <summary>The style for this process's standard error.</summary>
    public static LogStyle StyleOfStandardError()
    {
        try
        {
            return StyleFor(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), new FileInfo("/proc/self/fd/2").LinkTarget);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No /proc, or standard error is closed: then it is certainly not the journal.
            return LogStyle.Terminal;
        }
    }
}
