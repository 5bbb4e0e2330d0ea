using System.Collections.Immutable;
using System.Diagnostics;

namespace LoadBalancer.Peers.Contenders;

/// <summary>The contenders that are installed, where their programs are, and their versions.</summary>
internal sealed class Programs
{
    private readonly Dictionary<string, string> _files;

    private Programs(IReadOnlyList<Contender> present, Dictionary<string, string> files, ImmutableSortedDictionary<string, string> versions)
    {
        Starting = present;
        Versions = versions;
        _files = files;
    }

    /// <summary>Those that can be measured under load, in the catalogue's order.</summary>
    public IReadOnlyList<Contender> Present => [.. Starting.Where(contender => !contender.StartsOnly)];

    /// <summary>Those that can be started, in the catalogue's order.</summary>
    public IReadOnlyList<Contender> Starting { get; }

    /// <summary>The first line of each version, by contender.</summary>
    public ImmutableSortedDictionary<string, string> Versions { get; }

    /// <summary>Looks for every contender, and names on the error output those that are missing, with the way to get them.</summary>
    /// <exception cref="UsageException">None is there.</exception>
    public static async Task<Programs> FindAsync(IReadOnlyList<Contender> contenders, CancellationToken stop)
    {
        var present = new List<Contender>();
        var files = new Dictionary<string, string>();
        var versions = ImmutableSortedDictionary.CreateBuilder<string, string>();
        foreach (var contender in contenders)
        {
            if (contender.Program is null)
            {
                present.Add(contender);
            }
            else if (Find(contender.Program) is { } file)
            {
                present.Add(contender);
                files[contender.Name] = file;
                if (contender.CopyOf is null && !contender.VersionArguments.IsEmpty)
                {
                    versions[contender.Name] = await VersionAsync(contender, file, stop);
                }
            }
            else
            {
                Console.Error.WriteLine($"{contender.Name}: skipped, there is no {contender.Program}; get it by `{contender.Remedy}`");
            }
        }

        return present.Count > 0
            ? new Programs(present, files, versions.ToImmutable())
            : throw new UsageException("none of the contenders is installed");
    }

    /// <summary>The contender's file; null for no proxy.</summary>
    public string? FileOf(Contender contender) => _files.GetValueOrDefault(contender.Name);

    /// <param name="program">A path, or a name that is looked for in PATH and where Debian keeps daemons.</param>
    private static string? Find(string program)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        }

        var folders = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    /// <summary>The first line about its version; nginx prints it as an error.</summary>
    private static async Task<string> VersionAsync(Contender contender, string file, CancellationToken stop)
    {
        var start = new ProcessStartInfo(file, contender.VersionArguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(stop);
        var errors = process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        return $"{await output}\n{await errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault() ?? "no version told";
    }
}
