using System.Text.RegularExpressions;
using LoadBalancer.Daemon.Tests.Repository;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>The commands of lb that a sample's README shows in a console, each with the lines below it, which lb has to print in that order, with others between them.</summary>
internal static partial class ReadmeCommands
{
    /// <summary>A test for each: the command behind <c>lb</c>, and the lines.</summary>
    public static IEnumerable<TestCaseData> Of(string path) =>
        from block in Console().Matches(WorkTree.Read(path))
        select new TestCaseData(block.Groups[1].Value, block.Groups[2].Value.TrimEnd().Split('\n')).SetArgDisplayNames(block.Groups[1].Value);

    /// <summary>The words of a command, as a shell would part them.</summary>
    public static string[] Words(string command) => [.. Word().Matches(command).Select(word => word.Groups[1].Success ? word.Groups[1].Value : word.Value)];

    /// <summary>Holds what was printed to the lines.</summary>
    public static void IsPrinted(string[] lines, string output)
    {
        var printed = output.Split('\n');
        var from = 0;
        foreach (var line in lines)
        {
            from = Array.IndexOf(printed, line, from) + 1;
            Assert.That(from, Is.Positive, $"{line}\nis not, or not there, in\n{output}");
        }
    }

    [GeneratedRegex(@"^```console\n\$ lb (.*)\n((?:.*\n)*?)```", RegexOptions.Multiline)]
    private static partial Regex Console();

    [GeneratedRegex("\"([^\"]*)\"|\\S+")]
    private static partial Regex Word();
}
