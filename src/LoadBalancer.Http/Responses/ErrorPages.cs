using System.Globalization;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Responses;

/// <summary>What clients of a route get in place of errors of lb's own: <c>on_error</c>. Immutable and thread-safe.</summary>
internal sealed class ErrorPages
{
    private readonly (int Status, OwnContent? Content, string? Upstream)[] _pages;

    /// <summary>What the file says, by status.</summary>
    public ErrorPages(ValueMap<OnErrorOptions> options, IReadOnlyList<string> captures) =>
        _pages = [.. options.Select(page => (
            int.Parse(page.Key, CultureInfo.InvariantCulture),
            page.Value.Upstream is null ? new OwnContent(page.Value.Body, page.Value.Headers, captures) : null,
            page.Value.Upstream))];

    /// <summary>The name of the upstream that answers in place of the status; null where none does.</summary>
    public string? UpstreamFor(int status)
    {
        foreach (var page in _pages)
        {
            if (page.Status == status)
            {
                return page.Upstream;
            }
        }

        return null;
    }

    /// <summary>Puts the page of the status into the exchange's response; false where there is none.</summary>
    public bool TryFill(Exchange exchange, int status)
    {
        foreach (var page in _pages)
        {
            if (page.Status == status && page.Content is { } content)
            {
                if (content.Fill(exchange) == FaultKind.None)
                {
                    return true;
                }

                exchange.Response.Fields.Reset();
                return false;
            }
        }

        return false;
    }
}
