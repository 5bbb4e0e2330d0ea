using System.Text;
using LoadBalancer.Daemon.Metrics;

namespace LoadBalancer.Daemon.Admin;

/// <summary>What the admin listener says.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The body's media type.</param>
/// <param name="Body">The body.</param>
internal sealed record AdminAnswer(int Status, string ContentType, byte[] Body)
{
    /// <summary>The body where it is long, in place of <see cref="Body"/>: disposed of when it was sent. Null where it is not.</summary>
    public PagedText? Pages { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>A line of plain text.</summary>
    public static AdminAnswer Text(int status, string line) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>JSON, with a line feed at its end, because people read it with curl.</summary>
    public static AdminAnswer Json(int status, byte[] utf8) => new(status, "application/json", [.. utf8, (byte)'\n']);

    /// <summary>Why a change was not made, as <c>{"error": …}</c>.</summary>
    public static AdminAnswer Problem(int status, string sentence) => Json(status, AdminJson.Format(new ProblemAnswer(sentence)));
}
