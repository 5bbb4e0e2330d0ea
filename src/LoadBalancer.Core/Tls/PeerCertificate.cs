using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Tls;

/// <summary>
/// What a verified certificate says of who shows it, read once. Immutable and thread-safe. Texts with control characters are left out: what
/// authorities let into a name is not what a log or a header field may hold.
/// </summary>
internal sealed class PeerCertificate
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string OrganizationalUnit = "2.5.4.11";
    private const string AlternativeNames = "2.5.29.17";

    // RFC 5280 section 4.2.1.6: the numbers of the alternatives.
    private const int Email = 1;
    private const int Dns = 2;
    private const int Uri = 6;

    /// <summary>What <paramref name="certificate"/> says.</summary>
    public PeerCertificate(X509Certificate2 certificate)
    {
        Der = ImmutableArray.Create(certificate.RawData);
        SubjectName = Clean([certificate.SubjectName.Decode(X500DistinguishedNameFlags.Reversed | X500DistinguishedNameFlags.UseCommas)]);
        IssuerName = Clean([certificate.IssuerName.Decode(X500DistinguishedNameFlags.Reversed | X500DistinguishedNameFlags.UseCommas)]);
        CommonNames = Parts(certificate.SubjectName, CommonName);
        Organizations = Parts(certificate.SubjectName, Organization);
        OrganizationalUnits = Parts(certificate.SubjectName, OrganizationalUnit);
        SerialNumber = certificate.SerialNumber.ToLowerInvariant();
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
        NotAfter = new DateTimeOffset(certificate.NotAfter).ToUnixTimeSeconds();
        var names = certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNames) is { } extension ? Read(extension.RawData) : [];
        EmailNames = Clean(names.Where(name => name.Kind == Email).Select(name => name.Text));
        DnsNames = Clean(names.Where(name => name.Kind == Dns).Select(name => name.Text));
        UriNames = Clean(names.Where(name => name.Kind == Uri).Select(name => name.Text));
    }

    /// <summary>The certificate itself.</summary>
    public ImmutableArray<byte> Der { get; }

    /// <summary>The distinguished name of its subject (RFC 4514); empty where it cannot be shown.</summary>
    public ImmutableArray<string> SubjectName { get; }

    /// <summary>The distinguished name of who vouches for it.</summary>
    public ImmutableArray<string> IssuerName { get; }

    /// <summary>The common names of the subject (CN), most often one.</summary>
    public ImmutableArray<string> CommonNames { get; }

    /// <summary>The organizations (O).</summary>
    public ImmutableArray<string> Organizations { get; }

    /// <summary>The units (OU).</summary>
    public ImmutableArray<string> OrganizationalUnits { get; }

    /// <summary>The hosts among its alternative names.</summary>
    public ImmutableArray<string> DnsNames { get; }

    /// <summary>The URIs, such as those of SPIFFE.</summary>
    public ImmutableArray<string> UriNames { get; }

    /// <summary>The mail addresses.</summary>
    public ImmutableArray<string> EmailNames { get; }

    /// <summary>The serial number in hexadecimal digits.</summary>
    public string SerialNumber { get; }

    /// <summary>SHA-256 of the certificate, in 64 hexadecimal digits.</summary>
    public string Fingerprint { get; }

    /// <summary>The last second in which it is valid, since 1970 (UTC).</summary>
    public long NotAfter { get; }

    // A relative name of several parts is read part by part as well.
    private static ImmutableArray<string> Parts(X500DistinguishedName name, string type)
    {
        var found = new List<string>();
        try
        {
            var sequence = new AsnReader(name.RawData, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData)
            {
                for (var set = sequence.ReadSetOf(skipSortOrderValidation: true); set.HasData;)
                {
                    var part = set.ReadSequence();
                    if (part.ReadObjectIdentifier() == type)
                    {
                        found.Add(part.ReadCharacterString((UniversalTagNumber)part.PeekTag().TagValue));
                    }
                }
            }
        }
        catch (Exception error) when (error is AsnContentException or ArgumentOutOfRangeException)
        {
            // A text in a coding of old that nobody can compare.
            return [];
        }

        return Clean(found);
    }

    private static List<(int Kind, string Text)> Read(byte[] extension)
    {
        var names = new List<(int, string)>();
        try
        {
            var sequence = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData)
            {
                var tag = sequence.PeekTag();
                if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is Email or Dns or Uri)
                {
                    names.Add((tag.TagValue, sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag)));
                }
                else
                {
                    sequence.ReadEncodedValue();
                }
            }
        }
        catch (AsnContentException)
        {
            return [];
        }

        return names;
    }

    private static ImmutableArray<string> Clean(IEnumerable<string> texts) => [.. texts.Where(text => text.Length > 0 && !text.Any(char.IsControl))];
}
