using System.Text.RegularExpressions;

namespace LoadBalancer.Configuration.Values;

/// <summary>What a name in the file may be. Names stand in metrics, logs and commands, so they need no quoting anywhere.</summary>
internal static partial class MapKind
{
    /// <summary>A regular expression of names.</summary>
    internal const string NamePattern = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}";

    /// <summary>Whether a whole text is a name. It is read at every start, so it is compiled with the program.</summary>
    [GeneratedRegex(@"\A" + NamePattern + @"\z")]
    internal static partial Regex Name { get; }

    /// <summary>A map on one line, for people: <c>{a: 1, b: 2}</c>.</summary>
    internal static string Describe<T>(ValueMap<T> value, Kind<T> item) =>
        value.Count == 0 ? "none" : $"{{{string.Join(", ", value.Select(entry => $"{entry.Key}: {item.Describe(entry.Value)}"))}}}";

    /// <summary>Says which entries only one map has, and in which keys the others differ.</summary>
    internal static void Compare<T>(ValueMap<T> before, ValueMap<T> after, Kind<T> item, string path, ICollection<OptionChange> changes)
    {
        foreach (var (name, value) in before)
        {
            if (after.TryGetValue(name, out var next))
            {
                item.Compare(value, next, $"{path}.{name}", changes);
            }
            else
            {
                changes.Add(new OptionChange($"{path}.{name}", item.Describe(value), null));
            }
        }

        foreach (var (name, value) in after.Where(entry => !before.ContainsKey(entry.Key)))
        {
            changes.Add(new OptionChange($"{path}.{name}", null, item.Describe(value)));
        }
    }
}
