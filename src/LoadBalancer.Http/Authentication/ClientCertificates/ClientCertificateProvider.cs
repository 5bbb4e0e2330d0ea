using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Tls;

namespace LoadBalancer.Http.Authentication.ClientCertificates;

/// <summary>
/// Identity from the certificate that a client has shown in its TLS handshake, where the listener verified it. It is read once for each session
/// of TLS, and kept there. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Whose certificate it is cannot be guessed at the rate of requests, since each guess is a handshake that fails before any request: so
/// whoever has one counts as known.
/// </remarks>
/// <param name="name">Its name in the file.</param>
/// <param name="options">What the file says.</param>
/// <param name="time">The clock by which certificates end.</param>
internal sealed class ClientCertificateProvider(string name, ClientCertificateProviderOptions options, TimeProvider time) : IdentityProvider(name)
{
    // No scheme is registered for it; a 401 has to have one (RFC 9110 section 15.5.2), and this says what is missing.
    private static readonly byte[] Scheme = [.. "ClientCertificate"u8];

    /// <summary>The provider, or null where the file asks for another kind.</summary>
    public static IdentityProvider? Create(ProviderBuild build) =>
        build.Options.ClientCertificate is { } options ? new ClientCertificateProvider(build.Name, options, build.Context.Time) : null;

    /// <inheritdoc/>
    public override bool IsPresent(Exchange exchange) => exchange.Tls is { } tls && Read(tls).Verdict != ProviderVerdict.Absent;

    /// <inheritdoc/>
    public override bool IsCached(Exchange exchange) => true;

    /// <inheritdoc/>
    public override ValueTask<ProviderAnswer> IdentifyAsync(Exchange exchange)
    {
        var answer = exchange.Tls is { } tls ? Read(tls) : ProviderAnswer.Absent;
        return new(answer.Identity is { } identity && identity.ExpiresAt < time.GetUtcNow().ToUnixTimeSeconds()
            ? ProviderAnswer.Refuse(FaultKind.IdentityExpired)
            : answer);
    }

    /// <inheritdoc/>
    public override byte[] Challenge(FaultKind why) => Scheme;

    private ProviderAnswer Read(TlsSession tls)
    {
        if (tls.OfPeer is SessionIdentity known && known.Provider == this)
        {
            return known.Answer;
        }

        using var certificate = tls.Server is null ? null : tls.GetPeerCertificate();
        var answer = certificate is null ? ProviderAnswer.Absent : IdentityOf(new PeerCertificate(certificate));
        tls.OfPeer = new SessionIdentity(this, answer);
        return answer;
    }

    private ProviderAnswer IdentityOf(PeerCertificate certificate)
    {
        var claims = CertificateClaims.Of(certificate);
        return claims.GetValueOrDefault(options.Subject, []) is not [var subject]
            ? ProviderAnswer.Refuse(FaultKind.CertificateUnmapped)
            : ProviderAnswer.Known(new Identity
            {
                Provider = Name,
                Subject = subject,
                Plan = options.PlanClaim is { } plan && claims.GetValueOrDefault(plan, []) is [var value] ? value : null,
                Claims = claims.ToFrozenDictionary(StringComparer.Ordinal),
                ExpiresAt = certificate.NotAfter,
                Forwarded = [.. options.Forward.Select(entry => FieldOf(entry.Key, entry.Value, claims, certificate)).OfType<IdentityField>()],
            });
    }

    private static IdentityField? FieldOf(string claim, string field, Dictionary<string, ImmutableArray<string>> claims, PeerCertificate certificate)
    {
        var value = claim switch
        {
            // RFC 9440 section 2.2: a byte sequence of RFC 8941.
            ClientCertificateProviderOptions.Certificate => $":{Convert.ToBase64String(certificate.Der.AsSpan())}:",
            ClientCertificateProviderOptions.CertificatePem => Uri.EscapeDataString(PemEncoding.WriteString("CERTIFICATE", certificate.Der.AsSpan())),
            _ => claims.GetValueOrDefault(claim, []) switch
            {
                [] => null,
                [var one] => one,

                // Of several the commas between them have to be the only ones.
                var several => string.Join(',', several.Select(text => text.Replace("%", "%25", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal))),
            },
        };
        var (name, bytes) = (Encoding.ASCII.GetBytes(field), Encoding.UTF8.GetBytes(value ?? ""));
        return bytes.Length > 0 && FieldText.IsValue(bytes) ? new IdentityField(KnownHeaders.Find(name), name, bytes) : null;
    }

    /// <summary>What one provider has made of a session's certificate.</summary>
    private sealed record SessionIdentity(IdentityProvider Provider, ProviderAnswer Answer);
}
