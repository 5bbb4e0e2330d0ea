using System.Net;
using LoadBalancer.Addresses;
using LoadBalancer.Configuration;
using LoadBalancer.Daemon.Configuration;

namespace LoadBalancer.Daemon.Comparing;

/// <summary>
/// Whether another value of a key lets more through: somebody should look at it before it is merged. Where that cannot be told from the value, as with
/// an issuer's keys, every change of a key that guards something counts.
/// </summary>
internal static class OptionLoosening
{
    private static readonly string[] OfAdmin = ["admin.bind", "admin.allow_ips", "admin.token", "admin.names"];

    /// <summary>Why it does; null where it does not.</summary>
    public static string? Of(OptionChange change, GatewayOptions before, GatewayOptions after)
    {
        var (section, name, key) = Split(change.Path, before, after);
        return section switch
        {
            "auth" when change.Before is not null => change.After is null ? null : "who is let in is decided otherwise",
            "consumers" when change.After is not null => change.Before is null && !change.Path.AsSpan("consumers.".Length).Contains('.') ? "another caller is let in" : "what a caller may is decided otherwise",
            "plans" => LimitLoosening.OfPlan(name, before, after),
            "rate_limits" => LimitLoosening.OfLimit(name, before, after),
            "state" => LimitLoosening.OfState(before.State, after.State),
            "admin" when OfAdmin.Contains(change.Path) => "who may ask and change lb is decided otherwise",
            "auth_failures" => after.AuthFailures is not { } now || (before.AuthFailures is { } was && IsFaster(was, now)) ? "clients may guess more often" : null,
            "listeners" when change.Before is null && after.Listeners.GetValueOrDefault(name)?.Tcp is not null => "there is a way to its upstream without any policy of routes",
            "listeners" when before.Listeners.GetValueOrDefault(name) is { } one && after.Listeners.GetValueOrDefault(name) is { } other => OfListener(key, one, other),
            "upstreams" when before.Upstreams.GetValueOrDefault(name) is { } one && after.Upstreams.GetValueOrDefault(name) is { } other && key.StartsWith("tls", StringComparison.Ordinal) =>
                one.Tls is not null && other.Tls is null ? "what is sent to the endpoints is not encrypted any more"
                : one.Tls is { Insecure: false } && other.Tls is { Insecure: true } ? "the endpoints' certificates are not verified any more"
                : one.Tls is not null && key is "tls.ca" or "tls.server_name" ? "other certificates of endpoints are taken" : null,
            _ => null,
        };
    }

    /// <summary>True where addresses may pass that could not before.</summary>
    public static bool AllowsMore(ValueList<IPNetwork> before, ValueList<IPNetwork> after)
    {
        var allowed = new IpSet(before);
        return before.Count > 0 && (after.Count == 0 || after.Any(network => !allowed.Contains(network)));
    }

    /// <summary>True where addresses may pass that were denied before.</summary>
    public static bool DeniesLess(ValueList<IPNetwork> before, ValueList<IPNetwork> after)
    {
        var denied = new IpSet(after);
        return before.Any(network => !denied.Contains(network));
    }

    private static string? OfListener(string key, ListenerOptions before, ListenerOptions after)
    {
        var (was, now) = (before.ConnectionPolicies, after.ConnectionPolicies);
        var (wasHttp, isHttp) = (before.Http, after.Http);
        return key switch
        {
            "bind" => "it is reached by other addresses",
            "allow_ips" => AllowsMore(was.AllowIps, now.AllowIps) ? "more addresses may connect" : null,
            "deny_ips" => DeniesLess(was.DenyIps, now.DenyIps) ? "addresses may connect that were denied" : null,
            "accept_proxy_protocol" => Trusts(was.AcceptProxyProtocol, now.AcceptProxyProtocol) ? "more peers say who the client is" : null,
            "http.trusted_proxies" => Trusts(wasHttp!.TrustedProxies, isHttp!.TrustedProxies) ? "more peers say who the client is" : null,
            "max_connections_per_client" => IsMore(was.MaxConnectionsPerClient, now.MaxConnectionsPerClient) ? "a client may have more connections" : null,
            _ when key.StartsWith("connection_rate", StringComparison.Ordinal) => now.ConnectionRate is null || IsFaster(was.ConnectionRate?.Rate, now.ConnectionRate.Rate) || IsMore(was.ConnectionRate?.Burst ?? 0, now.ConnectionRate.Burst ?? 0)
                ? "a client may connect faster" : null,
            "tls" => before.Tls is not null && after.Tls is null ? "clients are not spoken to by TLS any more" : null,
            "tls.min_version" => string.CompareOrdinal(after.Tls!.MinVersion, before.Tls!.MinVersion) < 0 ? "an older TLS is spoken" : null,
            _ when key.StartsWith("tls.client_certificates", StringComparison.Ordinal) => "whose certificates are taken is decided otherwise",
            "http.limits.head" or "http.limits.fields" or "http.limits.target" or "http.limits.body" or "http.limits.streams" =>
                OfLimit(key[(key.LastIndexOf('.') + 1)..], wasHttp!.Limits, isHttp!.Limits) ? "requests may be larger" : null,
            "http.limits.body_rate" => isHttp!.Limits.BodyRate < wasHttp!.Limits.BodyRate ? "requests may be slower" : null,
            _ => null,
        };
    }

    private static bool OfLimit(string key, Http.Server.HttpLimits before, Http.Server.HttpLimits after) => key switch
    {
        "head" => after.Head > before.Head,
        "fields" => after.Fields > before.Fields,
        "target" => after.Target > before.Target,
        "streams" => after.Streams > before.Streams,
        _ => after.Body > before.Body,
    };

    private static bool Trusts(ValueList<IPNetwork> before, ValueList<IPNetwork> after)
    {
        var trusted = new IpSet(before);
        return after.Any(network => !trusted.Contains(network));
    }

    private static bool IsMore(int? before, int? after) => before is not null && (after is null || after > before);

    private static bool IsFaster(Rate? before, Rate after) => before is { } was && after.Count / after.Window.TotalSeconds > was.Count / was.Window.TotalSeconds;

    // A name may have dots in it.
    private static (string Section, string Name, string Key) Split(string path, GatewayOptions before, GatewayOptions after)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return (path, "", "");
        }

        var (section, rest) = (path[..dot], path[(dot + 1)..]);
        var names = section switch
        {
            "listeners" => before.Listeners.Keys.Concat(after.Listeners.Keys),
            "plans" => before.Plans.Keys.Concat(after.Plans.Keys),
            "rate_limits" => before.RateLimits.Keys.Concat(after.RateLimits.Keys),
            _ => before.Upstreams.Keys.Concat(after.Upstreams.Keys),
        };
        var name = names.Where(name => rest == name || rest.StartsWith($"{name}.", StringComparison.Ordinal)).MaxBy(name => name.Length) ?? "";
        return (section, name, rest.Length > name.Length ? rest[(name.Length + 1)..] : "");
    }
}
