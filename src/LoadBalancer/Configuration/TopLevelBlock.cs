namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// The lines of one top-level key, taken out of a text that is no YAML as a whole: who asks the running lb must find it while
/// somebody edits the file, and lb its state folder when it starts with such a file.
/// </summary>
internal static class TopLevelBlock
{
    /// <summary>
    /// From the one line that begins with <paramref name="key"/> to the next that begins with something else than a space or a comment;
    /// null where there is no such line, or more than one.
    /// </summary>
    public static string? In(string text, string key)
    {
        var lines = text.Split('\n');
        var begins = Array.FindIndex(lines, IsKey);
        if (begins < 0 || Array.FindLastIndex(lines, IsKey) != begins)
        {
            return null;
        }

        var ends = Array.FindIndex(lines, begins + 1, line => line.TrimEnd() is { Length: > 0 } written && written[0] is not (' ' or '#'));
        return string.Join('\n', lines[begins..(ends < 0 ? lines.Length : ends)]);

        bool IsKey(string line) => line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).StartsWith(":");
    }
}
