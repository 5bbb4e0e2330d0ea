using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using LoadBalancer.Faults;

namespace LoadBalancer.Http.Authentication.Jwt;

/// <summary>
/// Verifies JSON web tokens in their compact form (RFC 7519, RFC 7515) as RFC 8725 wants it. Immutable and thread-safe, but for keys, which are
/// a loop's each.
/// </summary>
/// <remarks>
/// <code>
///   token ─► (1) three parts ─► (2) header: algorithm, key's name ─► (3) key ─► (4) signature ─► (5) claims that everybody checks ─► (6) all claims
/// </code>
/// Nothing of the payload is looked at before its signature is found good. ADR 0016 says why the parser is our own.
/// </remarks>
/// <param name="issuer">What <c>iss</c> must be, exactly.</param>
/// <param name="audiences">One of which <c>aud</c> must have; empty for any.</param>
/// <param name="algorithms">What tokens may be signed with.</param>
/// <param name="leeway">By how much the issuer's clock may be another than ours.</param>
/// <param name="time">The clock.</param>
internal sealed class JwtVerifier(string issuer, IEnumerable<string> audiences, JwtAlgorithms algorithms, TimeSpan leeway, TimeProvider time)
{
    /// <summary>How long a token may be.</summary>
    public const int MostBytes = 8 * 1024;

    // 8192 bits, the longest RSA key.
    private const int LongestSignature = 1024;

    // The last second of the year 9999: a time behind it is a mistake, or milliseconds.
    private const long LastSecond = 253_402_300_799;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = ClaimReader.MostDepth };

    private readonly byte[] _issuer = Encoding.UTF8.GetBytes(issuer);
    private readonly byte[][] _audiences = [.. audiences.Select(Encoding.UTF8.GetBytes)];
    private readonly long _leeway = (long)leeway.TotalSeconds;

    /// <summary>Verifies a token.</summary>
    /// <param name="token">The token, of whatever length.</param>
    /// <param name="keys">The issuer's keys.</param>
    /// <param name="loop">The loop that asks.</param>
    /// <param name="verified">What it says; only where the result is <see cref="FaultKind.None"/>.</param>
    /// <returns><see cref="FaultKind.None"/>, or why it is refused.</returns>
    public FaultKind Verify(ReadOnlySpan<byte> token, KeySet keys, int loop, out VerifiedToken verified)
    {
        verified = default;
        if (token.Length > MostBytes)
        {
            return FaultKind.CredentialTooLarge;
        }

        // :: (1)
        var first = token.IndexOf((byte)'.');
        var second = first < 0 ? -1 : token[(first + 1)..].IndexOf((byte)'.') + first + 1;
        if (second <= first)
        {
            return FaultKind.TokenMalformed;
        }

        if (token[(second + 1)..].Contains((byte)'.'))
        {
            // Five parts are an encrypted token (RFC 7516 section 3.1).
            return token.Count((byte)'.') == 4 ? FaultKind.TokenUnsupported : FaultKind.TokenMalformed;
        }

        // :: (2)
        Span<byte> room = stackalloc byte[Base64UrlText.MostBytes(MostBytes)];
        Span<char> id = stackalloc char[KeySetReader.LongestId];
        var header = new JwtHeader(id);
        if (!Base64UrlText.TryDecode(token[..first], room, out var length))
        {
            return FaultKind.TokenMalformed;
        }

        var fault = header.Read(room[..length]);
        if (fault == FaultKind.None && (header.Algorithm & algorithms) == JwtAlgorithms.None)
        {
            fault = FaultKind.TokenAlgorithmRefused;
        }

        // :: (3) and (4)
        Span<byte> signature = stackalloc byte[Base64UrlText.MostBytes(LongestSignature * 4 / 3)];
        var written = token[(second + 1)..];
        if (fault == FaultKind.None && (written.Length > LongestSignature * 4 / 3 || !Base64UrlText.TryDecode(written, signature, out length)))
        {
            fault = FaultKind.TokenMalformed;
        }

        if (fault == FaultKind.None)
        {
            fault = VerifySignature(header, keys, token[..second], signature[..length], loop);
        }

        if (fault != FaultKind.None)
        {
            return fault;
        }

        // :: (5)
        if (!Base64UrlText.TryDecode(token[(first + 1)..second], room, out length))
        {
            return FaultKind.TokenMalformed;
        }

        return ReadPayload(room[..length], out verified);
    }

    private static FaultKind VerifySignature(in JwtHeader header, KeySet keys, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, int loop)
    {
        var candidates = keys.Find(header.Id, header.HasId);
        var tries = 0;
        foreach (var key in candidates)
        {
            tries += (key.Algorithms & header.Algorithm) != JwtAlgorithms.None ? 1 : 0;
        }

        if (tries is 0 or > KeySet.MostTries)
        {
            return tries == 0 && candidates.Length > 0 && header.HasId ? FaultKind.TokenAlgorithmRefused : FaultKind.TokenKeyUnknown;
        }

        foreach (var key in candidates)
        {
            if ((key.Algorithms & header.Algorithm) != JwtAlgorithms.None && key.Verifies(header.Algorithm, signed, signature, loop))
            {
                return FaultKind.None;
            }
        }

        return FaultKind.TokenSignatureInvalid;
    }

    private FaultKind ReadPayload(ReadOnlySpan<byte> json, out VerifiedToken verified)
    {
        verified = default;
        var registered = default(RegisteredClaims);
        if (!Utf8.IsValid(json) || !registered.Read(json, Strict, _issuer, _audiences))
        {
            return FaultKind.TokenMalformed;
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var fault = !registered.IsByIssuer ? FaultKind.TokenIssuerWrong
            : _audiences.Length > 0 && !registered.IsForAudience ? FaultKind.TokenAudienceWrong
            : registered.ExpiresAt is not (> 0 and <= LastSecond and var expiresAt) || registered.NotBefore is < 0 or > LastSecond ? FaultKind.TokenMalformed
            : now >= expiresAt + _leeway ? FaultKind.TokenExpired
            : now < registered.NotBefore - _leeway ? FaultKind.TokenNotYetValid
            : FaultKind.None;
        if (fault != FaultKind.None)
        {
            return fault;
        }

        // :: (6)
        if (ClaimReader.Read(json) is not { } claims || !claims.TryGetValue("sub", out var subject) || subject[0].Length == 0)
        {
            return FaultKind.TokenMalformed;
        }

        verified = new VerifiedToken(subject[0], claims, registered.ExpiresAt.GetValueOrDefault() + _leeway);
        return FaultKind.None;
    }
}
