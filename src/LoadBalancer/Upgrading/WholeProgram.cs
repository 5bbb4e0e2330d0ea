using System.Reflection;

namespace LoadBalancer.Daemon.Upgrading;

/// <summary>
/// Loads all that this program may ever need, while its file is still the one that it was started from.
/// </summary>
/// <remarks>
/// The runtime opens the file of a program that is one file again, by its path, for each assembly that it loads, and reads at the place that the start has found
/// (github.com/dotnet/runtime, src/coreclr/vm/peimagelayout.cpp). Once a new version was installed there that is another file: with another runtime in it the load
/// fails, and where the file is shorter the process ends by SIGBUS.
/// </remarks>
internal static class WholeProgram
{
    /// <summary>True where the program is one file, as it is installed, and not a folder, as it is built.</summary>
    public static bool IsOneFile => !File.Exists(Path.Combine(AppContext.BaseDirectory, $"{typeof(WholeProgram).Assembly.GetName().Name}.dll"));

    /// <summary>Loads every assembly that this one needs, and that those need; one that is not there is left out.</summary>
    /// <returns>How many there are.</returns>
    public static int Load()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<Assembly>([typeof(WholeProgram).Assembly]);
        var count = 0;
        while (next.TryPop(out var assembly))
        {
            count++;
            foreach (var name in assembly.GetReferencedAssemblies())
            {
                try
                {
                    if (seen.Add(name.FullName))
                    {
                        next.Push(Assembly.Load(name));
                    }
                }
                catch (Exception error) when (error is IOException or BadImageFormatException)
                {
                    // No part of the program: what would need it never runs.
                }
            }
        }

        return count;
    }
}
