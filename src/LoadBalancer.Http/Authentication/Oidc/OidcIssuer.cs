using System.Text;
using System.Text.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>What an OpenID provider says of itself (OpenID Connect Discovery section 3), as far as it is needed. Immutable.</summary>
/// <param name="Authorization">Where browsers log in.</param>
/// <param name="Token">Where codes are redeemed.</param>
/// <param name="Keys">Where its keys are.</param>
/// <param name="EndSession">Where browsers log out; null where they cannot.</param>
/// <param name="NamesItself">True where each way back from a login names the provider (RFC 9207).</param>
internal sealed record OidcIssuer(Uri Authorization, Uri Token, Uri Keys, Uri? EndSession, bool NamesItself)
{
    /// <summary>Out of its document; null where <paramref name="flaw"/> says why.</summary>
    /// <param name="document">The document.</param>
    /// <param name="options">Whose it should be, and how far it is trusted.</param>
    /// <param name="flaw">What is wrong with it.</param>
    public static OidcIssuer? Read(byte[] document, OidcOptions options, out string? flaw)
    {
        if (ClaimReader.Read(document) is null)
        {
            flaw = "it is no JSON object, or one that can be read in two ways";
            return null;
        }

        using var json = JsonDocument.Parse(document);
        var root = json.RootElement;
        if (TextOf(root, "issuer") is var issuer && issuer != options.Issuer)
        {
            flaw = $"it is of the issuer {ScalarNode.Quote(issuer ?? "")}, letter by letter another than {ScalarNode.Quote(options.Issuer)}";
            return null;
        }

        flaw = null;
        var authorization = AddressOf(root, "authorization_endpoint", options, ref flaw);
        var token = AddressOf(root, "token_endpoint", options, ref flaw);
        var keys = AddressOf(root, "jwks_uri", options, ref flaw);
        var endSession = TextOf(root, "end_session_endpoint") is null ? null : AddressOf(root, "end_session_endpoint", options, ref flaw);
        var namesItself = root.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True;
        return flaw is null ? new OidcIssuer(authorization!, token!, keys!, endSession, namesItself) : null;
    }

    private static string? TextOf(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Uri? AddressOf(JsonElement root, string name, OidcOptions options, ref string? flaw)
    {
        var text = TextOf(root, name);
        var wrong = text is null ? "is missing"
            : !Ascii.IsValid(text) ? "has letters that are not of ASCII: a browser would be sent to another host; write the host as xn--…"
            : options.Trust.FlawOf(text);
        if (wrong is not null)
        {
            flaw ??= $"its '{name}' {wrong}";
            return null;
        }

        return new Uri(text!);
    }
}
