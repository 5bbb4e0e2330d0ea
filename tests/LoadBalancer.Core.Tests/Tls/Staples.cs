using System.Formats.Asn1;

namespace LoadBalancer.Tests.Tls;

/// <summary>OCSP responses as far as lb reads them: nobody has signed them.</summary>
internal static class Staples
{
    private static readonly Asn1Tag First = new(TagClass.ContextSpecific, 0);

    /// <summary>A response of one answer (RFC 6960 section 4.2.1).</summary>
    /// <param name="serialNumber">Which certificate it is about.</param>
    /// <param name="from">When it was made.</param>
    /// <param name="until">When it ends; null where it does not say.</param>
    public static byte[] Of(byte[] serialNumber, DateTimeOffset from, DateTimeOffset? until)
    {
        var basic = new AsnWriter(AsnEncodingRules.DER);
        using (basic.PushSequence())
        {
            using (basic.PushSequence())
            {
                using (basic.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2, isConstructed: true)))
                {
                    basic.WriteOctetString(new byte[20]);
                }

                basic.WriteGeneralizedTime(from, omitFractionalSeconds: true);
                using (basic.PushSequence())
                {
                    using (basic.PushSequence())
                    {
                        using (basic.PushSequence())
                        {
                            using (basic.PushSequence())
                            {
                                basic.WriteObjectIdentifier("1.3.14.3.2.26");
                            }

                            basic.WriteOctetString(new byte[20]);
                            basic.WriteOctetString(new byte[20]);
                            basic.WriteIntegerUnsigned(serialNumber);
                        }

                        basic.WriteNull(First);
                        basic.WriteGeneralizedTime(from, omitFractionalSeconds: true);
                        if (until is { } end)
                        {
                            using (basic.PushSequence(First))
                            {
                                basic.WriteGeneralizedTime(end, omitFractionalSeconds: true);
                            }
                        }
                    }
                }
            }
        }

        var response = new AsnWriter(AsnEncodingRules.DER);
        using (response.PushSequence())
        {
            response.WriteEncodedValue([0x0a, 0x01, 0x00]);
            using (response.PushSequence(First))
            {
                using (response.PushSequence())
                {
                    response.WriteObjectIdentifier("1.3.6.1.5.5.7.48.1.1");
                    response.WriteOctetString(basic.Encode());
                }
            }
        }

        return response.Encode();
    }
}
