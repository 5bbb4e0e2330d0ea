using System.Text;

namespace LoadBalancer.Daemon.Cli;

/// <summary>Columns of text for a terminal: a line of headings, then the rows, each column as wide as its widest cell. Not thread-safe.</summary>
/// <param name="headings">The headings; one that begins with <c>&gt;</c> is of a column of numbers, which stands to the right.</param>
internal sealed class TextTable(params string[] headings)
{
    private const string Gap = "  ";

    private readonly List<string[]> _rows = [[.. headings.Select(heading => heading.TrimStart('>'))]];

    /// <summary>Adds a row of as many cells as there are headings.</summary>
    public void Add(params string[] cells) => _rows.Add([.. cells.Select(cell => string.Concat(cell.Select(letter => char.IsControl(letter) ? '?' : letter)))]);

    /// <summary>Every line with a line feed, none with a blank at its end.</summary>
    public string Print()
    {
        var widths = headings.Select((_, column) => _rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows)
        {
            var cells = row.Select((cell, column) => headings[column].StartsWith('>') ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            text.Append(string.Join(Gap, cells).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
