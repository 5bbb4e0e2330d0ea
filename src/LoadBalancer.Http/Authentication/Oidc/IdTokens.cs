using System.Buffers.Text;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Authentication.Oidc;

/// <summary>Verifies the tokens that say who has logged in (OpenID Connect Core section 3.1.3.7). Thread-safe.</summary>
/// <param name="options">What the file says.</param>
/// <param name="keys">The provider's keys.</param>
/// <param name="time">The clock.</param>
internal sealed class IdTokens(OidcOptions options, KeySource keys, TimeProvider time)
{
    // An issuer's clock is a second ahead more often than not, and its tokens are redeemed at once.
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(5);

    private readonly JwtVerifier _verifier = new(options.Issuer, [options.ClientId], JwtAlgorithmNames.SetOf(options.Algorithms), Leeway, time);

    /// <summary>Verifies a token; where it names a key that is not known, the keys are asked for first. On the exchange's loop.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="token">The token.</param>
    /// <param name="nonce">What it has to hold; null for a token by which somebody is refreshed.</param>
    /// <returns>Its claims; null where it is refused, and then why.</returns>
    [AsyncMethodBuilder(typeof(LoopMethodBuilder<>))]
    public async ValueTask<(FrozenDictionary<string, ImmutableArray<string>>? Claims, string? Why)> VerifyAsync(Exchange exchange, string token, string? nonce)
    {
        var tried = keys.Current;
        var fault = Verify(exchange, token, tried, out var verified);
        if (fault == FaultKind.TokenKeyUnknown && keys.Refetch(tried) is { } fetch && await ProviderWait.ForAsync(exchange, fetch) is not null)
        {
            fault = Verify(exchange, token, keys.Current, out verified);
        }

        if (fault != FaultKind.None)
        {
            return (null, new Fault(FaultSide.Client, fault).Reason);
        }

        return !IsForUs(verified.Claims) ? (null, "it is for several, or for another client (azp)")
            : nonce is null || (verified.Claims.GetValueOrDefault("nonce", []) is [var own] && own == nonce) ? (verified.Claims, null)
            : (null, "its nonce is another login's");
    }

    /// <summary>The claims of a token that was verified when it came; null where it is none.</summary>
    public static FrozenDictionary<string, ImmutableArray<string>>? Read(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return null;
        }

        var payload = new byte[Base64Url.GetMaxDecodedLength(parts[1].Length)];
        return Base64Url.TryDecodeFromChars(parts[1], payload, out var length) ? ClaimReader.Read(payload.AsSpan(0, length)) : null;
    }

    private FaultKind Verify(Exchange exchange, string token, KeySet? among, out VerifiedToken verified)
    {
        verified = default;
        return among is not null ? _verifier.Verify(Encoding.UTF8.GetBytes(token), among, exchange.Loop.Index, out verified) : FaultKind.TokenKeyUnknown;
    }

    // A token for several may have been made for another of them (azp).
    private bool IsForUs(FrozenDictionary<string, ImmutableArray<string>> claims) =>
        claims.TryGetValue("azp", out var party) ? party is [var only] && only == options.ClientId : claims.GetValueOrDefault("aud", []).Length == 1;
}
