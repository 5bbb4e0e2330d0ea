using System.Text;

namespace LoadBalancer.Http.Explaining;

/// <summary>A request as somebody could send it, that stands for others like it: an example, or the proof that there is one.</summary>
/// <param name="Method">The method.</param>
/// <param name="Host">The host, without a port.</param>
/// <param name="Path">The canonical path.</param>
/// <param name="Headers">Header fields beside Host.</param>
/// <param name="Query">Query parameters, percent-encoding undone.</param>
internal sealed record RequestExample(
    string Method, string Host, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<KeyValuePair<string, string>> Query)
{
    /// <summary>The request, for an <see cref="Explainer"/>.</summary>
    /// <param name="isSecure">True where it comes by TLS.</param>
    public RehearsedRequest ToRequest(bool isSecure) => new()
    {
        Method = Method,
        Url = $"{(isSecure ? "https" : "http")}://{Host}{Target}",
        Target = Target,
        Authority = Host,
        Fields = [.. Headers.Select(header => $"{header.Key}: {header.Value}")],
    };

    /// <summary>As a person would write it down: <c>POST api.example.com/trips?v=2, X-Api-Version: 2</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{Method} {Host}{Target}");
        foreach (var (name, value) in Headers)
        {
            text.Append(", ").Append(name).Append(": ").Append(value);
        }

        return text.ToString();
    }

    private string Target => Query.Count == 0 ? Path : $"{Path}?{string.Join('&', Query.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"))}";
}
