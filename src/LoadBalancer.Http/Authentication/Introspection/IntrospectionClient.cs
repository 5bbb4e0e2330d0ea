using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.Introspection;

/// <summary>One question to an issuer about a token, and what its answer means (RFC 7662 section 2). Thread-safe.</summary>
/// <param name="options">What the file says.</param>
/// <param name="outbound">The way out.</param>
/// <param name="mapping">What claims mean.</param>
/// <param name="time">The clock that tokens are held against.</param>
internal sealed class IntrospectionClient(IntrospectionOptions options, OutboundClient outbound, IdentityMapping mapping, TimeProvider time)
{
    private static readonly string[] ForTheIssuer = ["Refresh", "Offline"];

    private readonly Uri _address = new(options.Url);
    private readonly ClientCredential _credential = new(options.ClientId, options.ClientSecret, options.PostsSecret);

    /// <summary>Asks. Never faults.</summary>
    public async Task<IntrospectionAnswer> AskAsync(string token)
    {
        var answer = await outbound.PostFormAsync(
            _address,
            options.Trust,
            [KeyValuePair.Create("token", token), KeyValuePair.Create("token_type_hint", "access_token"), .. _credential.Fields],
            _credential.Authorization);
        if (answer.Failure is not null)
        {
            return IntrospectionAnswer.Failed($"the issuer cannot be asked: {answer.Failure}");
        }

        if (answer.Status != 200)
        {
            return IntrospectionAnswer.Failed(
                $"the issuer answers {answer.Status}{(answer.Status is 400 or 401 or 403 ? ": it does not take 'client_id' and 'client_secret', or not by this 'client_auth'" : "")}");
        }

        // Read twice, because what a claim is, a text or a number, is not told by its text.
        if (!answer.IsJson || ClaimReader.Read(answer.Body) is not { } claims)
        {
            return IntrospectionAnswer.Failed("the issuer's answer is no JSON object, or one that can be read in two ways");
        }

        using var document = JsonDocument.Parse(answer.Body);
        return Judge(document.RootElement, claims);
    }

    private IntrospectionAnswer Judge(JsonElement root, FrozenDictionary<string, ImmutableArray<string>> claims)
    {
        if (!root.TryGetProperty("active", out var active) || active.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return IntrospectionAnswer.Failed("the issuer's answer does not say 'active'");
        }

        // Keycloak calls refresh tokens active too, and they are for the issuer alone: whoever keeps one longer than an access token lasts would have both.
        if (active.ValueKind == JsonValueKind.False || claims.GetValueOrDefault("typ", []) is [{ } type] && Array.Exists(ForTheIssuer, type.Equals))
        {
            return IntrospectionAnswer.Refused(FaultKind.TokenInactive);
        }

        if (!NumericDate.TryRead(root, "exp", out var exp) || !NumericDate.TryRead(root, "nbf", out var nbf))
        {
            return IntrospectionAnswer.Failed("the issuer's answer has an 'exp' or 'nbf' that is no time");
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (exp <= now)
        {
            return IntrospectionAnswer.Refused(FaultKind.TokenExpired);
        }

        if (nbf > now)
        {
            return IntrospectionAnswer.Refused(FaultKind.TokenNotYetValid);
        }

        if (options.Audiences.Count > 0 && !claims.GetValueOrDefault("aud", []).Any(options.Audiences.Contains))
        {
            return IntrospectionAnswer.Refused(FaultKind.TokenAudienceWrong);
        }

        return Subject(claims) is { } subject
            ? new IntrospectionAnswer(mapping.Map(subject, claims, exp ?? long.MaxValue))
            : IntrospectionAnswer.Failed("the issuer's answer says nobody: neither 'sub' nor 'username' nor 'client_id'");
    }

    // All three are optional (RFC 7662 section 2.2), and a caller without any could not be told from the next.
    private static string? Subject(FrozenDictionary<string, ImmutableArray<string>> claims)
    {
        foreach (var name in (ReadOnlySpan<string>)["sub", "username", "client_id"])
        {
            if (claims.TryGetValue(name, out var values) && values is [{ Length: > 0 } subject])
            {
                return subject;
            }
        }

        return null;
    }
}
