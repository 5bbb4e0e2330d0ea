using System.Text;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>What comes back from a login with a browser (RFC 6749 section 4.1.2). Immutable.</summary>
/// <param name="State">Which login it is.</param>
/// <param name="Code">What tokens are redeemed with; null where the provider says why there is none.</param>
/// <param name="Issuer">Who says so (RFC 9207); null where that is not told.</param>
internal sealed record CallbackQuery(string State, string? Code, string? Issuer)
{
    private const int Longest = 4096;

    /// <summary>Out of a query; null where it is none of a login, or has one of its parameters twice.</summary>
    public static CallbackQuery? Read(ReadOnlySpan<byte> query)
    {
        if (query.Length > Longest)
        {
            return null;
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in Encoding.Latin1.GetString(query).Split('&'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            if (name is "state" or "code" or "iss" or "error" && !found.TryAdd(name, equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' '))))
            {
                return null;
            }
        }

        return found.TryGetValue("state", out var state) && found.ContainsKey("code") != found.ContainsKey("error")
            ? new CallbackQuery(state, found.GetValueOrDefault("code"), found.GetValueOrDefault("iss"))
            : null;
    }
}
