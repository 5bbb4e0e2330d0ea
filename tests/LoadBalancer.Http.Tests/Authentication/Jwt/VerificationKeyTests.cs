using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Http.Tests.Authentication.Jwt;

/// <summary>Signatures at the edges of what RFC 7518, RFC 8017, RFC 8032 and FIPS 186-5 take for one: what Project Wycheproof looks for, on keys of the test's own.</summary>
internal sealed class VerificationKeyTests
{
    private static readonly byte[] Message = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm5hIn0"u8.ToArray();
    private static readonly BigInteger OrderOfP256 = Number(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"));
    private static readonly BigInteger OrderOfEd25519 = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly byte[] Sha256Info = Convert.FromHexString("3031300D060960864801650304020105000420");
    private static readonly byte[] Sha256InfoWithoutNull = Convert.FromHexString("302F300B0609608648016503040201" + "0420");
    private static readonly byte[] Sha1Info = Convert.FromHexString("3021300906052B0E03021A05000414");

    private static readonly ECDsa OnP256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly RSA OfRsa = RSA.Create(2048);
    private static readonly RSAParameters Private = OfRsa.ExportParameters(includePrivateParameters: true);
    private static readonly TestKey Edwards = TestKey.Edwards("ed");
    private static readonly TestKey Secret = TestKey.Secret("secret", new string('s', 64));

    private static readonly VerificationKey P256 = Key($$""" "kty":"EC","crv":"P-256","x":"{{Text(Point.X!)}}","y":"{{Text(Point.Y!)}}" """);
    private static readonly VerificationKey Rsa = Key($$""" "kty":"RSA","n":"{{Text(Private.Modulus!)}}","e":"{{Text(Private.Exponent!)}}" """);

    private static ECPoint Point => OnP256.ExportParameters(includePrivateParameters: false).Q;

    [OneTimeTearDown]
    public void End()
    {
        OnP256.Dispose();
        OfRsa.Dispose();
    }

    [TestCase("as it is", true)]
    [TestCase("the other s", true)]
    [TestCase("r = 0", false)]
    [TestCase("s = 0", false)]
    [TestCase("r = s = 0", false)]
    [TestCase("r = s = 1", false)]
    [TestCase("r = n", false)]
    [TestCase("s = n", false)]
    [TestCase("r = s = n", false)]
    [TestCase("r = n - 1", false)]
    [TestCase("r and s are 2^256 - 1", false)]
    [TestCase("r and s change places", false)]
    [TestCase("in ASN.1", false)]
    [TestCase("in ASN.1, cut to length", false)]
    [TestCase("a byte shorter", false)]
    [TestCase("a byte longer", false)]
    [TestCase("a zero before each", false)]
    [TestCase("without leading zeros", false)]
    [TestCase("twice", false)]
    [TestCase("nothing", false)]
    [TestCase("of another hash", false)]
    [TestCase("of another message", false)]
    [TestCase("of another curve", false)]
    public void An_ECDSA_signature_is_r_and_s_of_full_length_and_within_the_order(string how, bool isGood)
    {
        var good = OnP256.SignData(Message, HashAlgorithmName.SHA256);
        while (how == "without leading zeros" && good[0] != 0)
        {
            good = OnP256.SignData(Message, HashAlgorithmName.SHA256);
        }

        var (r, s) = (Number(good[..32]), Number(good[32..]));
        var asn1 = OnP256.SignData(Message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        var signature = how switch
        {
            "as it is" => good,

            // JWS asks for no lower one, and nothing here depends on there being one alone: what is remembered of a token is its whole text.
            "the other s" => Pair(r, OrderOfP256 - s),
            "r = 0" => Pair(0, s),
            "s = 0" => Pair(r, 0),
            "r = s = 0" => new byte[64],
            "r = s = 1" => Pair(1, 1),
            "r = n" => Pair(OrderOfP256, s),
            "s = n" => Pair(r, OrderOfP256),
            "r = s = n" => Pair(OrderOfP256, OrderOfP256),
            "r = n - 1" => Pair(OrderOfP256 - 1, s),
            "r and s are 2^256 - 1" => [.. Enumerable.Repeat((byte)0xFF, 64)],
            "r and s change places" => Pair(s, r),
            "in ASN.1" => asn1,
            "in ASN.1, cut to length" => asn1[..64],
            "a byte shorter" => good[..^1],
            "a byte longer" => [.. good, 0],
            "a zero before each" => [0, .. good[..32], 0, .. good[32..]],
            "without leading zeros" => good[1..],
            "twice" => [.. good, .. good],
            "nothing" => [],
            "of another hash" => OnP256.SignData(Message, HashAlgorithmName.SHA384),
            "of another message" => OnP256.SignData(Message[..^1], HashAlgorithmName.SHA256),
            _ => TestKey.Ec("other", "P-384").Sign(Message),
        };
        Assert.That(P256.Verifies(JwtAlgorithms.ES256, Message, signature, 0), Is.EqualTo(isGood));
    }

    [TestCase("as it is", true)]
    [TestCase("of type 2", false)]
    [TestCase("of type 0", false)]
    [TestCase("one byte of the padding", false)]
    [TestCase("short padding and garbage behind", false)]
    [TestCase("garbage in the parameters", false)]
    [TestCase("without NULL", false)]
    [TestCase("a bare hash", false)]
    [TestCase("by SHA-1", false)]
    [TestCase("SHA-1 named, SHA-256 used", false)]
    [TestCase("a byte shorter", false)]
    [TestCase("a zero in front", false)]
    [TestCase("the modulus more", false)]
    [TestCase("0", false)]
    [TestCase("1", false)]
    [TestCase("the modulus less 1", false)]
    [TestCase("nothing", false)]
    [TestCase("by PSS", false)]
    [TestCase("of another hash", false)]
    public void A_PKCS1_signature_is_one_block_to_the_last_bit(string how, bool isGood)
    {
        var hash = SHA256.HashData(Message);
        var modulus = Number(Private.Modulus!);
        var good = Signed([.. Sha256Info, .. hash]);
        var signature = how switch
        {
            "as it is" => good,
            "of type 2" => Raw([0, 2, .. Filled(256 - 3 - Sha256Info.Length - 32), 0, .. Sha256Info, .. hash]),
            "of type 0" => Raw([0, 0, .. new byte[256 - 3 - Sha256Info.Length - 32], 0, .. Sha256Info, .. hash]),
            "one byte of the padding" => Raw([0, 1, 0xFE, .. Filled(256 - 4 - Sha256Info.Length - 32), 0, .. Sha256Info, .. hash]),
            "short padding and garbage behind" => Raw([0, 1, .. Filled(8), 0, .. Sha256Info, .. hash, .. new byte[256 - 11 - Sha256Info.Length - 32]]),
            "garbage in the parameters" => Signed([.. Convert.FromHexString("3039301506096086480165030402010508" + "4141414141414141" + "0420"), .. hash]),
            "without NULL" => Signed([.. Sha256InfoWithoutNull, .. hash]),
            "a bare hash" => Signed(hash),
#pragma warning disable CA5350 // What must not be taken.
            "by SHA-1" => Signed([.. Sha1Info, .. SHA1.HashData(Message)]),
#pragma warning restore CA5350
            "SHA-1 named, SHA-256 used" => Signed([.. Sha1Info, .. hash]),
            "a byte shorter" => good[1..],
            "a zero in front" => [0, .. good],
            "the modulus more" => Bytes(Number(good) + modulus, 257),
            "0" => new byte[256],
            "1" => Bytes(1, 256),
            "the modulus less 1" => Bytes(modulus - 1, 256),
            "nothing" => [],
            "by PSS" => OfRsa.SignData(Message, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => OfRsa.SignData(Message, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
        };
        Assert.That(Rsa.Verifies(JwtAlgorithms.RS256, Message, signature, 0), Is.EqualTo(isGood));
    }

    [Test]
    public void An_RSA_signature_is_below_the_modulus()
    {
        // Of its length, and so not told by that: the message is chosen until it fits.
        var modulus = Number(Private.Modulus!);
        for (var at = 0; ; at++)
        {
            var message = Encoding.ASCII.GetBytes($"{at}");
            var more = Number(OfRsa.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)) + modulus;
            if (more.GetByteCount(isUnsigned: true) == 256)
            {
                Assert.That(Rsa.Verifies(JwtAlgorithms.RS256, message, Bytes(more, 256), 0), Is.False);
                return;
            }
        }
    }

    [TestCase(32, true)]
    [TestCase(0, false)]
    [TestCase(20, false)]
    [TestCase(31, false)]
    [TestCase(33, false)]
    [TestCase(222, false)]
    public void The_salt_of_PSS_is_as_long_as_the_hash(int salt, bool isGood) => Assert.That(
        Rsa.Verifies(JwtAlgorithms.PS256, Message, Pss(HashAlgorithmName.SHA256, salt), 0), Is.EqualTo(isGood));

    [Test]
    public void What_is_signed_by_PKCS1_or_with_another_hash_is_no_PSS()
    {
        Assert.That(Rsa.Verifies(JwtAlgorithms.PS256, Message, OfRsa.SignData(Message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), 0), Is.False);
        Assert.That(Rsa.Verifies(JwtAlgorithms.PS256, Message, Pss(HashAlgorithmName.SHA384, 32), 0), Is.False);
        Assert.That(Rsa.Verifies(JwtAlgorithms.PS384, Message, OfRsa.SignData(Message, HashAlgorithmName.SHA384, RSASignaturePadding.Pss), 0), Is.True);
    }

    [TestCase("as it is", true)]
    [TestCase("the order more", false)]
    [TestCase("all zeros", false)]
    [TestCase("a byte shorter", false)]
    [TestCase("a byte longer", false)]
    [TestCase("nothing", false)]
    public void An_EdDSA_signature_has_one_form(string how, bool isGood)
    {
        var good = Edwards.Sign(Message);
        var more = (new BigInteger(good.AsSpan(32), isUnsigned: true) + OrderOfEd25519).ToByteArray(isUnsigned: true);
        byte[] signature = how switch
        {
            "as it is" => good,
            "the order more" => [.. good[..32], .. more, .. new byte[32 - more.Length]],
            "all zeros" => new byte[64],
            "a byte shorter" => good[..^1],
            "a byte longer" => [.. good, 0],
            _ => [],
        };
        Assert.That(Key(Edwards.Jwk()[1..^1]).Verifies(JwtAlgorithms.EdDSA, Message, signature, 0), Is.EqualTo(isGood));
    }

    [TestCase(32, true)]
    [TestCase(31, false)]
    [TestCase(16, false)]
    [TestCase(0, false)]
    public void A_part_of_a_MAC_is_none(int length, bool isGood) =>
        Assert.That(Key(Secret.Jwk()[1..^1], takesSecrets: true).Verifies(JwtAlgorithms.HS256, Message, Secret.Sign(Message).AsSpan(0, length), 0), Is.EqualTo(isGood));

    private static VerificationKey Key(string members, bool takesSecrets = false)
    {
        var (keys, flaw) = new KeySetReader(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), takesSecrets, loops: 1).Read(Encoding.UTF8.GetBytes($$"""{"keys":[{{{members}}}]}"""));
        Assert.That(flaw, Is.Null);
        return keys!.Keys.Single();
    }

    private static string Text(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int length)
    {
        var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[Math.Max(0, length - bytes.Length)], .. bytes];
    }

    private static byte[] Pair(BigInteger r, BigInteger s) => [.. Bytes(r, 32), .. Bytes(s, 32)];

    private static byte[] Filled(int length) => [.. Enumerable.Repeat((byte)0xFF, length)];

    /// <summary>The signature whose block is this, whatever it is.</summary>
    private static byte[] Raw(byte[] block) => Bytes(BigInteger.ModPow(Number(block), Number(Private.D!), Number(Private.Modulus!)), 256);

    /// <summary>The signature of the message by PSS with a salt of this length (RFC 8017 section 9.1.1).</summary>
    private static byte[] Pss(HashAlgorithmName algorithm, int saltLength)
    {
        var salt = Filled(saltLength);
        var hash = CryptographicOperations.HashData(algorithm, [.. new byte[8], .. CryptographicOperations.HashData(algorithm, Message), .. salt]);
        byte[] block = [.. new byte[256 - hash.Length - 2 - salt.Length], 1, .. salt];
        byte[] mask = [.. Enumerable.Range(0, 8).SelectMany(counter => CryptographicOperations.HashData(algorithm, [.. hash, 0, 0, 0, (byte)counter]))];
        for (var at = 0; at < block.Length; at++)
        {
            block[at] ^= mask[at];
        }

        block[0] &= 0x7F;
        return Raw([.. block, .. hash, 0xBC]);
    }

    /// <summary>The signature of what stands behind a right padding.</summary>
    private static byte[] Signed(byte[] info) => Raw([0, 1, .. Filled(256 - 3 - info.Length), 0, .. info]);
}
