using System.Text.RegularExpressions;

namespace LoadBalancer.Peers.Contenders;

/// <summary>
/// A configuration with <c>{{name}}</c> where a run's own ports and paths go. A line that names a list, such as
/// <c>server {{echo.endpoint}}</c>, is repeated for each of its items, with <c>{{n}}</c> as their number from 1; so it goes away where the
/// list is empty.
/// </summary>
internal static partial class ConfigTemplate
{
    /// <exception cref="KeyNotFoundException">The template names a value that is in neither map.</exception>
    public static string Fill(string template, IReadOnlyDictionary<string, string> values, IReadOnlyDictionary<string, IReadOnlyList<string>> lists)
    {
        return string.Join('\n', template.Split('\n').SelectMany(Expand));

        IEnumerable<string> Expand(string line)
        {
            var list = Name().Matches(line).Select(match => match.Groups[1].Value).FirstOrDefault(lists.ContainsKey);
            return list is null
                ? [Replace(line, name => values[name])]
                : lists[list].Select((item, i) => Replace(line, name => name == list ? item : name == "n" ? $"{i + 1}" : values[name]));
        }
    }

    private static string Replace(string line, Func<string, string> value) =>
        Name().Replace(line, match => value(match.Groups[1].Value));

    [GeneratedRegex(@"\{\{([a-z.]+)\}\}")]
    private static partial Regex Name();
}
