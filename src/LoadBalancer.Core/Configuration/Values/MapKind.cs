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
}
