using System.Diagnostics;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// Where the commands of documents are run as they stand there: a machine of their own by namespaces of mounts, network and processes, in which
/// /etc/lb is empty, every port is free and every private address is this machine's. Pages have it one after the other, each as if it were new.
/// Nothing of it is left when it has ended, and the page after one that it did not survive gets another.
/// </summary>
internal sealed class PageMachine : IDisposable
{
    /// <summary>The namespaces that a machine is made of, as options of unshare.</summary>
    public static readonly IReadOnlyList<string> Spaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

    private const string Script = "tests/LoadBalancer.Tests/Repository/sandbox";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private readonly IEnumerable<string> _notRun;
    private Process? _process;
    private int _machines;
    private int _pages;

    /// <summary>A machine; ignores the test where this one has no namespaces to give.</summary>
    /// <param name="notRun">Programs that succeed there without having been run.</param>
    public PageMachine(IEnumerable<string> notRun)
    {
        if (!Environment.IsPrivilegedProcess || Command.Run("unshare", [.. Spaces, "true"]).ExitCode != 0)
        {
            Assert.Ignore("this test needs namespaces, which only root may make (and in a container only with CAP_SYS_ADMIN)");
        }

        _notRun = notRun;
    }

    private static string Outside => new FileInfo("/proc/self/ns/mnt").LinkTarget!;

    /// <summary>Runs the commands of a page, and says what is not as the page says; empty where all is.</summary>
    /// <param name="page">The page.</param>
    /// <param name="bound">How long that may take, where it is not the usual.</param>
    public async Task<string> RunAsync(PageScript page, TimeSpan? bound = null)
    {
        var folder = _folder[$"page{++_pages}"];
        Directory.CreateDirectory(Path.Combine(folder, "work"));
        if (page.Path.StartsWith("samples/", StringComparison.Ordinal))
        {
            Copy(page.Path[..(page.Path.LastIndexOf('/') + 1)], Path.Combine(folder, "work"));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "steps"), page.ToString());
        var said = Path.Combine(folder, "said");
        await File.WriteAllTextAsync(said, "");
        var outcome = await AskAsync(folder, bound ?? Bound);
        return outcome == "0"
            ? string.Join('\n', page.Commands.Select(command => Difference(page, command, File.ReadAllText(Path.Combine(folder, $"{command.Line}.out")))).OfType<string>())
            : $"{page.Path}: {outcome}: {await File.ReadAllTextAsync(said)}";
    }

    /// <summary>Starts a machine that gets no page, and says how it ended.</summary>
    /// <param name="spaces">The namespaces that it gets, as options of unshare.</param>
    /// <param name="before">Commands of bash that come first in them; <c>$0</c> is the machine's folder, and <c>$outside</c> what it is told of the machine around it.</param>
    public Command Begin(IEnumerable<string> spaces, string before)
    {
        var home = _folder[$"machine{++_machines}"];
        Directory.CreateDirectory(home);
        string[] told = [Path.Combine(WorkTree.Root, Script), WorkTree.Root, home, "lb", "true", "tests"];
        return Command.Run("unshare", [.. spaces, "bash", "-c", $"set -e\noutside={Outside}\n{before}\nexec \"$1\" \"$outside\" \"${{@:2}}\" < /dev/null", home, .. told]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        End();
        _folder.Dispose();
    }

    /// <summary>The exit code of a page, or why there is none.</summary>
    private async Task<string> AskAsync(string folder, TimeSpan bound)
    {
        _process ??= Start();
        try
        {
            await _process.StandardInput.WriteLineAsync(folder);
            await _process.StandardInput.FlushAsync();
            if (await _process.StandardOutput.ReadLineAsync().WaitAsync(bound) is { } outcome)
            {
                return outcome;
            }
        }
        catch (IOException)
        {
            // It has ended already, and its exit code says more.
        }
        catch (TimeoutException)
        {
            End();
            return $"nothing within {bound}";
        }

        var faults = await _process.StandardError.ReadToEndAsync();
        await _process.WaitForExitAsync();
        var code = _process.ExitCode;
        End();
        return $"the machine ended with {code}: {faults}";
    }

    private Process Start()
    {
        var home = _folder[$"machine{++_machines}"];
        Directory.CreateDirectory(home);
        var beside = AppContext.BaseDirectory;
        string[] command =
        [
            .. Spaces, "setsid", "-w", Path.Combine(WorkTree.Root, Script), Outside, WorkTree.Root, home, Path.Combine(beside, "lb"),
            Environment.ProcessPath!, Path.Combine(beside, "LoadBalancer.Tests.dll"), .. _notRun,
        ];
        return Process.Start(new ProcessStartInfo("unshare", command) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>The first process of its namespace goes with it, and everything else with that.</summary>
    private void End()
    {
        if (_process is null)
        {
            return;
        }

        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    private static void Copy(string sample, string to)
    {
        foreach (var file in WorkTree.Files.Where(file => file.StartsWith(sample, StringComparison.Ordinal)))
        {
            var copy = Path.Combine(to, file[sample.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(WorkTree.Root, file), copy);
        }
    }

    private static string? Difference(PageScript page, PageCommand command, string output) =>
        command.Missing(output) is { } line ? $"{page.Path}:{command.Line}: {command.Text}\ndoes not print, or not there:\n{line}\nbut\n{output}" : null;
}
