using System.Text.Json;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Asks an OpenID provider for tokens (RFC 6749 sections 4.1.3 and 6). Thread-safe.</summary>
/// <param name="options">What the file says.</param>
/// <param name="outbound">The way out.</param>
internal sealed class TokenEndpoint(OidcOptions options, OutboundClient outbound)
{
    private readonly ClientCredential _credential = new(options.ClientId, options.ClientSecret, options.PostsSecret);

    /// <summary>Redeems a code. Never faults.</summary>
    public Task<TokenAnswer> RedeemAsync(OidcIssuer issuer, string code, string redirectUri, string verifier) => AskAsync(
        issuer,
        [KeyValuePair.Create("grant_type", "authorization_code"), KeyValuePair.Create("code", code), KeyValuePair.Create("redirect_uri", redirectUri), KeyValuePair.Create("code_verifier", verifier)]);

    /// <summary>Asks again. Never faults.</summary>
    public Task<TokenAnswer> RefreshAsync(OidcIssuer issuer, string refreshToken) => AskAsync(
        issuer, [KeyValuePair.Create("grant_type", "refresh_token"), KeyValuePair.Create("refresh_token", refreshToken)]);

    private async Task<TokenAnswer> AskAsync(OidcIssuer issuer, IEnumerable<KeyValuePair<string, string>> form)
    {
        var answer = await outbound.PostFormAsync(issuer.Token, options.TrustOf(issuer.Token), form.Concat(_credential.Fields), _credential.Authorization);
        if (answer.Failure is not null)
        {
            return TokenAnswer.Failed($"{issuer.Token}: {answer.Failure}");
        }

        if (!answer.IsJson || ClaimReader.Read(answer.Body) is null)
        {
            return TokenAnswer.Failed($"{issuer.Token} answers {answer.Status} with no JSON object, or with one that can be read in two ways");
        }

        using var document = JsonDocument.Parse(answer.Body);
        var root = document.RootElement;
        if (answer.Status == 400 && TextOf(root, "error") == "invalid_grant")
        {
            return new TokenAnswer(null, null, null, IsRefused: true);
        }

        if (answer.Status != 200)
        {
            return TokenAnswer.Failed($"{issuer.Token} answers {answer.Status}{(TextOf(root, "error") is "invalid_client" ? ": it does not take 'client_id' and 'client_secret', or not by this 'client_auth'" : "")}");
        }

        return NumericDate.TryRead(root, "expires_in", out var expiresIn)
            ? new TokenAnswer(TextOf(root, "id_token"), TextOf(root, "refresh_token"), expiresIn)
            : TokenAnswer.Failed($"{issuer.Token} answers with an 'expires_in' that is no time");
    }

    private static string? TextOf(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
