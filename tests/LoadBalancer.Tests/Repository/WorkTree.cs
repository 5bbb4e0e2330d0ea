namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The repository that these tests were built from: the folder above the test binaries that holds LoadBalancer.sln.</summary>
internal static class WorkTree
{
    private static readonly string[] Made = [".git", "bin", "obj", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts", ".vs", ".vscode", ".idea"];

    /// <summary>Its absolute path.</summary>
    public static string Root { get; } = Above(AppContext.BaseDirectory);

    /// <summary>Every file that belongs to it, relative to the root with '/', sorted; what tools made is left out.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Below(Root).Select(Relative).Order(StringComparer.Ordinal)];

    /// <summary>The C# files of the product.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } =
        [.. Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => new SourceFile(file, Read(file)))];

    /// <summary>The text of a file.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string Above(string folder)
    {
        var candidate = new DirectoryInfo(folder);
        while (candidate is not null && !File.Exists(Path.Combine(candidate.FullName, "LoadBalancer.sln")))
        {
            candidate = candidate.Parent;
        }

        return candidate?.FullName
            ?? throw new InvalidOperationException($"No LoadBalancer.sln above {folder}: the repository's tests run inside a clone.");
    }

    private static IEnumerable<string> Below(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Where(entry => !Made.Contains(Path.GetFileName(entry)))
            .SelectMany(entry => Directory.Exists(entry) ? Below(entry) : [entry]);
}
