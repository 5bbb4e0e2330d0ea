namespace LoadBalancer.Daemon.Upgrading;

/// <summary>How this process was started, so that it can be started again.</summary>
/// <param name="Program">The path by which it was called: whatever is there by then, a new version or a link to it, is what starts.</param>
/// <param name="Arguments">Its arguments.</param>
internal sealed record ProgramCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>The command of this process.</summary>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static ProgramCommand OfProcess()
    {
        // argv as it was given: the framework resolves links, and would start the old version for ever where a link is what an upgrade moves.
        var words = File.ReadAllText("/proc/self/cmdline").Split('\0', StringSplitOptions.None)[..^1];
        return new ProgramCommand(Locate(words[0]), words[1..]);
    }

    private static string Locate(string word) => word.Contains('/', StringComparison.Ordinal)
        ? Path.GetFullPath(word)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.GetFullPath(Path.Combine(folder, word))).FirstOrDefault(File.Exists)
            ?? throw new IOException($"the program of this process is not found: it was called as {word}");
}
