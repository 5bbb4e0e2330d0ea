using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Server.Http1;

/// <summary>
/// What a request says, as texts: by <see cref="Naive"/> of the grammar's words, with no eye on speed and nothing in common with the
/// parser, and by <see cref="Of"/> of what the parser made.
/// </summary>
internal sealed partial record RequestReading(string Line, string Fields, string Authority, BodyFraming Framing, long Length, bool KeepsAlive, int HeadLength)
{
    /// <summary>What the parser read.</summary>
    public static RequestReading Of(RequestHead head, int headLength) => new(
        $"{Heads.Text(head.MethodText)} {Heads.Text(head.Target)} {head.Version}",
        string.Concat(Enumerable.Range(0, head.Fields.Count).Select(at => $"{Heads.Text(head.Fields.Name(at))}:{Heads.Text(head.Fields.Value(at))}\n")),
        Heads.Text(head.Authority),
        head.Framing,
        head.Framing == BodyFraming.Length ? head.ContentLength : 0,
        head.KeepsAlive,
        headLength);

    /// <summary>What a reader without a doubt reads; null where it doubts, or where more has to come.</summary>
    public static RequestReading? Naive(string text)
    {
        var skipped = text.StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 0;
        var end = text.IndexOf("\r\n\r\n", skipped, StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        var lines = text[skipped..end].Split("\r\n");
        var line = LineText().Match(lines[0]);
        var fields = lines.Skip(1).Select(each => FieldLineText().Match(each)).ToList();
        if (!line.Success || fields.Exists(field => !field.Success) || fields.Count > 100)
        {
            return null;
        }

        var pairs = fields.ConvertAll(field => (Name: field.Groups[1].Value, Value: field.Groups[2].Value.Trim(' ', '\t')));
        List<string> All(string name) => [.. pairs.Where(pair => string.Equals(pair.Name, name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair.Value)];

        var (hosts, lengths, codings) = (All("Host"), All("Content-Length"), All("Transfer-Encoding"));
        var isOld = line.Groups[3].Value == "0";
        var options = All("Connection").SelectMany(value => value.Split(',')).Select(option => option.Trim(' ', '\t').ToLowerInvariant()).ToList();
        if (hosts.Count != 1 || !IsHost(hosts[0]) || lengths.Count > 1 || codings.Count > 1 || lengths.Count + codings.Count > 1
            || (codings.Count == 1 && (isOld || !codings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase)))
            || (lengths.Count == 1 && !NumberText().IsMatch(lengths[0]))
            || All("Expect").Exists(value => !value.Equals("100-continue", StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        var target = line.Groups[2].Value;
        var absolute = AbsoluteText().Match(target);
        if (target == "*" ? line.Groups[1].Value != "OPTIONS"
            : target[0] != '/' && !(absolute.Success && absolute.Groups[1].Value.Equals(hosts[0], StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        return new RequestReading(
            $"{line.Groups[1].Value} {target} {(isOld ? ProtocolVersion.Http10 : ProtocolVersion.Http11)}",
            string.Concat(pairs.Select(pair => $"{pair.Name}:{pair.Value}\n")),
            hosts[0],
            codings.Count > 0 ? BodyFraming.Chunked : lengths.Count > 0 ? BodyFraming.Length : BodyFraming.None,
            lengths.Count > 0 ? long.Parse(lengths[0], CultureInfo.InvariantCulture) : 0,
            !options.Contains("close") && (!isOld || options.Contains("keep-alive")),
            end + 4);
    }

    private static bool IsHost(string text) =>
        HostText().Match(text) is { Success: true } match && (!match.Groups["v6"].Success || IPAddress.TryParse(match.Groups["v6"].Value, out _));

    [GeneratedRegex(@"\A((?!CONNECT )[!#$%&'*+\-.^_`|~0-9A-Z]+) ([!-""$-~]+) HTTP/1\.([01])\z")]
    private static partial Regex LineText();

    [GeneratedRegex(@"\A([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t -~\x80-\xfe]*)\z")]
    private static partial Regex FieldLineText();

    [GeneratedRegex(@"\A([0-9A-Za-z\-._~]+|\[(?<v6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\])(:(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?\z")]
    private static partial Regex HostText();

    [GeneratedRegex(@"\A[0-9]{1,18}\z")]
    private static partial Regex NumberText();

    [GeneratedRegex(@"\A[Hh][Tt][Tt][Pp][Ss]?://([^/?]+)([/?].*)?\z")]
    private static partial Regex AbsoluteText();
}
