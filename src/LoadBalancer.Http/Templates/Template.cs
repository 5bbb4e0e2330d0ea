using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Templates;

/// <summary>
/// A text of the file with variables of the request in it: <c>${client_ip}</c>, and <c>$$</c> for a dollar. Parsed at load, so that what it
/// names exists; rendered without allocation. Immutable and thread-safe.
/// </summary>
internal sealed class Template
{
    private const string CapturePrefix = "path.";
    private const string HeaderPrefix = "header.";
    private const string ClaimPrefix = "identity.claim.";

    /// <summary>The most of a claim that is rendered, in characters.</summary>
    private const int LongestClaim = 2048;

    private static readonly (string Name, TemplateVariable Variable)[] Plain =
    [
        ("client_ip", TemplateVariable.ClientIp), ("host", TemplateVariable.Host), ("path", TemplateVariable.Path), ("query", TemplateVariable.Query),
        ("method", TemplateVariable.Method), ("scheme", TemplateVariable.Scheme), ("request_id", TemplateVariable.RequestId),
        ("identity.sub", TemplateVariable.Subject), ("identity.plan", TemplateVariable.Plan),
    ];

    private readonly TemplatePart[] _parts;

    private Template(TemplatePart[] parts) => _parts = parts;

    /// <summary>The parts in their order.</summary>
    public ReadOnlySpan<TemplatePart> Parts => _parts;

    /// <summary>True where it renders the same text for every request.</summary>
    public bool IsConstant => _parts.All(static part => part.Variable == TemplateVariable.None);

    /// <summary>True where it says something of who calls, so that somebody has to find that out.</summary>
    public bool AsksForIdentity => _parts.Any(static part => part.Variable is TemplateVariable.Subject or TemplateVariable.Plan or TemplateVariable.Claim);

    /// <summary>Parses a text.</summary>
    /// <param name="text">The text, references to the environment replaced already.</param>
    /// <param name="captures">What the route's path captures, in its order.</param>
    /// <param name="template">The template.</param>
    /// <returns>What is wrong with it; null where nothing is.</returns>
    public static string? TryParse(string text, IReadOnlyList<string> captures, out Template template)
    {
        var parts = new List<TemplatePart>();
        var literal = new StringBuilder();
        template = new Template([]);
        for (var at = 0; at < text.Length; at++)
        {
            var next = at + 1 < text.Length ? text[at + 1] : '\0';
            if (text[at] != '$' || next is not ('$' or '{'))
            {
                literal.Append(text[at]);
                continue;
            }

            if (next == '$')
            {
                literal.Append('$');
                at++;
                continue;
            }

            var end = text.IndexOf('}', at);
            if (end < 0)
            {
                return "'${' without '}'; a dollar is written $$";
            }

            if (Refer(text[(at + 2)..end], captures, out var part) is { } fault)
            {
                return fault;
            }

            Flush(literal, parts);
            parts.Add(part);
            at = end;
        }

        Flush(literal, parts);
        template = new Template([.. parts]);
        return null;
    }

    /// <summary>A text that was checked at load.</summary>
    /// <exception cref="ArgumentException">It has a fault.</exception>
    public static Template Parse(string text, IReadOnlyList<string> captures) =>
        TryParse(text, captures, out var template) is { } fault ? throw new ArgumentException($"{ScalarNode.Quote(text)}: {fault}", nameof(text)) : template;

    /// <summary>Renders it at the end of <paramref name="to"/>; on the exchange's loop.</summary>
    /// <returns><see cref="FaultKind.None"/>, or why the request is refused: then <paramref name="to"/> may have bytes that nothing refers to.</returns>
    public FaultKind Append(Exchange exchange, HeaderList to, TemplateUse use)
    {
        foreach (ref readonly var part in _parts.AsSpan())
        {
            if (part.Variable == TemplateVariable.None)
            {
                to.Append(part.Text);
            }
            else if (!AppendVariable(part, exchange, to, use))
            {
                return FaultKind.RequestInvalid;
            }
        }

        return FaultKind.None;
    }

    private static bool AppendVariable(in TemplatePart part, Exchange exchange, HeaderList to, TemplateUse use)
    {
        var request = exchange.Request;
        var source = part.Variable switch
        {
            TemplateVariable.Host => request.Host,
            TemplateVariable.Path => request.Path,
            TemplateVariable.Capture => exchange.Captures[part.Capture].Of(request.Fields),
            TemplateVariable.Query => request.Query,
            TemplateVariable.Method => request.MethodText,
            TemplateVariable.Scheme => exchange.IsClientSecure ? "https"u8 : "http"u8,
            TemplateVariable.RequestId => exchange.RequestId,
            TemplateVariable.Header => request.Fields.Find(part.Known, part.Text) is var at and >= 0 ? request.Fields.Value(at) : default,
            _ => default,
        };
        if (part.Variable is TemplateVariable.Subject or TemplateVariable.Plan or TemplateVariable.Claim)
        {
            return AppendText(OfIdentity(part, exchange.Identity), part.Variable, to, use);
        }

        if (part.Variable == TemplateVariable.ClientIp && exchange.ClientAddress is { } address)
        {
            Span<byte> text = stackalloc byte[64];
            return TemplateText.Append(text[..ForwardedHeaders.Write(address, text)], part.Variable, to, use);
        }

        return TemplateText.Append(source, part.Variable, to, use);
    }

    private static string? OfIdentity(in TemplatePart part, Identity? identity) => part.Variable switch
    {
        TemplateVariable.Subject => identity?.Subject,
        TemplateVariable.Plan => identity?.Plan,
        _ => identity is not null && identity.TryGetClaim(part.Claim!, out var values) ? values[0] : null,
    };

    private static bool AppendText(string? text, TemplateVariable variable, HeaderList to, TemplateUse use)
    {
        if (text is null)
        {
            return true;
        }

        if (text.Length > LongestClaim)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[3 * LongestClaim];
        return TemplateText.Append(bytes[..Encoding.UTF8.GetBytes(text, bytes)], variable, to, use);
    }

    private static string? Refer(string name, IReadOnlyList<string> captures, out TemplatePart part)
    {
        part = default;
        var shown = ScalarNode.Quote($"${{{name}}}");
        if (Plain.FirstOrDefault(variable => variable.Name == name) is { Name: not null } plain)
        {
            part = new TemplatePart(plain.Variable, []);
            return null;
        }

        if (name.StartsWith(CapturePrefix, StringComparison.Ordinal))
        {
            var capture = name[CapturePrefix.Length..];
            for (var at = 0; at < captures.Count; at++)
            {
                if (captures[at] == capture)
                {
                    part = new TemplatePart(TemplateVariable.Capture, [], Capture: at);
                    return null;
                }
            }

            return $"{shown}: the route's path has no {{{ScalarNode.Clean(capture)}}}{(captures.Count > 0 ? $"; it has {string.Join(", ", captures.Select(known => $"{{{known}}}"))}" : "")}";
        }

        if (name.StartsWith(HeaderPrefix, StringComparison.Ordinal))
        {
            var field = Encoding.UTF8.GetBytes(name[HeaderPrefix.Length..]);
            if (!FieldText.IsToken(field))
            {
                return $"{shown}: the name of a header field is missing, or has characters that no such name has";
            }

            part = new TemplatePart(TemplateVariable.Header, field, KnownHeaders.Find(field));
            return null;
        }

        if (name.StartsWith(ClaimPrefix, StringComparison.Ordinal) && name.Length > ClaimPrefix.Length)
        {
            part = new TemplatePart(TemplateVariable.Claim, [], Claim: name[ClaimPrefix.Length..]);
            return null;
        }

        string[] names = [.. Plain.Select(variable => variable.Name), "path.NAME", "header.NAME", "identity.claim.NAME"];
        var suggestion = NearestName.Suggest(name, Plain.Select(variable => variable.Name));
        return $"{shown} is no variable{(suggestion.Length > 0 ? suggestion : $"; there are {string.Join(", ", names)}")}";
    }

    private static void Flush(StringBuilder literal, List<TemplatePart> parts)
    {
        if (literal.Length > 0)
        {
            parts.Add(new TemplatePart(TemplateVariable.None, Encoding.UTF8.GetBytes(literal.ToString())));
            literal.Clear();
        }
    }
}
