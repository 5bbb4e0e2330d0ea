using System.Text;

namespace LoadBalancer.Peers.Results;

/// <summary>A table in Markdown: the first column is text, the others are figures.</summary>
internal sealed class MarkdownTable(params IEnumerable<string> columns)
{
    private readonly string[] _columns = [.. columns];
    private readonly List<string[]> _rows = [];

    /// <exception cref="ArgumentException">The row has another number of cells than there are columns.</exception>
    public void Add(params IEnumerable<string> cells)
    {
        string[] row = [.. cells];
        if (row.Length != _columns.Length)
        {
            throw new ArgumentException($"{row.Length} cells for {_columns.Length} columns", nameof(cells));
        }

        _rows.Add(row);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text, _columns);
        Write(text, _columns.Select((_, i) => i == 0 ? "---" : "---:"));
        _rows.ForEach(row => Write(text, row));
        return text.ToString();
    }

    private static void Write(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
