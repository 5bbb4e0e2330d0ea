namespace LoadBalancer.Configuration;

/// <summary>The "did you mean" of errors.</summary>
public static class NearestName
{
    private const int LongestName = 64;

    /// <summary><c>; did you mean 'upstream'?</c>, or nothing where no known name is near.</summary>
    public static string Suggest(string written, IEnumerable<string> known) => Of(written, known) is { } name ? $"; did you mean '{name}'?" : "";

    /// <summary>
    /// The known name nearest to <paramref name="written"/>: at most a third of its letters differ (optimal string
    /// alignment: a swap of neighbours counts once), or one begins with the other. Null where none is.
    /// </summary>
    public static string? Of(string written, IEnumerable<string> known)
    {
        if (written.Length is 0 or > LongestName)
        {
            return null;
        }

        return known
            .Select(name => (Name: name, Distance: Distance(Fold(written), Fold(name))))
            .Where(candidate => candidate.Distance <= Math.Max(1, candidate.Name.Length / 3) || Begins(written, candidate.Name))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    // Written in another manner of spelling, a name is as near as it can be.
    private static string Fold(string name) => name.Replace('-', '_').ToLowerInvariant();

    private static bool Begins(string written, string name) =>
        Math.Min(written.Length, name.Length) >= 4
        && (name.StartsWith(written, StringComparison.OrdinalIgnoreCase) || written.StartsWith(name, StringComparison.OrdinalIgnoreCase));

    private static int Distance(string from, string to)
    {
        var row = new int[from.Length + 1, to.Length + 1];
        for (var at = 0; at <= from.Length; at++)
        {
            row[at, 0] = at;
        }

        for (var at = 0; at <= to.Length; at++)
        {
            row[0, at] = at;
        }

        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var change = row[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[i, j] = Math.Min(change, Math.Min(row[i - 1, j], row[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    row[i, j] = Math.Min(row[i, j], row[i - 2, j - 2] + 1);
                }
            }
        }

        return row[from.Length, to.Length];
    }
}
