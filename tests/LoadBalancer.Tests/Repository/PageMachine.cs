using System.Diagnostics;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>
/// Where the commands of documents are run as they stand there: a machine of their own by namespaces of mounts, network and processes, in which
/// /etc/lb is empty, every port is free and every private address is this machine's. Pages have it one after the other, each as if it were new.
/// Nothing of it is left when it has ended.
/// </summary>
internal sealed class PageMachine : IDisposable
{
    private const string Script = "tests/LoadBalancer.Tests/Repository/sandbox";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private int _pages;

    /// <summary>A machine; ignores the test where this one has no namespaces to give.</summary>
    /// <param name="notRun">Programs that succeed there without having been run.</param>
    public PageMachine(IEnumerable<string> notRun)
    {
        string[] spaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
        if (!Environment.IsPrivilegedProcess || Command.Run("unshare", [.. spaces, "true"]).ExitCode != 0)
        {
            Assert.Ignore("this test needs namespaces, which only root may make (and in a container only with CAP_SYS_ADMIN)");
        }

        var beside = AppContext.BaseDirectory;
        string[] command =
        [
            .. spaces, "setsid", "-w", Path.Combine(WorkTree.Root, Script), WorkTree.Root, _folder["."], Path.Combine(beside, "lb"),
            Environment.ProcessPath!, Path.Combine(beside, "LoadBalancer.Tests.dll"), .. notRun,
        ];
        _process = Process.Start(new ProcessStartInfo("unshare", command) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Runs the commands of a page, and says what is not as the page says; empty where all is.</summary>
    public async Task<string> RunAsync(PageScript page)
    {
        var folder = _folder[$"page{++_pages}"];
        Directory.CreateDirectory(Path.Combine(folder, "work"));
        if (page.Path.StartsWith("samples/", StringComparison.Ordinal))
        {
            Copy(page.Path[..(page.Path.LastIndexOf('/') + 1)], Path.Combine(folder, "work"));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "steps"), page.ToString());
        await _process.StandardInput.WriteLineAsync(folder);
        await _process.StandardInput.FlushAsync();
        string? outcome;
        try
        {
            outcome = await _process.StandardOutput.ReadLineAsync().WaitAsync(Bound);
        }
        catch (TimeoutException)
        {
            outcome = $"nothing within {Bound}";
        }

        return outcome == "0"
            ? string.Join('\n', page.Commands.Select(command => Difference(page, command, File.ReadAllText(Path.Combine(folder, $"{command.Line}.out")))).OfType<string>())
            : $"{page.Path}: {outcome}: {File.ReadAllText(Path.Combine(folder, "said"))}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The first process of its namespace goes with it, and everything else with that.
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
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
