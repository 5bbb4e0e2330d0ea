using System.Diagnostics;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>How a command that was run in the repository's root ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote, to stdout and stderr.</param>
internal sealed record Command(int ExitCode, string Output)
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="program">A program on the path, or a script relative to the root.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set beside those of this process.</param>
    public static Command Run(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program.Contains('/', StringComparison.Ordinal) ? Path.Combine(WorkTree.Root, program) : program, arguments)
        {
            WorkingDirectory = WorkTree.Root,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return new Command(process.ExitCode, output);
    }
}
