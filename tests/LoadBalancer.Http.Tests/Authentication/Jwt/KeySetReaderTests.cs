using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LoadBalancer.Http.Authentication.Jwt;

namespace LoadBalancer.Http.Tests.Authentication.Jwt;

internal sealed class KeySetReaderTests
{
    private const JwtAlgorithms All = (JwtAlgorithms)(-1);

    private static readonly TestKey Rsa = TestKey.Rsa("rsa");
    private static readonly TestKey Ec = TestKey.Ec("ec");

    [Test]
    public void A_key_verifies_what_its_kind_can()
    {
        TestKey[] keys = [Rsa, Ec, TestKey.Ec("p384", "P-384"), TestKey.Ec("p521", "P-521"), TestKey.Edwards("ed"), TestKey.Secret("s", new string('s', 50))];
        var set = Read(Set([.. keys.Select(key => key.Jwk())]));

        Assert.That(set.Keys!.Keys.Select(key => key.Algorithms), Is.EqualTo(new[]
        {
            JwtAlgorithms.OfRsa, JwtAlgorithms.ES256, JwtAlgorithms.ES384, JwtAlgorithms.ES512, JwtAlgorithms.OfEdwards, JwtAlgorithms.HS256 | JwtAlgorithms.HS384,
        }));
    }

    [TestCase("\"use\":\"enc\"", "is not for signatures ('use')")]
    [TestCase("\"key_ops\":[\"sign\"]", "is not for verifying ('key_ops')")]
    [TestCase("\"key_ops\":[]", "is not for verifying ('key_ops')")]
    [TestCase("\"alg\":\"RSA-OAEP\"", "is for none of the algorithms that the file allows")]
    [TestCase("\"alg\":\"none\"", "is for none of the algorithms that the file allows")]
    [TestCase("\"alg\":\"ES256\"", "is for none of the algorithms that the file allows")]
    public void A_key_for_something_else_is_left_out(string member, string why)
    {
        var (keys, _, notes) = Read(Set(Rsa.Jwk(member), Ec.Jwk("\"use\":\"sig\",\"key_ops\":[\"verify\"]")));

        Assert.That(keys!.Keys.Select(key => key.Id), Is.EqualTo(new[] { "ec" }));
        Assert.That(notes, Is.EqualTo(new[] { $"the key 'rsa' {why}" }));
    }

    [TestCase(1024, false)]
    [TestCase(2047, false)]
    [TestCase(2048, true)]
    public void An_RSA_key_has_2048_bits_at_least(int bits, bool isTaken)
    {
        // A modulus of that many bits, odd; whether it is a product of two primes nobody can see.
        var modulus = new byte[(bits + 7) / 8];
        modulus[0] = (byte)(1 << ((bits - 1) % 8));
        modulus[^1] = 1;
        var set = Read(Set($$"""{"kty":"RSA","kid":"k","n":"{{Encode(modulus)}}","e":"AQAB"}"""));

        Assert.That(set.Keys is not null, Is.EqualTo(isTaken));
        Assert.That(set.Flaw, isTaken ? Is.Null : Is.EqualTo($"no key in it is of use: the key 'k' is an RSA key of {bits} bits, and fewer than 2048 are not safe"));
    }

    [Test]
    public void Zeros_before_a_modulus_make_it_no_longer() =>
        Assert.That(Read(Set($$"""{"kty":"RSA","kid":"k","n":"{{Encode([.. new byte[200], .. Enumerable.Repeat((byte)1, 128)])}}","e":"AQAB"}""")).Flaw, Does.Contain("of 1017 bits"));

    [TestCase("AQ")]
    [TestCase("AA")]
    [TestCase("")]
    [TestCase("Ag")]
    [TestCase("AQABAAAAAAAAAAAB")]
    public void An_exponent_that_cannot_be_one_is_none(string exponent) =>
        Assert.That(Read(Set($$"""{"kty":"RSA","kid":"k","n":"{{Encode([.. Enumerable.Repeat((byte)0xff, 256)])}}","e":"{{exponent}}"}""")).Keys, Is.Null);

    [Test]
    public void A_point_that_is_not_on_its_curve_is_no_key()
    {
        var zeros = Encode([.. new byte[31], 1]);
        Assert.That(Read(Set($$"""{"kty":"EC","crv":"P-256","x":"{{zeros}}","y":"{{zeros}}"}""")).Flaw, Does.Contain("the point is not on the curve"));
        Assert.That(Read(Set($$"""{"kty":"EC","crv":"P-256","x":"AQ","y":"{{zeros}}"}""")).Flaw, Does.Contain("its coordinates have 32 bytes each"));
        Assert.That(Read(Set($$"""{"kty":"EC","crv":"secp256k1","x":"{{zeros}}","y":"{{zeros}}"}""")).Flaw, Does.Contain("on a curve other than"));
        Assert.That(Read(Set($$"""{"kty":"OKP","crv":"X25519","x":"{{zeros}}"}""")).Flaw, Does.Contain("on a curve other than"));
        Assert.That(Read(Set($$"""{"kty":"OKP","crv":"Ed25519","x":"AQ"}""")).Flaw, Does.Contain("another length"));
    }

    [Test]
    public void Where_everybody_can_read_it_a_secret_is_none()
    {
        var set = Set(TestKey.Secret("s", new string('s', 64)).Jwk());
        Assert.That(new KeySetReader(All, takesSecrets: false, 1).Read(Encoding.UTF8.GetBytes(set)).Flaw, Is.EqualTo("no key in it is of use: the key 's' is a secret that everybody may read"));
        Assert.That(Read(set).Keys, Is.Not.Null);
    }

    [Test]
    public void A_secret_is_as_long_as_its_hash() =>
        Assert.That(Read(Set(TestKey.Secret("s", new string('s', 31)).Jwk())).Flaw, Does.Contain("has 31 bytes, and HS256 needs 32"));

    [Test]
    public void A_set_is_bounded()
    {
        string Many(int count) => Set([.. Enumerable.Range(0, count).Select(_ => Ec.Jwk())]);
        Assert.That(Read(Many(KeySetReader.MostKeys)).Keys, Is.Not.Null);
        Assert.That(Read(Many(KeySetReader.MostKeys + 1)).Flaw, Is.EqualTo("it has more than 100 keys"));
        Assert.That(Read(Set(Ec.Jwk().Replace("\"ec\"", $"\"{new string('k', 257)}\"", StringComparison.Ordinal))).Flaw, Does.Contain("has a name that is too long"));
    }

    [TestCase("{\"keys\":[],\"keys\":[]}")]
    [TestCase("{\"keys\":[{\"kty\":\"RSA\",\"kty\":\"EC\"}]}")]
    [TestCase("{\"keys\":[1]}")]
    [TestCase("{\"keys\":[{\"kty\":1}]}")]
    [TestCase("{\"keys\":[{\"kty\":\"RSA\",\"n\":[],\"e\":\"AQAB\"}]}")]
    [TestCase("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"+/==\",\"e\":\"AQAB\"}]}")]
    [TestCase("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\",\"key_ops\":\"verify\"}]}")]
    [TestCase("{\"keys\":null}")]
    [TestCase("{}")]
    [TestCase("")]
    [TestCase("\0")]
    public void What_is_no_set_is_told_from_one(string document) => Assert.That(Read(document).Flaw, Is.Not.Null);

    [Test]
    public void PEM_has_keys_and_certificates()
    {
        using var rsa = RSA.Create(2048);
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var certificate = new CertificateRequest("CN=issuer", ecdsa, HashAlgorithmName.SHA384).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1));
        const string Edwards = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        var set = Read($"the issuer's keys\n{rsa.ExportSubjectPublicKeyInfoPem()}\n{rsa.ExportRSAPublicKeyPem()}\n{certificate.ExportCertificatePem()}\n{Edwards}");

        Assert.That(set.Keys!.Keys.Select(key => key.Algorithms), Is.EqualTo(new[] { JwtAlgorithms.OfRsa, JwtAlgorithms.OfRsa, JwtAlgorithms.ES384, JwtAlgorithms.OfEdwards }));
        Assert.That(set.Keys.Keys.Select(key => key.Id), Is.All.Null);
    }

    [Test]
    public void A_curve_that_is_spelled_out_is_none_that_is_known()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var spelled = ECDsa.Create(ecdsa.ExportExplicitParameters(includePrivateParameters: false));
        Assert.That(Read(spelled.ExportSubjectPublicKeyInfoPem()).Flaw, Does.Contain("on a curve other than"));
    }

    [Test]
    public void A_private_key_stays_with_the_issuer()
    {
        using var rsa = RSA.Create(2048);
        Assert.That(Read(rsa.ExportPkcs8PrivateKeyPem()).Flaw, Does.StartWith("it holds a private key"));
        Assert.That(Read(rsa.ExportRSAPrivateKeyPem()).Flaw, Does.StartWith("it holds a private key"));
    }

    [Test]
    public void The_signature_of_RFC_8037_is_good()
    {
        // Appendix A.2 and A.4.
        const string Jwk = """{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""";
        var key = Read(Set(Jwk)).Keys!.Keys[0];
        var signature = Convert.FromBase64String("hgyY0il/MGCjP0JzlnLWG1PPOt7+09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr/MuM0KAg==");

        Assert.That(key.Verifies(JwtAlgorithms.EdDSA, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"u8, signature, 0), Is.True);
        Assert.That(key.Verifies(JwtAlgorithms.EdDSA, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd"u8, signature, 0), Is.False);
        Assert.That(key.Verifies(JwtAlgorithms.EdDSA, ""u8, ""u8, 0), Is.False);
    }

    [Test]
    public void The_signature_of_RFC_7515_is_good()
    {
        // Appendix A.1: a secret of 64 bytes.
        const string Jwk = """{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}""";
        var key = Read(Set(Jwk)).Keys!.Keys[0];

        Assert.That(
            key.Verifies(
                JwtAlgorithms.HS256,
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"u8,
                Convert.FromBase64String("dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk="), 0),
            Is.True);
    }

    private static (KeySet? Keys, string? Flaw, IReadOnlyList<string> Notes) Read(string document)
    {
        var reader = new KeySetReader(All, takesSecrets: true, loops: 1);
        var (keys, flaw) = reader.Read(Encoding.UTF8.GetBytes(document));
        return (keys, flaw, reader.Notes);
    }

    private static string Set(params string[] keys) => $$"""{"keys":[{{string.Join(',', keys)}}]}""";

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
