using System.Text;

namespace LoadBalancer.Daemon.Admin;

/// <summary>What an <see cref="IAdminPage"/> says.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The body's media type.</param>
/// <param name="Body">The body.</param>
internal sealed record AdminAnswer(int Status, string ContentType, byte[] Body)
{
    /// <summary>A line of plain text.</summary>
    public static AdminAnswer Text(int status, string line) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"));
}
