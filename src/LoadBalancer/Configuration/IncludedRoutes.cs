using LoadBalancer.Configuration;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>
/// The routes of included files, <c>routes: {LISTENER: […]}</c>, added to those of the listener that the main file has. Their order means
/// nothing, so nothing is lost by adding.
/// </summary>
/// <param name="reader">Takes the errors.</param>
internal sealed class IncludedRoutes(ConfigReader reader)
{
    private const string Routes = "routes";

    /// <summary><paramref name="root"/> with the routes of every entry of <paramref name="added"/> in its listeners.</summary>
    public MapNode Append(MapNode root, IEnumerable<MapEntry> added)
    {
        foreach (var entry in added)
        {
            if (entry.Value is MapNode byListener)
            {
                root = byListener.Entries.Aggregate(root, Append);
            }
            else if (entry.Value is not ScalarNode { IsEmpty: true })
            {
                reader.Error(entry.Value.Span, $"'routes' of an included file expects a map from the name of a listener to its routes, not {entry.Value.Found}");
            }
        }

        return root;
    }

    private MapNode Append(MapNode root, MapEntry added)
    {
        var listeners = root.Find("listeners")?.Value as MapNode;
        if (listeners?.Find(added.Key)?.Value is not MapNode listener)
        {
            // Where the listeners themselves are wrong, that is reported.
            if (root.Find("listeners")?.Value is null or MapNode or ScalarNode { IsEmpty: true } && listeners?.Find(added.Key) is null)
            {
                reader.Error(added.Place, $"no listener is called {ScalarNode.Quote(added.Key)}{NearestName.Suggest(added.Key, listeners?.Entries.Select(entry => entry.Key) ?? [])}");
            }

            return root;
        }

        if (Items(added.Value) is not { } items)
        {
            return root;
        }

        var http = listener.Find("http")?.Value;
        if (http is not MapNode map || map.Find("upstream") is not null)
        {
            // An empty `http` becomes one with routes; whatever else there is takes its requests by itself, or was reported.
            if (http is not ScalarNode { IsEmpty: true })
            {
                reader.Error(added.Place, $"the listener {ScalarNode.Quote(added.Key)} takes no routes: it needs 'http' with 'routes', and without 'upstream'");
                return root;
            }

            map = new MapNode(http.Span, http.Label, []);
        }

        var routes = map.Find(Routes);
        if (routes is not null && Items(routes.Value, isOwn: true) is null)
        {
            return root;
        }

        var all = new ListNode(routes?.Value.Span ?? added.Value.Span, Routes, [.. routes is null ? [] : Items(routes.Value, isOwn: true)!, .. items]);
        return With(root, "listeners", With(listeners, added.Key, With(listener, "http", With(map, Routes, all))));
    }

    // Labelled as in the main file, so that an error calls a route of either alike.
    private List<ConfigNode>? Items(ConfigNode value, bool isOwn = false)
    {
        switch (value)
        {
            case ListNode list:
                return [.. list.Items.Select(Labelled)];
            case MapNode one:
                return [Labelled(one)];
            case ScalarNode { IsEmpty: true } when !isOwn:
                return [];
            default:
                if (!isOwn)
                {
                    reader.Error(value.Span, $"{ScalarNode.Quote(value.Label)} expects a list of routes, not {value.Found}");
                }

                return null;
        }
    }

    private static ConfigNode Labelled(ConfigNode item) => item is MapNode map ? map.Under(Routes) : item;

    private static MapNode With(MapNode map, string key, ConfigNode value) => new(
        map.Span, map.Label,
        map.Find(key) is null
            ? [.. map.Entries, new MapEntry(key, value.Span, value)]
            : [.. map.Entries.Select(entry => entry.Key == key ? entry with { Value = value } : entry)]);
}
