using System.Text.RegularExpressions;

namespace LoadBalancer.Daemon.Tests.Repository;

/// <summary>A command of a document.</summary>
/// <param name="Line">Where it stands.</param>
/// <param name="Text">What is typed.</param>
/// <param name="Printed">What the document says that it prints: lines of its output, in their order and perhaps not all; null where it says nothing.</param>
internal sealed partial record PageCommand(int Line, string Text, IReadOnlyList<string>? Printed)
{
    /// <summary>The programs and functions that it calls: the first word of each part.</summary>
    public IEnumerable<string> Programs => Call().Matches(Text).Select(call => call.Groups[1].Value);

    /// <summary>The first line that the document says, and <paramref name="output"/> does not have, or not there; null where all are in it.</summary>
    public string? Missing(string output)
    {
        var printed = output.Split('\n').Select(Vague).ToArray();
        var from = 0;
        foreach (var line in Printed ?? [])
        {
            from = Array.IndexOf(printed, Vague(line), from) + 1;
            if (from == 0)
            {
                return line;
            }
        }

        return null;
    }

    /// <summary>A line without what may be another each time: ids of requests, times, durations, which of several endpoints has its turn.</summary>
    private static string Vague(string line) => Varying().Replace(line.TrimEnd(), "*");

    [GeneratedRegex(@"\b[0-9a-f]{32}\b|\b\d{4}-\d\d(-\d\d)?([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z| UTC)?|\b\d+(\.\d+)? m?s\b|chosen now|may be chosen|(?<=the endpoint's: )\S+")]
    private static partial Regex Varying();

    [GeneratedRegex(@"(?:^|[;&|(]\s*)(?:sudo )?([\w./-]+)", RegexOptions.Multiline)]
    private static partial Regex Call();
}
