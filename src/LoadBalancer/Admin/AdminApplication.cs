using System.Collections.Frozen;
using LoadBalancer.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// Answers the requests of the operator's listener: GET and HEAD of a known path, from a host that no stranger controls,
/// without a body. Everything else gets a status that says what is wrong and a line that says what exists.
/// </summary>
internal sealed class AdminApplication(IReadOnlyList<IAdminPage> pages, HostGuard guard, LogSink log) : IHttpApplication<IFeatureCollection>
{
    private readonly FrozenDictionary<string, IAdminPage> _pages = pages.ToFrozenDictionary(page => page.Path, StringComparer.Ordinal);
    private readonly string _paths = string.Join(' ', pages.Select(page => page.Path).Order(StringComparer.Ordinal));

    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        // The transport may have resumed us on an event loop, and reading all counters takes milliseconds.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        var answer = Answer(request, context, response.Headers);
        response.StatusCode = answer.Status;
        response.Headers.ContentType = answer.ContentType;
        response.Headers.ContentLength = answer.Body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsHead(request.Method))
        {
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(answer.Body);
        }
    }

    private AdminAnswer Answer(IHttpRequestFeature request, IFeatureCollection connection, IHeaderDictionary headers)
    {
        if (Refusal(request, connection) is { } refusal)
        {
            // What was refused unread must not be taken for the next request.
            headers.Connection = "close";
            return refusal;
        }

        if (!_pages.TryGetValue(request.Path, out var page))
        {
            return AdminAnswer.Text(404, $"nothing here; there are {_paths}");
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            headers.Allow = new StringValues(["GET, HEAD"]);
            return AdminAnswer.Text(405, $"{page.Path} can be read with GET or HEAD");
        }

        try
        {
            return page.Read(request.Headers.Accept);
        }
        catch (Exception error)
        {
            // A bug of a page must not look like a broken connection, which a scraper reports as "down".
            log.Error(error, "an admin page failed", ("path", page.Path));
            return AdminAnswer.Text(500, "this page failed; the log says why");
        }
    }

    private AdminAnswer? Refusal(IHttpRequestFeature request, IFeatureCollection connection)
    {
        var local = connection.Get<LocalPeer>() is not null;
        if (!local && !guard.AcceptsHost(request.Headers.Host))
        {
            return AdminAnswer.Text(421, "the Host is not an IP address, localhost or a name of this machine; a stranger's name is not answered (DNS rebinding)");
        }

        if (!local && !guard.AcceptsOrigin(request.Headers.Origin))
        {
            return AdminAnswer.Text(403, "pages of another origin may not read this");
        }

        return connection.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? AdminAnswer.Text(413, "a request with a body is not taken here") : null;
    }
}
