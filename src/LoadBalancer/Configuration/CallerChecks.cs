using LoadBalancer.Configuration;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Policies.Cors;
using LoadBalancer.Http.Routing;
using LoadBalancer.Tls;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>Whether what a route asks of its callers can be found out, and what it tells browsers makes sense.</summary>
/// <param name="options">What was read.</param>
/// <param name="reader">Takes the warnings.</param>
/// <param name="error">Takes the errors.</param>
internal sealed class CallerChecks(GatewayOptions options, ConfigReader reader, Action<SourceSpan, string> error)
{
    private bool? _hashesByClaim;

    /// <summary>Checks one route.</summary>
    /// <param name="name">The listener's name.</param>
    /// <param name="listener">The listener.</param>
    /// <param name="route">The route.</param>
    /// <param name="shown">What it is called in messages.</param>
    /// <param name="item">Where it is written.</param>
    /// <param name="written">Where one of its keys is written, be it in defaults.</param>
    public void Run(string name, ListenerOptions listener, RouteOptions route, Func<string> shown, MapNode item, Func<string[], ConfigNode> written)
    {
        var policies = route.Policies;
        if (policies is { Require: not null, Auth: null } && item.Find("auth")?.Value is null or ScalarNode { Written: "none" })
        {
            var otherwise = item.Find("require") is null ? ", or 'require: none'" : "";
            error(written(["require"]).Span, $"'require' asks who calls, and {shown()} does not find it out: give it 'auth'{otherwise}");
        }

        if (policies.Cors is { Credentials: true } cors && cors.Origins.Contains("*"))
        {
            error(written(["cors", "credentials"]).Span, "'credentials' cannot be where 'origins' has \"*\": every page could act as the user. List the origins");
        }

        if (policies.Cors is { Credentials: true } broad && broad.Origins.FirstOrDefault(OriginKind.IsOfStrangers) is { } suffix)
        {
            error(written(["cors", "credentials"]).Span, $"'credentials' cannot be where 'origins' has {ScalarNode.Quote(suffix)}: anybody can have a name under it, and every page there could act as the user. Write the domain that is yours, as \"*.example.com\"");
        }

        if (policies.Auth is not null && listener.Tls?.ClientCertificates is not { Mode: not ClientCertificateMode.Off })
        {
            foreach (var provider in policies.Auth.Names)
            {
                if (options.Auth.GetValueOrDefault(provider)?.ClientCertificate is not null)
                {
                    error(
                        written(["auth"]).Span,
                        $"'{provider}' goes by certificates of clients, and the listener '{name}' asks for none: give it tls: {{client_certificates: {{ca: /etc/lb/clients.pem, mode: optional}}}}");
                }
            }
        }

        if (policies.Auth is not null && listener is { Tls: null, Http.TrustedProxies.Count: 0 })
        {
            foreach (var provider in policies.Auth.Names)
            {
                if (options.Auth.GetValueOrDefault(provider)?.Oidc is not null)
                {
                    error(
                        written(["auth"]).Span,
                        $"people log in at '{provider}' by https alone, since their cookies go over nothing else: the listener '{name}' needs 'tls', or 'trusted_proxies' of which one ends it");
                }
            }
        }

        ShadowIsMeant(policies, shown, item, written);
        HashIsPossible(route, shown, item);
    }

    private void ShadowIsMeant(RoutePolicyOptions policies, Func<string> shown, MapNode item, Func<string[], ConfigNode> written)
    {
        if (policies.Shadow.Count > 0 && item.Find("shadow") is { } shadow)
        {
            foreach (var policy in policies.Shadow)
            {
                if (!HasPolicy(policies, policy))
                {
                    reader.Warn(shadow.Place, $"'shadow' has '{policy}', which {shown()} does not have");
                }
            }
        }

        if (policies is { Require: not null } && policies.Shadow.Contains("auth") && !policies.Shadow.Contains("require"))
        {
            reader.Warn(written(["shadow"]).Span, "'shadow' has 'auth' and so lets those pass who are not known, whom 'require' refuses: put 'require' into it as well");
        }
    }

    private void HashIsPossible(RouteOptions route, Func<string> shown, MapNode item)
    {
        if (route.Policies.Auth is not null || !HashesByClaim)
        {
            return;
        }

        foreach (var upstream in route.Upstreams.Distinct(StringComparer.Ordinal))
        {
            if (options.Upstreams.GetValueOrDefault(upstream) is { Balance: "hash", Hash.On: { Type: HashSourceType.Claim } source })
            {
                reader.Warn(item.Span, $"the upstream '{upstream}' spreads by {source}, and {shown()} does not find out who calls: its requests go by the client's address");
            }
        }
    }

    // There may be thousands of routes, and hardly ever such an upstream.
    private bool HashesByClaim => _hashesByClaim ??= options.Upstreams.Values.Any(upstream => upstream is { Balance: "hash", Hash.On.Type: HashSourceType.Claim });

    private bool HasPolicy(RoutePolicyOptions policies, string policy) => policy switch
    {
        "allow_ips" => policies.AllowIps.Count + policies.DenyIps.Count > 0,
        "cors" => policies.Cors is not null,
        "auth" => policies.Auth is not null,
        "require" => policies.Require is not null,
        "rate_limit" => policies.RateLimit.Count > 0 || (policies.Auth is not null && options.Plans.Count > 0),
        _ => true,
    };
}
