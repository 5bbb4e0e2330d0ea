using System.Formats.Asn1;

namespace LoadBalancer.Tls;

/// <summary>Reads of an OCSP response what decides whether it may be shown (RFC 6960 section 4.2.1). Its signature is the client's to verify.</summary>
internal static class OcspResponse
{
    private static readonly Asn1Tag First = new(TagClass.ContextSpecific, 0);

    /// <summary>Why a response may not be shown with a certificate; null where it may.</summary>
    /// <param name="response">The response, in DER.</param>
    /// <param name="serialNumber">The serial number of the certificate, the highest byte first.</param>
    /// <param name="now">The time at which it must be valid.</param>
    /// <param name="until">The time from which on it must not be shown any more; null where it does not say.</param>
    public static string? Flaw(ReadOnlyMemory<byte> response, ReadOnlySpan<byte> serialNumber, DateTimeOffset now, out DateTimeOffset? until)
    {
        until = null;
        try
        {
            var outer = new AsnReader(response, AsnEncodingRules.BER).ReadSequence();
            if (outer.ReadEnumeratedBytes().Span is not [0])
            {
                return "is an error of the responder's; ask it again";
            }

            var typed = outer.ReadSequence(First).ReadSequence();
            typed.ReadObjectIdentifier();
            var data = new AsnReader(typed.ReadOctetString(), AsnEncodingRules.BER).ReadSequence().ReadSequence();
            if (data.PeekTag() == new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true))
            {
                data.ReadEncodedValue(); // the version
            }

            data.ReadEncodedValue(); // who has responded
            data.ReadGeneralizedTime();
            for (var answers = data.ReadSequence(); answers.HasData;)
            {
                var answer = answers.ReadSequence();
                var id = answer.ReadSequence();
                id.ReadEncodedValue(); // three hashes, of which the serial number is what differs between certificates of one authority
                id.ReadEncodedValue();
                id.ReadEncodedValue();
                if (!id.ReadIntegerBytes().Span.TrimStart((byte)0).SequenceEqual(serialNumber.TrimStart((byte)0)))
                {
                    continue;
                }

                answer.ReadEncodedValue(); // good, revoked or unknown: for clients to judge
                answer.ReadGeneralizedTime();
                until = answer.HasData && answer.PeekTag().HasSameClassAndValue(First) ? answer.ReadSequence(First).ReadGeneralizedTime() : null;
                return until < now ? FormattableString.Invariant($"ended on {until.Value.UtcDateTime:yyyy-MM-dd HH:mm}Z; have it fetched before its end") : null;
            }

            return "is for another certificate, most often the one before a renewal; fetch it again";
        }
        catch (AsnContentException)
        {
            return "is none in DER, as 'openssl ocsp … -respout FILE' writes it";
        }
    }
}
