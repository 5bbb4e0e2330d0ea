namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>The clone that these tests were built from, for the files that they read as they stand.</summary>
internal static class Clone
{
    /// <summary>Its folder: the one above the test binaries that holds LoadBalancer.sln.</summary>
    public static string Root { get; } = Above(AppContext.BaseDirectory);

    /// <summary>The files below a folder of it; none where the folder is missing.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(Path.Combine(Root, folder)) ? Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories) : [];

    private static string Above(string folder)
    {
        var candidate = new DirectoryInfo(folder);
        while (candidate is not null && !File.Exists(Path.Combine(candidate.FullName, "LoadBalancer.sln")))
        {
            candidate = candidate.Parent;
        }

        return candidate?.FullName ?? throw new InvalidOperationException($"No LoadBalancer.sln above {folder}: these tests run inside a clone.");
    }
}
