using System.Buffers;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Policies.Authorization;
using LoadBalancer.Http.Policies.Headers;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Templates;

namespace LoadBalancer.Http;

/// <summary>
/// What is wrong with the templates of a route, and with what they are to be written into: at load, so that no request finds it out. A route that
/// has no fault here can be built.
/// </summary>
internal static class RouteChecks
{
    // RFC 3986: pchar, and the slash.
    private static readonly SearchValues<byte> InPath = SearchValues.Create("/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%"u8);

    // lb writes these by itself, for each connection anew.
    private static readonly KnownHeader[] Framing =
    [
        KnownHeader.Connection, KnownHeader.ContentLength, KnownHeader.Http2Settings, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.Te, KnownHeader.Trailer,
        KnownHeader.TransferEncoding, KnownHeader.Upgrade, KnownHeader.XContentLength,
    ];

    // Further ones that mean something to clients or caches, and would be taken off as tags are.
    private static readonly string[] Meaningful = ["accept-ranges", "age", "cache-status", "content-location", "content-range", "etag", "expires", "last-modified", "vary", "www-authenticate"];

    /// <summary>The faults of a route whose path is valid.</summary>
    public static IEnumerable<RouteFault> Of(RouteOptions route)
    {
        var captures = route.Pattern.Captures;
        var policies = route.Policies;
        return
        [
            .. policies.Require is { } require ? OfClaims(require, captures) : [],
            .. OfChanges("request_headers", policies.RequestHeaders, captures, isRequest: true),
            .. OfChanges("response_headers", policies.ResponseHeaders, captures, isRequest: false),
            .. OfTags(policies.Cache?.Tags),
            .. OfRewrite(policies.Rewrite, captures),
            .. policies.Cache is { } cache ? OfKey(cache.Key, route) : [],
            .. policies.OnError.Count == 0 ? [] : policies.OnError.SelectMany(page => OfContent(["on_error", page.Key], page.Value.Body, page.Value.Headers, captures)),
            .. route.Respond is { IsReadiness: false } respond ? OfContent(["respond"], respond.Body, respond.Headers, captures) : [],
            .. OfRedirect(route.Redirect, captures, route.Host is not null),
            .. policies.Auth is null ? OfIdentities(route) : [],
        ];
    }

    private static IEnumerable<RouteFault> OfClaims(RequireOptions require, IReadOnlyList<string> captures) =>
        from claim in require.Claims
        from value in claim.Value.Select((text, at) => (Text: text, At: at))
        let fault = Template.TryParse(value.Text, captures, out _)
        where fault is not null
        select new RouteFault(["require", "claims", claim.Key, $"{value.At}"], fault);

    // Every template of a route is listed here with its place; those with faults of their own are reported where they are read.
    private static IEnumerable<RouteFault> OfIdentities(RouteOptions route)
    {
        var captures = route.Pattern.Captures;
        var policies = route.Policies;
        if (policies is { RequestHeaders: null, ResponseHeaders: null, Rewrite: null, OnError.Count: 0 } && route is { Respond: null, Redirect: null })
        {
            return [];
        }

        IEnumerable<(string[] Path, string? Text)> templates =
        [
            .. Changes("request_headers", policies.RequestHeaders),
            .. Changes("response_headers", policies.ResponseHeaders),
            (["rewrite", "path"], policies.Rewrite?.Path),
            .. Fields(["rewrite", "query", "set"], policies.Rewrite?.Query.Set),
            .. policies.OnError.SelectMany(page => Fields(["on_error", page.Key, "headers"], page.Value.Headers).Append((["on_error", page.Key, "body"], page.Value.Body))),
            (["respond", "body"], route.Respond?.Body),
            .. Fields(["respond", "headers"], route.Respond?.Headers),
            (["redirect", "to"], route.Redirect?.To),
        ];
        return templates
            .Where(template => template.Text is not null && Template.TryParse(template.Text, captures, out var parsed) is null && parsed.AsksForIdentity)
            .Select(template => new RouteFault(template.Path, $"{ScalarNode.Quote(template.Text!)} says who calls, and nobody finds that out: give the route 'auth'"));

        static IEnumerable<(string[], string?)> Changes(string key, HeaderChangesOptions? changes) =>
            [.. Fields([key, "set"], changes?.Set), .. Fields([key, "add"], changes?.Add)];

        static IEnumerable<(string[], string?)> Fields(string[] path, ValueMap<string>? fields) =>
            (fields ?? ValueMap<string>.Empty).Select(field => ((string[])[.. path, field.Key], (string?)field.Value));
    }

    private static IEnumerable<RouteFault> OfChanges(string key, HeaderChangesOptions? changes, IReadOnlyList<string> captures, bool isRequest) =>
        changes is null ? [] :
        [
            .. changes.Remove.SelectMany((name, at) => OfName([key, "remove", $"{at}"], name, isRequest)),
            .. OfFields([key, "set"], changes.Set, captures, isRequest),
            .. OfFields([key, "add"], changes.Add, captures, isRequest),
        ];

    private static IEnumerable<RouteFault> OfTags(string? name) =>
        name is not null && (KnownHeaders.Find(Encoding.ASCII.GetBytes(name)) != KnownHeader.Other || Meaningful.Contains(name, StringComparer.OrdinalIgnoreCase))
            ? [new RouteFault(["cache", "tags"], $"{ScalarNode.Quote(name)} means something to clients, and what has tags is not sent to them: name a field for tags alone, such as Cache-Tag")]
            : [];

    private static IEnumerable<RouteFault> OfRewrite(Policies.Rewrite.RewriteOptions? rewrite, IReadOnlyList<string> captures)
    {
        if (rewrite is null)
        {
            yield break;
        }

        if (rewrite.Path is { } path)
        {
            if (rewrite.StripPrefix is not null)
            {
                yield return new RouteFault(["rewrite", "strip_prefix"], "'strip_prefix' and 'path' exclude each other: 'path' is the whole path already");
            }

            var fault = Template.TryParse(path, captures, out var template) ?? OfPath(template);
            if (fault is not null)
            {
                yield return new RouteFault(["rewrite", "path"], fault);
            }
        }

        foreach (var (name, value) in rewrite.Query.Set)
        {
            if (Template.TryParse(value, captures, out _) is { } fault)
            {
                yield return new RouteFault(["rewrite", "query", "set", name], fault);
            }
        }
    }

    private static string? OfPath(Template path)
    {
        var first = path.Parts.Length > 0 ? path.Parts[0] : default;
        if (first.Variable != TemplateVariable.Path && !(first.Variable == TemplateVariable.None && first.Text is [(byte)'/', ..]))
        {
            return "a path begins with '/'";
        }

        foreach (var part in path.Parts)
        {
            if (part.Variable == TemplateVariable.Query)
            {
                return "'${query}' is passed on beside the path: leave '?' and what follows it out";
            }

            if (part.Variable == TemplateVariable.None && part.Text.AsSpan().ContainsAnyExcept(InPath))
            {
                return "a path has letters, digits and -._~!$&'()*+,;=:@ in its segments; percent-encode the others. For the query there is 'query'";
            }
        }

        return null;
    }

    private static IEnumerable<RouteFault> OfKey(CacheKeyOptions key, RouteOptions route)
    {
        string[] path = ["cache", "key"];
        if (key.Query is { } query)
        {
            foreach (var name in route.Query.Keys.Except(query, StringComparer.Ordinal))
            {
                yield return new RouteFault([.. path, "query"], $"the route asks for the parameter {ScalarNode.Quote(name)}, and the endpoint would not get it: list it here");
            }

            foreach (var name in (route.Policies.Rewrite?.Query.Set.Keys ?? []).Except(query, StringComparer.Ordinal))
            {
                yield return new RouteFault([.. path, "query"], $"'rewrite' sets the parameter {ScalarNode.Quote(name)}, and the endpoint would not get it: list it here");
            }
        }

        for (var at = 0; at < key.Headers.Count; at++)
        {
            string[] place = [.. path, "headers", $"{at}"];
            if (KnownHeaders.Find(Encoding.ASCII.GetBytes(key.Headers[at])) == KnownHeader.Cookie)
            {
                yield return new RouteFault(place, "a request has many cookies in one field: name those that count in 'cookies'");
            }

            foreach (var fault in OfName(place, key.Headers[at], isRequest: false))
            {
                yield return fault;
            }
        }
    }

    private static IEnumerable<RouteFault> OfContent(string[] path, string? body, ValueMap<string> headers, IReadOnlyList<string> captures) =>
    [
        .. body is not null && Template.TryParse(body, captures, out _) is { } fault ? [new RouteFault([.. path, "body"], fault)] : Array.Empty<RouteFault>(),
        .. OfFields([.. path, "headers"], headers, captures, isRequest: false),
    ];

    private static IEnumerable<RouteFault> OfRedirect(RedirectOptions? redirect, IReadOnlyList<string> captures, bool hasHost)
    {
        if (redirect is not null && (Template.TryParse(redirect.To, captures, out var to) ?? RedirectTarget.Check(to, hasHost)) is { } fault)
        {
            yield return new RouteFault(["redirect", "to"], fault);
        }
    }

    private static IEnumerable<RouteFault> OfFields(string[] path, ValueMap<string> fields, IReadOnlyList<string> captures, bool isRequest) =>
        fields.SelectMany(field => OfName([.. path, field.Key], field.Key, isRequest)
            .Concat(Template.TryParse(field.Value, captures, out _) is { } fault ? [new RouteFault([.. path, field.Key], fault)] : []));

    private static IEnumerable<RouteFault> OfName(string[] path, string name, bool isRequest)
    {
        var known = KnownHeaders.Find(Encoding.ASCII.GetBytes(name));
        if (Framing.Contains(known))
        {
            yield return new RouteFault(path, $"{ScalarNode.Quote(name)} is about a connection or the length of a message: lb writes it by itself");
        }
        else if (isRequest && known == KnownHeader.Host)
        {
            yield return new RouteFault(path, "the Host that endpoints get is the upstream's 'host': keep, endpoint or a name");
        }
    }
}
