using System.Collections.Immutable;
using System.Globalization;

namespace LoadBalancer.Peers.Contenders;

/// <summary>A process and all its descendants, at the moment of asking; all figures come from /proc.</summary>
internal sealed record ProcessTree(ImmutableArray<int> Pids)
{
    public static ProcessTree Of(int root)
    {
        var pids = ImmutableArray.CreateBuilder<int>();
        var waiting = new Queue<int>([root]);
        while (waiting.TryDequeue(out var pid))
        {
            pids.Add(pid);
            foreach (var child in Children(pid))
            {
                waiting.Enqueue(child);
            }
        }

        return new ProcessTree(pids.ToImmutable());
    }

    /// <summary>User and system time in clock ticks, good for their proportion over seconds.</summary>
    public (long User, long System) Ticks()
    {
        long user = 0, system = 0;
        foreach (var pid in Pids)
        {
            // The second field is the name in brackets, which may hold spaces: count from behind it.
            var stat = Read($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 12)
            {
                user += long.Parse(fields[11], CultureInfo.InvariantCulture);
                system += long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
        }

        return (user, system);
    }

    /// <summary>Resident memory in bytes, counted page by page (statm's sums are allowed to lag).</summary>
    public long ResidentBytes() => Pids.Sum(pid => Read($"/proc/{pid}/smaps_rollup")
        .Split('\n')
        .Where(line => line.StartsWith("Rss:", StringComparison.Ordinal))
        .Sum(line => 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)));

    private static IEnumerable<int> Children(int pid)
    {
        var tasks = $"/proc/{pid}/task";
        return Directory.Exists(tasks)
            ? Directory.EnumerateDirectories(tasks)
                .SelectMany(task => Read($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(child => int.Parse(child, CultureInfo.InvariantCulture))
            : [];
    }

    /// <summary>The file's text, or nothing where the process ended meanwhile.</summary>
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
