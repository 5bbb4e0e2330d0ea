using System.Globalization;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Responses;

/// <summary>Another place that a client is sent to: the file's <c>redirect</c>.</summary>
internal sealed record RedirectOptions : IConfigurable<RedirectOptions>
{
    /// <inheritdoc/>
    public static Shape<RedirectOptions> Shape { get; } = new(
        "redirect", "Another place that a client is sent to.", """{to: "https://www.example.com/docs", status: 308}""", () => new(), shortForm: "to")
    {
        {
            "to", Kinds.Template(4096), o => o.To, (o, value) => o with { To = value },
            "The Location: a URL, or a path that begins with one slash. A template.", Presence.Required
        },
        {
            "status", Kinds.Word("301", "302", "303", "307", "308"), o => o.Status.ToString(CultureInfo.InvariantCulture),
            (o, value) => o with { Status = int.Parse(value, CultureInfo.InvariantCulture) },
            "`301` and `308` for good, `302`, `303` and `307` for now. `307` and `308` keep the method."
        },
    };

    /// <summary>The Location, a template.</summary>
    public string To { get; init; } = "";

    /// <summary>The status: one of 301, 302, 303, 307, 308.</summary>
    public int Status { get; init; } = 307;
}
