using System.Runtime.Versioning;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>The Makefile and the scripts behind it, and the top level that they stand on.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptsTests
{
    /// <summary>A new file goes into a folder: whoever opens the repository should see at once where to begin.</summary>
    private static readonly string[] TopLevel =
    [
        ".ci", ".editorconfig", ".gitignore", "BannedSymbols.txt", "CHANGELOG.md", "CONTRIBUTING.md", "Directory.Build.props",
        "Directory.Packages.props", "LICENSE", "LoadBalancer.sln", "Makefile", "README.md", "SECURITY.md", "bench", "docs", "global.json",
        "lb.yaml", "packaging", "samples", "src", "tests",
    ];

    [Test]
    public void The_top_level_holds_what_was_agreed_and_nothing_else() =>
        Assert.That(WorkTree.Files.Select(file => file.Split('/')[0]).Distinct().Except(TopLevel), Is.Empty);

    [Test]
    public void Make_alone_lists_every_target()
    {
        var phony = WorkTree.Read("Makefile").Split('\n').Single(line => line.StartsWith(".PHONY: ", StringComparison.Ordinal)).Split(' ')[1..];

        var help = Command.Run("make", ["--no-print-directory"]);

        Assert.That(help.ExitCode, Is.Zero, help.Output);
        Assert.That(help.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[1]), Is.EqualTo(phony));
    }

    [Test]
    public void Scripts_are_executable_and_parse()
    {
        var scripts = WorkTree.Files.Where(file => Path.GetExtension(file).Length == 0 && WorkTree.Read(file).StartsWith("#!/usr/bin/env bash", StringComparison.Ordinal)).ToArray();

        Assert.That(scripts, Is.SupersetOf(new[] { ".ci/run", ".ci/setup", ".ci/test", "packaging/install", "samples/hello/run" }));
        foreach (var script in scripts)
        {
            Assert.That(File.GetUnixFileMode(Path.Combine(WorkTree.Root, script)).HasFlag(UnixFileMode.UserExecute), Is.True, $"{script} is not executable");
            Assert.That(Command.Run("bash", ["-n", script]).Output, Is.Empty);
        }
    }

    [Test]
    public void Setup_does_nothing_where_nothing_is_missing() =>
        Assert.That(Command.Run(".ci/setup", ["dotnet", "curl", "openssl"]), Is.EqualTo(new Command(0, "")));

    [Test]
    public void Setup_says_what_to_install_where_it_cannot()
    {
        var bare = Directory.CreateTempSubdirectory("lb-path-");
        foreach (var tool in new[] { "bash", "dirname", "id" })
        {
            File.CreateSymbolicLink(Path.Combine(bare.FullName, tool), Command.Run("bash", ["-c", $"command -v {tool}"]).Output.Trim());
        }

        var refused = Command.Run(".ci/setup", ["promtool"], ("PATH", bare.FullName));
        bare.Delete(recursive: true);

        Assert.That(refused.ExitCode, Is.EqualTo(1));
        Assert.That(refused.Output, Does.Contain("promtool").And.Contains("apt-get install prometheus"));
    }

    [Test]
    public void Setup_refuses_a_tool_that_it_does_not_know()
    {
        var refused = Command.Run(".ci/setup", ["no-such-tool"]);

        Assert.That(refused.ExitCode, Is.EqualTo(2));
        Assert.That(refused.Output, Does.Contain("no package is known for the tool 'no-such-tool'"));
    }
}
