using System.Collections.Frozen;
using LoadBalancer.Configuration;
using LoadBalancer.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace LoadBalancer.Daemon.Admin;

/// <summary>
/// Answers the requests of the operator's listener: GET and HEAD of a page, POST of a change, as the gate allows. A body is taken only
/// by an action that wants one, from a caller who may ask for it. Everything else gets a status that says what is wrong and a line that says what exists. A change, made or
/// refused, is a line in the log.
/// </summary>
/// <param name="pages">What can be read.</param>
/// <param name="actions">What can be changed.</param>
/// <param name="gate">Who may.</param>
/// <param name="refusals">Counts what is refused.</param>
/// <param name="log">Takes the changes, and what fails.</param>
internal sealed class AdminApplication(
    IReadOnlyList<IAdminPage> pages, IReadOnlyList<IAdminAction> actions, Live<AdminGate> gate, AdminRefusals refusals, LogSink log)
    : IHttpApplication<IFeatureCollection>
{
    private readonly FrozenDictionary<string, IAdminPage> _pages = pages.ToFrozenDictionary(page => page.Path, StringComparer.Ordinal);
    private readonly FrozenDictionary<string, IAdminAction> _actions = actions.ToFrozenDictionary(action => action.Path, StringComparer.Ordinal);
    private readonly string _paths = string.Join(' ', pages.Select(page => page.Path).Order(StringComparer.Ordinal))
        + string.Concat(actions.GroupBy(action => action.Method, action => action.Path).OrderByDescending(group => group.Key, StringComparer.Ordinal)
            .Select(group => $", and {(group.Key == "POST" ? "with POST" : "for who may change something")} {string.Join(' ', group.Order(StringComparer.Ordinal))}"));

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
        var answer = await AnswerAsync(request, context, response.Headers);
        using var pages = answer.Pages;
        response.StatusCode = answer.Status;
        response.Headers.ContentType = answer.ContentType;
        response.Headers.ContentLength = pages?.Length ?? answer.Body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        if (!HttpMethods.IsHead(request.Method))
        {
            var writer = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
            foreach (var piece in pages?.Pieces ?? [answer.Body])
            {
                await writer.WriteAsync(piece);
            }
        }
    }

    private async Task<AdminAnswer> AnswerAsync(IHttpRequestFeature request, IFeatureCollection features, IHeaderDictionary headers)
    {
        var caller = AdminCaller.Of(features);
        var (action, item) = Find(request.Path);
        var allowed = gate.Current;
        if (allowed.RefuseAddress(caller) is { } outside)
        {
            refusals.Count(outside.Reason);
            if (refusals.TakeAddressLine() is > 0 and var count)
            {
                log.Warn("an address that admin.allow_ips does not have asked the admin listener", ("from", caller.From), ("refused", count));
            }

            headers.Connection = "close";
            return Refused(outside, action);
        }

        if ((allowed.RefuseReading(caller) ?? (action is { MostBody: > 0 } ? null : RefuseBody(features))) is { } refusal)
        {
            refusals.Count(refusal.Reason);

            // What was refused unread must not be taken for the next request.
            headers.Connection = "close";
            return Refused(refusal, action);
        }

        if (action is not null)
        {
            return await ActAsync(action, item, features, caller, headers);
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

    private (IAdminAction? Action, string? Item) Find(string path)
    {
        if (_actions.GetValueOrDefault(path) is { } exact)
        {
            return (exact, null);
        }

        var slash = path.Length > 1 ? path.IndexOf('/', 1) : -1;
        return slash > 0 && slash < path.Length - 1 && _actions.GetValueOrDefault(path[..slash]) is { HasItems: true } action ? (action, path[(slash + 1)..]) : default;
    }

    private async Task<AdminAnswer> ActAsync(IAdminAction action, string? item, IFeatureCollection features, AdminCaller caller, IHeaderDictionary headers)
    {
        var request = features.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Method != action.Method)
        {
            headers.Allow = action.Method;
            headers.Connection = "close";
            return AdminAnswer.Problem(405, action.IsChange ? $"{action.Path} is a change, and made with POST" : $"{action.Path} is asked for with {action.Method}");
        }

        if (gate.Current.RefuseChange(caller, out var who) is { } refusal)
        {
            refusals.Count(refusal.Reason);
            log.Warn(action.IsChange ? "a change was refused" : "a question was refused", (action.IsChange ? "change" : "question", action.Path), ("from", caller.From), ("reason", refusal.Why));
            headers.Connection = "close";
            return Refused(refusal, action);
        }

        AdminAnswer answer;
        try
        {
            answer = Parse(action, request.QueryString, out var query) is { } wrong
                ? AdminAnswer.Problem(400, wrong)
                : await action.RunAsync(new AdminRequest(query, who) { Name = item, Body = await ReadAsync(request, features, action.MostBody) });
        }
        catch (BadHttpRequestException error)
        {
            headers.Connection = "close";
            answer = AdminAnswer.Problem(
                error.StatusCode, error.StatusCode == 413 ? FormattableString.Invariant($"the body has more than the {action.MostBody} bytes that {action.Path} takes") : "the body cannot be read");
        }
        catch (Exception error)
        {
            log.Error(error, "a change failed", ("change", action.Path));
            answer = AdminAnswer.Problem(500, "this failed; the log says why");
        }

        if (action.IsChange)
        {
            log.Info("a change by an operator", ("change", action.Path + request.QueryString), ("who", who), ("from", caller.From), ("status", answer.Status));
        }

        return answer;
    }

    private static async Task<byte[]> ReadAsync(IHttpRequestFeature request, IFeatureCollection features, int most)
    {
        if (most == 0)
        {
            return [];
        }

        features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private static AdminAnswer Refused(AdminRefusal refusal, IAdminAction? action) =>
        (action is null ? AdminAnswer.Text(refusal.Status, refusal.Why) : AdminAnswer.Problem(refusal.Status, refusal.Why)) with { Headers = refusal.Headers };

    private static AdminRefusal? RefuseBody(IFeatureCollection features) =>
        features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? new AdminRefusal(413, AdminRefusalReason.BodyNotTaken, "a request with a body is not taken here; parameters go into the query") : null;

    private static string? Parse(IAdminAction action, string text, out Dictionary<string, string> query)
    {
        query = new(StringComparer.Ordinal);
        foreach (var (name, values) in QueryHelpers.ParseQuery(text))
        {
            if (!action.Parameters.Contains(name, StringComparer.Ordinal))
            {
                return $"unknown parameter {ScalarNode.Quote(name)}{NearestName.Suggest(name, action.Parameters)}; there are {string.Join(", ", action.Parameters)}";
            }

            if (values.Count > 1)
            {
                return $"'{name}' is given twice";
            }

            query[name] = values.ToString();
        }

        return null;
    }
}
