using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace LoadBalancer.Tls;

/// <summary>What the files of a listener's TLS hold, read and checked. Immutable.</summary>
internal sealed record TlsMaterial
{
    /// <summary>The certificates, in the order of the options.</summary>
    public required ImmutableArray<ServerCertificate> Certificates { get; init; }

    /// <summary>Who may vouch for clients; empty where nobody is asked.</summary>
    public byte[] ClientAuthoritiesPem { get; init; } = [];

    /// <summary>The keys of tickets; empty where the file of them is not named.</summary>
    public ImmutableArray<TicketKey> TicketKeys { get; init; } = [];

    /// <summary>What works but is hardly meant.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>What a server's side is made of, with this in it.</summary>
    /// <param name="listener">The listener's name: tickets are good for it alone.</param>
    /// <param name="options">What the file says.</param>
    /// <param name="protocols">What may be spoken inside, the preferred first.</param>
    /// <param name="keys">Who encrypts tickets.</param>
    public TlsServerSettings For(string listener, TlsOptions options, ImmutableArray<ApplicationProtocol> protocols, TicketKeys keys)
    {
        var mode = options.ClientCertificates?.Mode ?? ClientCertificateMode.Off;
        return new TlsServerSettings
        {
            Certificates = Certificates,
            OnlyTls13 = options.MinVersion == TlsOptions.Tls13,
            Protocols = protocols,
            ClientCertificates = mode,
            ClientAuthoritiesPem = ClientAuthoritiesPem,
            TicketKeys = keys,
            SessionContext = SHA256.HashData([.. Encoding.UTF8.GetBytes($"{listener}\0{mode}\0"), .. ClientAuthoritiesPem]),
        };
    }

    /// <summary>True where a context made of <paramref name="other"/> would be the same. Keys of tickets are no part of a context.</summary>
    public bool MakesTheSameAs(TlsMaterial other) => Digest().AsSpan().SequenceEqual(other.Digest());

    /// <summary>True where the keys of tickets are the same, in the same order.</summary>
    public bool HasTicketKeysOf(TlsMaterial other) => TicketKeys.Select(key => key.Text).SequenceEqual(other.TicketKeys.Select(key => key.Text));

    private byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var certificate in Certificates)
        {
            Add(certificate.ChainPem);
            Add(certificate.KeyPem);
            Add(certificate.Staple ?? []);
        }

        Add(ClientAuthoritiesPem);
        return hash.GetHashAndReset();

        void Add(byte[] bytes)
        {
            hash.AppendData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"{bytes.Length}:")));
            hash.AppendData(bytes);
        }
    }
}
