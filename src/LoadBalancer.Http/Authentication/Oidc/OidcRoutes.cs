using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>The routes that lb adds for logins: the way back and the way out, on every host of which a route uses a provider of this kind.</summary>
internal static class OidcRoutes
{
    /// <summary>The paths that a provider takes, with what they are for.</summary>
    public static IEnumerable<(string Path, string Key)> PathsOf(OidcOptions options) => [(options.Callback, "callback"), (options.Logout, "logout")];

    /// <summary>The routes of a listener.</summary>
    /// <param name="routes">Its routes.</param>
    /// <param name="providers">The providers of the file.</param>
    public static IEnumerable<(RouteOptions Options, HttpHandler Handler)> Of(IEnumerable<RouteOptions> routes, ProviderSet providers)
    {
        var users = routes
            .Where(route => route.Policies.Auth is not null)
            .SelectMany(route => route.Policies.Auth!.Names.Select(name => (Route: route, Provider: providers.Find(name) as OidcProvider)))
            .Where(user => user.Provider is not null)
            .ToList();
        return users.GroupBy(user => (user.Route.Host, Path: user.Provider!.Callback))
            .Select(at => (OptionsOf(at.First().Route, at.Key.Path, "login", ["GET"]), (HttpHandler)new OidcCallback([.. at.Select(user => user.Provider!).Distinct()], providers.Failures)))
            .Concat(users.GroupBy(user => (user.Route.Host, Path: user.Provider!.Logout))
                .Select(at => (OptionsOf(at.First().Route, at.Key.Path, "logout", ["GET", "POST"]), (HttpHandler)new OidcLogout([.. at.Select(user => user.Provider!).Distinct()]))));
    }

    // Who may come, and what every response has, is the same as on the routes that lead here. Nobody is known yet, and nothing is forwarded: not to a stand-in of
    // `on_error` either, which would get the code of a login. No limit: who was let begin a login may end it, once, and guesses count for `auth_failures`.
    private static RouteOptions OptionsOf(RouteOptions user, string path, string name, ValueList<string> methods)
    {
        var whole = Bare(user, path, name, methods);
        whole = whole with { Policies = whole.Policies with { ResponseHeaders = user.Policies.ResponseHeaders } };

        // What names a part of that route's path has no meaning here.
        return RouteChecks.Of(whole).Any() ? Bare(user, path, name, methods) : whole;
    }

    private static RouteOptions Bare(RouteOptions user, string path, string name, ValueList<string> methods) => new()
    {
        Name = $"{name}{(user.Host is null ? "" : $"-{user.Host}")}",
        Host = user.Host,
        Path = path,
        Methods = methods,
        Respond = new Responses.RespondOptions(),
        Policies = new RoutePolicyOptions { AllowIps = user.Policies.AllowIps, DenyIps = user.Policies.DenyIps },
    };
}
