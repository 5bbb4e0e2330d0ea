// One file: what a listener of http and its routes say beside each other. What is about one key or two, such as queues, limits and callers, has a file of its own.

using LoadBalancer.Configuration;
using LoadBalancer.Http;
using LoadBalancer.Http.Authentication.Oidc;
using LoadBalancer.Http.Policies.Authentication;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Responses;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of an HTTP listener, or of one of its routes, cannot tell alone.</summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">How it is loaded.</param>
internal sealed class HttpChecks(GatewayOptions options, MapNode root, ConfigReader reader, LoadSettings settings)
{
    private const double ShareTolerance = 0.000_001;

    private static readonly string[] Actions = ["upstream", "split", "redirect", "respond"];

    // A fault of the defaults is found in every route that has them, and reported once.
    private readonly HashSet<(SourceSpan Place, string Message)> _reported = [];

    private (string Listener, RouteOptions Route, MapNode Item) _checked;
    private int _faults;

    private CallerChecks Callers => field ??= new CallerChecks(options, reader, Error);

    private QueueChecks Queues => field ??= new QueueChecks(options, root, reader);

    private LimitChecks Limits => field ??= new LimitChecks(options, root, reader, settings);

    // One for all routes, of which there may be thousands: what the one is called that is checked, and where one of its keys is written, be it in defaults.
    private Func<string> Shown => field ??= () => NameOf(_checked.Route);

    private Action<SourceSpan, string> Report => field ??= Error;

    private Func<string[], ConfigNode> Written => field ??= path => Exact(_checked.Item, path) ?? Inherited(_checked.Listener, path) ?? _checked.Item;

    /// <summary>Checks one listener.</summary>
    public void Run(string name, ListenerOptions listener)
    {
        var node = root.Locate("listeners", name);
        ListenerHasOneProtocol(name, node);
        if (node is not MapNode { Label: not "listeners" } written)
        {
            return;
        }

        UpstreamsFitTheProtocol(listener);
        if (listener.Http is not { } http || written.Find("http") is null)
        {
            return;
        }

        TimeoutsAreOfHttp(written);
        ListenerLeadsSomewhere(name, http, written.Find("http")!.Value);
        var items = ItemsOf(name, http);
        for (var at = 0; at < items.Count; at++)
        {
            var (route, item) = (http.Routes[at], items[at]);
            if (item.Memory?.IsSound(route) == true)
            {
                PoliciesArePossible(name, listener, route, item);
            }
            else
            {
                RouteIsSound(name, listener, route, item);
            }
        }

        if (http.Upstream is not null)
        {
            // The one route that it stands for is written nowhere, and has what the defaults say.
            var only = http.AllRoutes[0];
            PoliciesArePossible(name, listener, only, written);
            if (!HasErrors(written))
            {
                TemplatesAreValid(name, only, written);
            }
        }

        NamesAreDistinct(http, items);
        RoutesDoNotConflict(http, items);
        LoginsHaveTheirPaths(http, items);
        new LoginChecks(options, reader).Run(http, written);
    }

    /// <summary>Every name of an upstream that a listener's <c>http</c> has and nobody defines, with its place.</summary>
    public IEnumerable<(string? Name, ConfigNode Place)> UndefinedNamesOf(string name, ListenerOptions listener)
    {
        if (listener.Http is not { } http)
        {
            yield break;
        }

        if (IsUndefined(http.Upstream))
        {
            yield return (http.Upstream, root.Locate("listeners", name, "http", "upstream"));
        }

        foreach (var (status, page) in http.Defaults.OnError)
        {
            if (IsUndefined(page.Upstream))
            {
                yield return (page.Upstream, Inherited(name, "on_error", status, "upstream") ?? root.Locate("listeners", name));
            }
        }

        var items = ItemsOf(name, http);
        for (var at = 0; at < items.Count; at++)
        {
            var (route, item) = (http.Routes[at], items[at]);
            if (IsUndefined(route.Upstream))
            {
                yield return (route.Upstream, item.Locate("upstream"));
            }

            if (IsUndefined(route.Mirror?.Upstream))
            {
                yield return (route.Mirror!.Upstream, item.Locate("mirror", "upstream"));
            }

            foreach (var upstream in route.Split is { } split ? split.To.Keys.Where(IsUndefined) : [])
            {
                yield return (upstream, (item.Locate("split", "to") as MapNode)?.Find(upstream) is { } entry ? new ScalarNode(entry.Place, entry.Key, entry.Key) : item);
            }

            foreach (var (status, page) in route.Policies.OnError.Count == 0 ? [] : route.Policies.OnError.Where(page => IsUndefined(page.Value.Upstream)))
            {
                if ((item.Find("on_error")?.Value as MapNode)?.Find(status) is { } entry)
                {
                    yield return (page.Upstream, entry.Value.Locate("upstream"));
                }
            }
        }
    }

    private bool IsUndefined(string? upstream) => upstream is not null && !options.Upstreams.ContainsKey(upstream);

    private void ListenerHasOneProtocol(string name, ConfigNode node)
    {
        var written = node as MapNode;
        if (written?.Find("tcp") is not null && written.Find("http") is { } http)
        {
            Error(http.Place, "a listener has either 'tcp' or 'http'");
        }
        else if (node is ScalarNode { IsEmpty: true } || (written is not null && written.Find("tcp") is null && written.Find("http") is null
            && written.Entries.All(entry => ListenerOptions.Shape.Keys.Any(key => key.Name == entry.Key))))
        {
            Error(node.Span, $"{ScalarNode.Quote(name)} needs the key 'tcp' or 'http': the name of the upstream that takes its connections, or its requests, or a map");
        }
    }

    private void UpstreamsFitTheProtocol(ListenerOptions listener)
    {
        if (listener.Tcp is not { } tcp)
        {
            return;
        }

        foreach (var name in new[] { tcp.Upstream, tcp.Otherwise }.OfType<string>().Concat(tcp.Sni.Values).Distinct(StringComparer.Ordinal))
        {
            var upstream = options.Upstreams.GetValueOrDefault(name);
            if (upstream is { Balance: "hash", Hash.On.Type: not HashSourceType.ClientIp })
            {
                Error(root.Locate("upstreams", name, "hash", "on").Span, $"a TCP listener leads to the upstream '{name}', and its connections have no {upstream.Hash.On}: use client_ip, or an upstream of its own");
            }

            if (upstream?.Affinity is not null)
            {
                Error(root.Locate("upstreams", name, "affinity").Span, $"a TCP listener leads to the upstream '{name}', and its connections have no cookies: leave 'affinity' out, or use an upstream of its own");
            }
        }
    }

    private void TimeoutsAreOfHttp(MapNode written)
    {
        foreach (var entry in (written.Find("timeouts")?.Value as MapNode)?.Entries ?? [])
        {
            if (entry.Key is "connect" or "handshake" or "idle" or "half_closed")
            {
                Error(entry.Place, $"'{entry.Key}' here is of 'tcp'; {(entry.Key == "connect" ? "an HTTP listener leaves it to the upstream" : "an HTTP listener has its time bounds in http: {timeouts: …}")}");
            }
        }
    }

    private void ListenerLeadsSomewhere(string name, HttpOptions http, ConfigNode written)
    {
        var map = written as MapNode;
        if (written is ScalarNode { IsEmpty: true } || (map is not null && map.Find("upstream") is null && map.Find("routes") is null && map.Find("redirect_to_https") is null
            && map.Entries.All(entry => HttpOptions.Shape.Keys.Any(key => key.Name == entry.Key))))
        {
            Error(written.Span, "'http' needs the key 'upstream': the name of an upstream, or the key 'routes': a list of routes");
        }
        else if (map?.Find("upstream") is not null && (map.Find("routes") ?? map.Find("redirect_to_https")) is { } other)
        {
            Error(other.Place, $"'http' has either 'upstream' or '{other.Key}'; for the requests that no other route takes, add a route without conditions");
        }

        if (http.RedirectToHttps && !options.Listeners.Values.Any(other => other is { Http: not null, Tls: not null }))
        {
            Error(
                map?.Find("redirect_to_https")?.Place ?? written.Span,
                "'redirect_to_https' leads only to names that a certificate of this file is for, and no HTTP listener has 'tls': give it to the one that clients are sent to");
        }
    }

    // That nothing is wrong with what the text of a route tells by itself, with what its defaults are, holds until either changes.
    private void RouteIsSound(string name, ListenerOptions listener, RouteOptions route, MapNode item)
    {
        var before = (_faults, reader.Findings);
        RouteIsWhole(route, item);
        if (route.Policies.Auth is { } auth && item.Find("auth") is { } written)
        {
            AuthIsWhole(auth, written.Value);
        }

        var isSound = before == (_faults, reader.Findings);
        PoliciesArePossible(name, listener, route, item);
        if (HasErrors(item))
        {
            return;
        }

        before = (_faults, reader.Findings);
        TemplatesAreValid(name, route, item);
        if (isSound && before == (_faults, reader.Findings))
        {
            item.Memory?.HoldSound(route);
        }
    }

    // What depends on what else the file says. Of a route that is as it was before nothing is parsed here unless something is wrong.
    private void PoliciesArePossible(string name, ListenerOptions listener, RouteOptions route, MapNode item)
    {
        _checked = (name, route, item);
        AuthIsDefined(name, route, item);
        Callers.Run(name, listener, route, Shown, item, Written);
        Limits.Run(route, Shown, item, Written, Report);
        if (item.Has("shed"))
        {
            Queues.ShedIsUsed(route, item);
        }
    }

    private void RouteIsWhole(RouteOptions route, MapNode item)
    {
        var actions = Actions.Where(item.Has).ToArray();
        if (actions.Length == 0 && item.Entries.All(entry => RouteOptions.Shape.Keys.Any(key => key.Name == entry.Key)))
        {
            Error(item.Span, $"{NameOf(route)} leads nowhere: it needs one of {string.Join(", ", Actions)}");
        }
        else if (actions.Length > 1)
        {
            Error(item.Find(actions[1])!.Place, $"a route has one action, and {NameOf(route)} has '{actions[0]}' already");
        }

        if (item.Find("path") is not null && item.Find("path_regex") is { } regex)
        {
            Error(regex.Place, "a route has either 'path' or 'path_regex'");
        }

        if (route.Split is { To.Count: > 0 } split && (item.Locate("split", "to") as MapNode)?.Entries.Count == split.To.Count
            && Math.Abs(split.To.Values.Sum() - 1) > ShareTolerance)
        {
            Error(item.Locate("split", "to").Span, $"the shares of 'split' are {Kinds.Percent("0%", "1000%").Print(Math.Round(split.To.Values.Sum(), 6))} together, not 100%");
        }

        if (item.Find("mirror") is { } mirror && route.Mirror is not null && route.Upstream is null && route.Split is null && actions.Length > 0)
        {
            Error(mirror.Place, $"'mirror' copies what is forwarded, and {NameOf(route)} forwards nothing");
        }

        if (item.Find("rewrite") is { } rewrite && route.Policies.Rewrite is not null && route.Upstream is null && route.Split is null && actions.Length > 0)
        {
            reader.Warn(rewrite.Place, $"'rewrite' changes what is forwarded, and {NameOf(route)} forwards nothing");
        }

        if (item.Find("retry") is { } retry)
        {
            RetryIsUsed(route, retry);
            RetryIsSafe(route, item, retry, forwards: route.Upstream is not null || route.Split is not null || actions.Length == 0);
        }

        foreach (var entry in (item.Find("on_error")?.Value as MapNode)?.Entries ?? [])
        {
            PageHasOneSource(route.Policies.OnError.GetValueOrDefault(entry.Key), entry);
        }
    }

    private void AuthIsDefined(string name, RouteOptions route, MapNode item)
    {
        if (route.Policies.Auth is not { } auth)
        {
            return;
        }

        if (!item.Has("auth") && Inherited(name, "auth") is { } inherited)
        {
            AuthIsWhole(auth, inherited);
        }

        // Where those are wrong themselves, that was said already.
        for (var at = 0; at < auth.Names.Count && !settings.Fragment && root.Find("auth")?.Value is null or MapNode; at++)
        {
            if (!options.Auth.ContainsKey(auth.Names[at]) && (root.Locate("auth") as MapNode)?.Find(auth.Names[at]) is null)
            {
                var written = item.Find("auth")?.Value ?? Inherited(name, "auth") ?? item;
                var place = written is MapNode node ? (node.Find("all") ?? node.Find("any"))?.Value ?? node : written;
                Error(place.LocateItem(at, auth.Names.Count).Span, $"no entry of 'auth' is called {ScalarNode.Quote(auth.Names[at])}{NearestName.Suggest(auth.Names[at], options.Auth.Keys)}");
            }
        }
    }

    private void AuthIsWhole(AuthOptions auth, ConfigNode written)
    {
        if (written is MapNode map && map.Find("any") is not null && map.Find("all") is { } all)
        {
            Error(all.Place, "'auth' has either 'any' or 'all'");
        }
        else if (auth.Names.Count == 0 && written is MapNode { Entries: var entries } && entries.All(entry => entry.Key is "optional" or "close_at_expiry"))
        {
            Error(written.Span, "'auth' needs 'any' or 'all': names of entries of 'auth' at the top of the file");
        }
    }

    // On the host of a route that people log in for, lb answers two paths by itself.
    private void LoginsHaveTheirPaths(HttpOptions http, List<MapNode> items)
    {
        if (!options.Auth.Values.Any(provider => provider.Oidc is not null))
        {
            return;
        }

        foreach (var (host, provider) in http.AllRoutes.SelectMany(route => (route.Policies.Auth?.Names ?? []).Select(name => (route.Host, name))).Distinct())
        {
            foreach (var (path, key) in options.Auth.GetValueOrDefault(provider)?.Oidc is { } oidc ? OidcRoutes.PathsOf(oidc) : [])
            {
                for (var at = 0; at < items.Count; at++)
                {
                    if (http.Routes[at].Host == host && http.Routes[at].Path == path)
                    {
                        Error(items[at].Locate("path").Span, $"lb itself answers at {path} there, for the logins of '{provider}': give the route another path, or the provider another '{key}'");
                    }
                }
            }
        }
    }

    // Of routes that take safe methods too, and of defaults, the retries that an endpoint may have seen the first of are for safe methods alone.
    private void RetryIsSafe(RouteOptions route, MapNode item, MapEntry retry, bool forwards)
    {
        if (!forwards)
        {
            reader.Warn(retry.Place, $"'retry' is for what is forwarded, and {NameOf(route)} forwards nothing");
        }
        else if (route.Policies.Retry is { IsForSeen: true, IdempotencyKey: null } && route.Methods.Count > 0
            && !route.Methods.Any(method => Enum.TryParse<RequestMethod>(method, ignoreCase: true, out var known) && RetryPlan.IsIdempotent(known)))
        {
            Error(
                item.Locate("retry", "on").Span,
                $"{string.Join(" and ", route.Methods)} may not be acted on twice, so that {NameOf(route)} can only be tried again on connect: add 'idempotency_key: required', or leave the other reasons and 'hedge_after' out");
        }
    }

    // What a reader of the file takes for working, and what does nothing.
    private void RetryIsUsed(RouteOptions route, MapEntry written)
    {
        if (written.Value is not MapNode map || route.Policies.Retry is not { } retry)
        {
            return;
        }

        var (isOff, timeout) = (retry.Attempts == 1, route.Timeout);
        Warn(isOff && retry.IsForSeen, "attempts", "'attempts: 1' is the first try alone, so that 'on' and 'hedge_after' do nothing");
        Warn(!isOff && retry.IsForSeen && retry.Budget == 0, "budget", "with 'budget: 0%' nothing is tried again that an endpoint may have seen, whatever 'on' and 'hedge_after' say");
        Warn(!retry.IsForSeen, "idempotency_key", "'idempotency_key' means something only with other reasons than connect in 'on', or with 'hedge_after'");
        Warn(retry.HedgeAfter >= retry.PerTry, "hedge_after", "'hedge_after' is not shorter than 'per_try': the first try has ended by then");
        Warn(retry.HedgeAfter >= timeout, "hedge_after", "'hedge_after' is not shorter than the route's 'timeout': the request has ended by then");
        Warn(retry.PerTry >= timeout, "per_try", "'per_try' is not shorter than the route's 'timeout': the request has ended by then");

        void Warn(bool isInVain, string key, string message)
        {
            if (isInVain && map.Find(key) is { } entry)
            {
                reader.Warn(entry.Place, message);
            }
        }
    }

    private void PageHasOneSource(OnErrorOptions? page, MapEntry entry)
    {
        if (page is { Upstream: null, Body: null } && entry.Value is MapNode { Entries: var keys } && keys.All(key => key.Key is "body" or "headers" or "upstream"))
        {
            Error(entry.Value.Span, $"'{entry.Key}' of 'on_error' needs 'body' or 'upstream'");
        }
        else if (page is { Upstream: not null, Body: not null })
        {
            Error(entry.Value.Span, $"'{entry.Key}' of 'on_error' has either 'body' or 'upstream'");
        }
    }

    private void TemplatesAreValid(string name, RouteOptions route, MapNode item)
    {
        foreach (var fault in RouteChecks.Of(route))
        {
            string[] path = [.. fault.Path];
            Error((Exact(item, path) ?? Inherited(name, path) ?? item).Span, fault.Message);
        }
    }

    private void NamesAreDistinct(HttpOptions http, List<MapNode> items)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var at = 0; at < items.Count; at++)
        {
            if (http.Routes[at].Name is { } route && items[at].Has("name") && !seen.TryAdd(route, at) && items[at].Find("name") is { } written)
            {
                Error(written.Value.Span, $"a route of this listener is called {written.Value.Found} already, at {items[seen[route]].Find("name")!.Value.Span}");
            }
        }
    }

    private void RoutesDoNotConflict(HttpOptions http, List<MapNode> items)
    {
        // What a check without secrets leaves unknown may be what tells two routes apart.
        if (reader.LeftUnknown || items.Count == 0)
        {
            return;
        }

        var (routes, places) = ((IReadOnlyList<RouteOptions>)http.Routes, items);
        if (reader.Errors.Count > 0)
        {
            var whole = Enumerable.Range(0, items.Count).Where(at => !HasErrors(items[at])).ToArray();
            (routes, places) = ([.. whole.Select(at => http.Routes[at])], [.. whole.Select(at => items[at])]);
        }

        foreach (var conflict in RouteConflicts.Find(routes))
        {
            var (route, item) = (routes[conflict.Route], places[conflict.Route]);
            var other = conflict.Other < 0 ? "" : $"{NameOf(routes[conflict.Other])} at {places[conflict.Other].Span}";
            Error(item.Span, conflict.Kind switch
            {
                RouteConflictKind.Tie => $"a request may be for {NameOf(route)} and for {other}, and neither is the more specific: add a condition that excludes the other, or a 'priority'",
                RouteConflictKind.RegexTie => $"nobody can tell which regular expression is the narrower, that of {NameOf(route)} or that of {other}: give them different priorities",
                RouteConflictKind.Unreachable => $"no request reaches {NameOf(route)}: {other} takes what it would",
                _ => $"the templates of the routes for {(route.Host is null ? "every host" : $"the host '{route.Host}'")} overlap in more ways than can be held: use fewer '{{…}}' beside one another",
            });
        }
    }

    // Items with errors of their kind were left out, and then nobody can say which is which; the others are checked when those are right.
    private List<MapNode> ItemsOf(string name, HttpOptions http)
    {
        var node = root.Locate("listeners", name, "http", "routes");
        var items = new List<MapNode>(http.Routes.Count);
        items.AddRange(node is ListNode list ? list.Items.OfType<MapNode>() : node is MapNode { Label: "routes" } one ? [one] : []);
        return items.Count == http.Routes.Count ? items : [];
    }

    // The errors of a route are inside its map.
    private bool HasErrors(MapNode item) => reader.Errors.Count > 0 && IsPlaceOfError(item);

    private bool IsPlaceOfError(MapNode item)
    {
        var places = Places(item).ToHashSet();
        return reader.Errors.Any(error => places.Contains(error.Place));
    }

    private static IEnumerable<SourceSpan> Places(ConfigNode node) => node switch
    {
        MapNode map => map.Entries.SelectMany(entry => Places(entry.Value).Prepend(entry.Place)).Prepend(map.Span),
        ListNode list => list.Items.SelectMany(Places).Prepend(list.Span),
        _ => [node.Span],
    };

    private ConfigNode? Inherited(string name, params string[] path) =>
        (root.Locate("listeners", name, "http") is MapNode http ? Exact(http, ["defaults", .. path]) : null) ?? Exact(root, ["defaults", .. path]);

    // As far as a short form or an item of a list of one goes; null where another file or map must be meant.
    private static ConfigNode? Exact(ConfigNode node, string[] path)
    {
        var found = (node as MapNode)?.Find(path[0])?.Value;
        return found is null || path.Length == 1 ? found
            : found is ScalarNode ? found
            : found is ListNode list ? list.Locate(path[1])
            : Exact(found, path[1..]);
    }

    private static string NameOf(RouteOptions route) =>
        route.Name is { } name ? $"the route '{name}'"
        : route.Host is null && route.Path is null && route.PathRegex is null ? "the route without host and path"
        : $"the route of {ScalarNode.Quote($"{route.Host}{route.Path ?? route.PathRegex}")}";

    private void Error(SourceSpan place, string message)
    {
        _faults++;
        if (_reported.Add((place, message)))
        {
            reader.Error(place, message);
        }
    }
}
