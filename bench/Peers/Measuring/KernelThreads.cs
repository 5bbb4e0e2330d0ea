using System.Globalization;

namespace LoadBalancer.Peers.Measuring;

/// <summary>Threads of the kernel, as far as this process may see them; in a container there are none.</summary>
internal static class KernelThreads
{
    public static int[] Named(string name) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(folder => (Pid: Path.GetFileName(folder), Comm: Path.Combine(folder, "comm")))
            .Where(process => char.IsAsciiDigit(process.Pid[0]) && IsNamed(process.Comm, name))
            .Select(process => int.Parse(process.Pid, CultureInfo.InvariantCulture)),
    ];

    private static bool IsNamed(string comm, string name)
    {
        try
        {
            return File.ReadAllText(comm).Trim() == name;
        }
        catch (IOException)
        {
            return false;   // it ended meanwhile
        }
    }
}
