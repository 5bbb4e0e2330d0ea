namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A message of HTTP/1.1 as it was on the wire: its first line, its field lines in their order and case, its body without framing.</summary>
/// <param name="FirstLine">The request line or the status line.</param>
/// <param name="Fields">The field lines, trailers not included.</param>
/// <param name="Body">The body.</param>
/// <param name="Trailers">The trailer field lines.</param>
internal sealed record HttpMessage(string FirstLine, IReadOnlyList<string> Fields, byte[] Body, IReadOnlyList<string> Trailers)
{
    /// <summary>The status of a response.</summary>
    public int Status => int.Parse(FirstLine.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The body as text, a character for each byte.</summary>
    public string Text => System.Text.Encoding.Latin1.GetString(Body);

    /// <summary>The values of all fields of that name, in whatever case.</summary>
    public IReadOnlyList<string> Values(string name) =>
        [.. Fields.Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim())];

    /// <summary>The value of the one field of that name; null where there is none.</summary>
    public string? this[string name] => Values(name) is [var only] ? only : Values(name).Count == 0 ? null : throw new AssertionException($"{name} comes {Values(name).Count} times");
}
