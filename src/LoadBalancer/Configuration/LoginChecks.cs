using LoadBalancer.Configuration;
using LoadBalancer.Http;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>Whether the providers that people log in at can be told apart.</summary>
/// <param name="options">What was read.</param>
/// <param name="reader">Takes the warnings.</param>
internal sealed class LoginChecks(GatewayOptions options, ConfigReader reader)
{
    /// <summary>Checks one listener.</summary>
    /// <param name="http">The listener.</param>
    /// <param name="written">Where it is written.</param>
    public void Run(HttpOptions http, ConfigNode written)
    {
        if (!options.Auth.Values.Any(provider => provider.Oidc is not null))
        {
            return;
        }

        // Who has got hold of one provider could send browsers back with codes of the other, and be told them (RFC 9700 section 4.4).
        var logins = http.AllRoutes
            .SelectMany(route => (route.Policies.Auth?.Names ?? []).Select(name => (route.Host, Name: name, options.Auth.GetValueOrDefault(name)?.Oidc)))
            .Where(login => login.Oidc is { Issuer: not null })
            .Distinct();
        foreach (var shared in logins.GroupBy(login => (login.Host, login.Oidc!.Callback)))
        {
            var (first, other) = (shared.First(), shared.FirstOrDefault(login => login.Oidc!.Issuer != shared.First().Oidc!.Issuer));
            if (other.Name is not null)
            {
                reader.Warn(
                    written.Span,
                    $"browsers come back from '{first.Name}' and from '{other.Name}' to one path, {shared.Key.Callback}: where they do not say who they are (RFC 9207), one of them could be told the codes of the other; give each a 'callback' of its own");
            }
        }
    }
}
