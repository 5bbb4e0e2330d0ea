using LoadBalancer.Faults;
using LoadBalancer.Http.Explaining;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>
/// All routes of a listener, and which of them a request is for: the most specific one by host, then by path, then by the number of
/// further conditions, whatever the order of the file. Immutable, thread-safe; a match allocates nothing.
/// </summary>
internal sealed class RouteTable
{
    // So many routes that have changed are looked for one after the other: an index of thousands takes milliseconds, and a loop may be who asks for it.
    private const int MostLookedFor = 8;

    private readonly HostTable<PathRoot> _hosts;
    private readonly PathTrie _paths;
    private readonly Route[] _routes;

    // In ascending order: who is in it is asked for seldom, and a set of thousands is a large thing to keep.
    private readonly long[] _numbers;
    private readonly Lazy<ILookup<(string?, string?, string?), Route>> _byPlace;
    private RouteRivals? _rivals;

    /// <summary>A table of routes that <see cref="RouteConflicts"/> has nothing to say about.</summary>
    /// <exception cref="ArgumentException">Their templates overlap in more ways than a table can hold.</exception>
    public RouteTable(IReadOnlyList<Route> routes)
    {
        _routes = [.. routes];
        _numbers = Array.ConvertAll(_routes, static route => route.Number);
        Array.Sort(_numbers);
        _byPlace = new(() => _routes.ToLookup(route => PlaceOf(route.Options)));
        if (!PathTrie.TryBuild(_routes, isByPathAlone: false, out var paths, out var hosts))
        {
            throw new ArgumentException("Their templates overlap in more ways than a table can hold.");
        }

        (_paths, _hosts) = (paths, new HostTable<PathRoot>(hosts));
    }

    /// <summary>The routes in the order of the file.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Sets <see cref="Exchange.Route"/> and <see cref="Exchange.Captures"/> by the request's host, path, method, fields and query.</summary>
    /// <returns>
    /// <see cref="FaultKind.None"/>; <see cref="FaultKind.MethodNotAllowed"/> where the narrowest route that has the path does not take the
    /// method; else <see cref="FaultKind.NoRoute"/>.
    /// </returns>
    public FaultKind Match(Exchange exchange)
    {
        if (exchange.Request.Method == RequestMethod.Options && Preflight.Is(exchange.Request))
        {
            // A route that answers preflights does so for the methods that it takes; another one leaves them to whoever takes OPTIONS.
            var own = Preflight.Begin(exchange.Request);
            var fault = MatchMethod(exchange);
            Preflight.End(exchange.Request, own);
            if (fault == FaultKind.None && exchange.Route!.Options.Policies.AnswersPreflights)
            {
                return fault;
            }

            exchange.Route = null;
        }

        return MatchMethod(exchange);
    }

    private FaultKind MatchMethod(Exchange exchange)
    {
        switch (Find(exchange.Request, out var found))
        {
            case RequestVerdict.Yes:
                ref readonly var candidate = ref _paths[found];
                if (candidate.Captures)
                {
                    candidate.Route.Options.Pattern.Capture(exchange.Request, exchange.Captures);
                }

                exchange.Route = candidate.Route;
                return FaultKind.None;
            case RequestVerdict.OtherMethod:
                return FaultKind.MethodNotAllowed;
            default:
                return FaultKind.NoRoute;
        }
    }

    /// <summary>After <see cref="FaultKind.MethodNotAllowed"/>: adds the field Allow to the response (RFC 9110, section 15.5.6).</summary>
    public void AddAllow(Exchange exchange)
    {
        if (Find(exchange.Request, out var group) == RequestVerdict.OtherMethod)
        {
            var fields = exchange.Response.Fields;
            fields.Remove("Allow"u8);
            fields.BeginField("Allow"u8);
            _paths.AppendAllowed(group, exchange.Request, fields);
            fields.EndField(KnownHeader.Other);
        }
    }

    /// <summary>
    /// True where what went along <paramref name="before"/>, of another table, would go the same way here, and as freely: a route with the same
    /// match, action and conditions of who may. How it is treated on its way may differ. For reloads, not for requests.
    /// </summary>
    public bool Continues(Route before)
    {
        if (Has(before))
        {
            return true;
        }

        var place = PlaceOf(before.Options);
        foreach (var route in _byPlace.IsValueCreated ? _byPlace.Value[place] : _routes)
        {
            if (PlaceOf(route.Options) == place && IsContinued(before.Options, route.Options))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True where <see cref="Continues"/> holds for every route of <paramref name="before"/>. For whoever is in no hurry.</summary>
    public bool ContinuesAll(RouteTable before)
    {
        var changed = Array.FindAll(before._routes, route => !Has(route));
        if (changed.Length > MostLookedFor)
        {
            _ = _byPlace.Value;
        }

        return Array.TrueForAll(changed, Continues);
    }

    /// <summary>Each route by itself, to tell why one is not the one that <see cref="Match"/> has found; made when it is asked for. Thread-safe.</summary>
    public RouteRivals Rivals => _rivals ??= new RouteRivals(_routes);

    private bool Has(Route route) => Array.BinarySearch(_numbers, route.Number) >= 0;

    private RequestVerdict Find(RequestHead head, out int found)
    {
        foreach (ref readonly var paths in _hosts.Find(head.Host))
        {
            var verdict = _paths.Find(head, in paths, out found);
            if (verdict != RequestVerdict.No)
            {
                return verdict;
            }
        }

        found = 0;
        return RequestVerdict.No;
    }

    // Every path, said or not said.
    private static (string?, string?, string?) PlaceOf(RouteOptions options) => (options.Host, options.Path == "/*" ? null : options.Path, options.PathRegex);

    private static bool IsContinued(RouteOptions before, RouteOptions after) =>
        before.Methods == after.Methods && before.Headers == after.Headers && before.Query == after.Query
        && before.Upstream == after.Upstream && before.Split == after.Split && before.Redirect == after.Redirect && before.Respond == after.Respond
        && before.Policies.Auth == after.Policies.Auth && before.Policies.Require == after.Policies.Require
        && before.Policies.AllowIps == after.Policies.AllowIps && before.Policies.DenyIps == after.Policies.DenyIps;
}
