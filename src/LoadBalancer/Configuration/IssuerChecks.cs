using LoadBalancer.Configuration;
using LoadBalancer.Health;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.External;
using LoadBalancer.Http.Authentication.Oidc;

namespace LoadBalancer.Daemon.Configuration;

/// <summary>What one key of an issuer or check service cannot tell alone: whether it may be asked, and whether the files that go with it are of use.</summary>
/// <param name="options">What was read.</param>
/// <param name="root">Where it was read from, for the places.</param>
/// <param name="reader">Takes the errors.</param>
/// <param name="settings">Without secrets no file is looked at.</param>
internal sealed class IssuerChecks(GatewayOptions options, MapNode root, ConfigReader reader, LoadSettings settings)
{
    /// <summary>Checks all of them.</summary>
    public void Run()
    {
        foreach (var (name, provider) in options.Auth)
        {
            if (provider.Introspection is { Url: not null } introspection)
            {
                AddressIsPossible(introspection.Url, introspection.Trust, root.Locate("auth", name, "introspection", "url"));
                AuthoritiesAreOfUse(introspection.Ca, root.Locate("auth", name, "introspection", "ca"));
            }

            if (provider.External is { Url: not null } external)
            {
                AddressIsPossible(external.Url, external.Trust, root.Locate("auth", name, "external", "url"));
                AuthoritiesAreOfUse(external.Ca, root.Locate("auth", name, "external", "ca"));
                FieldsAreTheClients(external.Send, root.Locate("auth", name, "external", "send"));
            }

            if (provider.Oidc is { Issuer: not null } oidc)
            {
                AddressIsPossible(oidc.Issuer, oidc.Trust, root.Locate("auth", name, "oidc", "issuer"));
                AuthoritiesAreOfUse(oidc.Ca, root.Locate("auth", name, "oidc", "ca"));
                LoginIsPossible(name, oidc, root.Locate("auth", name, "oidc"));
            }
        }
    }

    private void AddressIsPossible(string address, OutboundTrust trust, ConfigNode place)
    {
        if (trust.FlawOf(address) is { } flaw)
        {
            reader.Error(place.Span, $"{ScalarNode.Quote(address)} {flaw}");
        }
    }

    private void FieldsAreTheClients(ValueList<string> send, ConfigNode written)
    {
        for (var at = 0; at < send.Count; at++)
        {
            if (ExternalQuestion.IsOwn(send[at]))
            {
                reader.Error(
                    written.LocateItem(at, send.Count).Span,
                    $"{ScalarNode.Quote(send[at])} cannot be in 'send': lb itself says it to the check service, or it is about the connection or the content; leave it out");
            }
        }
    }

    private void AuthoritiesAreOfUse(string? path, ConfigNode place)
    {
        if (path is null || settings.WithoutSecrets || reader.LeftUnknown)
        {
            return;
        }

        try
        {
            TrustedAuthorities.Read(path);
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            reader.Error(place.Span, $"cannot use {path}: {(error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : ScalarNode.Clean(error.Message))}");
        }
    }

    private void LoginIsPossible(string name, OidcOptions oidc, ConfigNode written)
    {
        if (oidc.Callback == oidc.Logout)
        {
            reader.Error(written.Locate("logout").Span, "'callback' and 'logout' are one path: a browser that comes back from a login would be logged out");
        }

        if (oidc.CookieKeys is null)
        {
            reader.Warn(
                written.Span,
                $"'{name}' has no 'cookie_keys': its cookies are sealed with a key of the process, so that a restart logs everybody out, and instances do not know each other's sessions");
        }
        else if (!settings.WithoutSecrets && !reader.LeftUnknown && CookieKeyFile.FlawOf(oidc.CookieKeys) is { } flaw)
        {
            reader.Error(written.Locate("cookie_keys").Span, $"cannot use {oidc.CookieKeys}: {flaw}");
        }
    }
}
