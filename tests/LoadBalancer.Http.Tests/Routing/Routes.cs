using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Faults;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Tests.Routing;

/// <summary>Routes and requests for the tests of routing, and what came of them as one text.</summary>
internal static class Routes
{
    /// <summary>A route's options.</summary>
    public static RouteOptions Route(
        string name, string? host = null, string? path = null, string? pathRegex = null, string[]? methods = null, (string, string)[]? headers = null, (string, string)[]? query = null, int priority = 0) => new()
        {
            Name = name,
            Host = host,
            Path = path,
            PathRegex = pathRegex,
            Methods = [.. methods ?? []],
            Headers = Map(headers),
            Query = Map(query),
            Priority = priority,
            Upstream = "x",
        };

    /// <summary>A table of routes that lead nowhere.</summary>
    public static RouteTable Table(IEnumerable<RouteOptions> routes) =>
        new([.. routes.Select(Lead)]);

    /// <summary>A route that leads nowhere.</summary>
    public static Route Lead(RouteOptions options) =>
        new() { Name = options.Name!, Template = options.Path ?? options.PathRegex ?? "/*", Options = options, Policies = PolicyChain.Empty, Handler = null! };

    /// <summary>A request.</summary>
    public static Exchange Request(string host, string target, string method = "GET", params string[] fields)
    {
        var exchange = Heads.Request(target, [$"Host: {host}", .. fields]);
        var request = exchange.Request;
        request.Method = Enum.TryParse<RequestMethod>(method, ignoreCase: true, out var known) ? known : RequestMethod.Other;
        request.MethodSlice = new Slice(request.Fields.Append(Encoding.ASCII.GetBytes(method)), method.Length);
        return exchange;
    }

    /// <summary>The route's name and its captures, or the fault, with what Allow has.</summary>
    public static string Match(IEnumerable<RouteOptions> routes, Exchange exchange) => Match(Table(routes), exchange);

    /// <summary>The route's name and its captures, or the fault, with what Allow has.</summary>
    public static string Match(RouteTable table, Exchange exchange)
    {
        var fault = table.Match(exchange);
        if (fault == FaultKind.MethodNotAllowed)
        {
            table.AddAllow(exchange);
            return $"{fault} {exchange.Response.Fields.Values("Allow").Single()}";
        }

        return fault == FaultKind.None ? Print(exchange) : fault.ToString();
    }

    /// <summary>A route as one line.</summary>
    public static string Print(RouteOptions route) =>
        $"{route.Name}: {route.Host} {route.Path ?? route.PathRegex} [{string.Join(' ', route.Methods)}] {string.Join(' ', route.Headers)} {string.Join(' ', route.Query)} {route.Priority}";

    private static string Print(Exchange exchange)
    {
        var names = PathPattern.Of(exchange.Route!.Options).Captures;
        return string.Join(' ', [exchange.Route.Name, .. names.Select((name, at) => $"{name}={Heads.Text(exchange.Captures[at].Of(exchange.Request.Fields))}")]);
    }

    private static ValueMap<string> Map((string, string)[]? entries) => new((entries ?? []).Select(entry => KeyValuePair.Create(entry.Item1, entry.Item2)));
}
