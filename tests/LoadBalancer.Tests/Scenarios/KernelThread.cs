using System.Globalization;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A thread of a process, as the kernel has it.</summary>
/// <param name="Name">Its name, at most 15 bytes of it.</param>
/// <param name="Niceness">How much less urgent it is than others: 0 unless it said so, or whoever started it.</param>
internal sealed record KernelThread(string Name, int Niceness)
{
    /// <summary>Those of a process, but for such as end meanwhile.</summary>
    public static List<KernelThread> Of(int process) => [.. Directory.GetDirectories($"/proc/{process}/task").Select(Read).OfType<KernelThread>()];

    /// <summary>Those that are less urgent than the most urgent one.</summary>
    public static List<KernelThread> LessUrgent(int process)
    {
        var all = Of(process);
        return all.FindAll(thread => thread.Niceness > all.Min(any => any.Niceness));
    }

    private static KernelThread? Read(string folder)
    {
        try
        {
            return new KernelThread(
                File.ReadAllText($"{folder}/comm").Trim(), int.Parse(File.ReadAllText($"{folder}/stat").Split(") ")[^1].Split(' ')[16], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
