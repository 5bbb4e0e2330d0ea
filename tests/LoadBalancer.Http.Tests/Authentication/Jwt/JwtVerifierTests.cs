using System.Buffers.Text;
using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Tests;

namespace LoadBalancer.Http.Tests.Authentication.Jwt;

/// <summary>Lines J1 to J6 of what attackers try on tokens, and what RFC 7515, 7518, 7519 and 8725 ask for.</summary>
internal sealed class JwtVerifierTests
{
    private static readonly TestKey[] OfEveryKind =
    [
        TestKey.Rsa("rsa"), TestKey.Ec("p256"), TestKey.Ec("p384", "P-384"), TestKey.Ec("p521", "P-521"), TestKey.Edwards("ed"), TestKey.Secret("secret", new string('s', 64)),
    ];

    private readonly ManualTime _time = new();
    private readonly TestIssuer _issuer;

    public JwtVerifierTests() => _issuer = new TestIssuer(_time);

    [OneTimeTearDown]
    public void End() => _issuer.Dispose();

    [TestCase("rsa", "RS256")]
    [TestCase("rsa", "RS384")]
    [TestCase("rsa", "RS512")]
    [TestCase("rsa", "PS256")]
    [TestCase("rsa", "PS384")]
    [TestCase("rsa", "PS512")]
    [TestCase("p256", "ES256")]
    [TestCase("p384", "ES384")]
    [TestCase("p521", "ES512")]
    [TestCase("ed", "EdDSA")]
    [TestCase("ed", "Ed25519")]
    [TestCase("secret", "HS256")]
    [TestCase("secret", "HS384")]
    [TestCase("secret", "HS512")]
    public void Takes_every_algorithm_that_is_allowed_and_refuses_it_where_it_is_not(string key, string algorithm)
    {
        var signer = OfEveryKind.Single(one => one.Id == key);
        var token = _issuer.Sign(_issuer.Claims(), signer, by: algorithm);
        var keys = SetOf(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), [.. OfEveryKind.Select(one => one.Jwk())]);

        Assert.That(Verify(token, keys, algorithm), Is.EqualTo(FaultKind.None));
        Assert.That(Verify(token, keys, [.. JwtAlgorithmNames.All.Where(one => one != algorithm)]), Is.EqualTo(FaultKind.TokenAlgorithmRefused));

        var other = SetOf(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), OfEveryKind.First(one => one.Id != key && one.Algorithm[0] != algorithm[0]).Jwk().Replace($"\"kid\":\"", "\"kid\":\"x", StringComparison.Ordinal));
        Assert.That(Verify(token, other, algorithm), Is.EqualTo(FaultKind.TokenKeyUnknown));
    }

    [Test]
    public void A_changed_bit_anywhere_is_another_token([Values("rsa", "p256", "ed", "secret")] string key)
    {
        var signer = OfEveryKind.Single(one => one.Id == key);
        var token = _issuer.Sign(_issuer.Claims(), signer);
        var keys = SetOf(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), signer.Jwk());
        Assert.That(Verify(token, keys, signer.Algorithm), Is.EqualTo(FaultKind.None));
        for (var at = 0; at < token.Length; at += 3)
        {
            var changed = token.ToCharArray();
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            Assert.That(Verify(new string(changed), keys, signer.Algorithm), Is.Not.EqualTo(FaultKind.None), $"character {at}");
        }
    }

    [TestCase("none")]
    [TestCase("None")]
    [TestCase("nOnE")]
    [TestCase("NONE")]
    [TestCase("")]
    [TestCase("rs256")]
    [TestCase("RS256 ")]
    [TestCase("RS1")]
    [TestCase("HS256\\u0000")]
    [TestCase("\\u0052S256")]
    public void J1_a_token_without_an_algorithm_is_refused_signed_or_not(string algorithm)
    {
        var header = $$"""{"alg":"{{algorithm}}","kid":"key-1"}""";
        var unsigned = $"{TestIssuer.Encode(header)}.{TestIssuer.Encode(_issuer.Claims())}.";

        Assert.That(Verify(unsigned), Is.EqualTo(FaultKind.TokenAlgorithmRefused));
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: header)), Is.EqualTo(FaultKind.TokenAlgorithmRefused));
    }

    [Test]
    public void J1_an_empty_signature_is_none()
    {
        var token = _issuer.Token();
        Assert.That(Verify(token[..(token.LastIndexOf('.') + 1)]), Is.EqualTo(FaultKind.TokenSignatureInvalid));
    }

    [Test]
    public void J2_the_public_key_is_no_secret()
    {
        using var rsa = System.Security.Cryptography.RSA.Create(2048);
        var published = TestKey.Rsa("key-1", rsa);
        foreach (var guess in (string[])[rsa.ExportSubjectPublicKeyInfoPem(), rsa.ExportSubjectPublicKeyInfoPem() + "\n", rsa.ExportRSAPublicKeyPem(), published.Jwk()])
        {
            var forged = _issuer.Sign(_issuer.Claims(), TestKey.Secret("key-1", guess));
            var keys = SetOf(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), published.Jwk());

            Assert.That(Verify(forged, keys, "RS256"), Is.EqualTo(FaultKind.TokenAlgorithmRefused));
            Assert.That(Verify(forged, keys, "RS256", "HS256"), Is.EqualTo(FaultKind.TokenAlgorithmRefused), "even where the file allows both, the key does not");
        }
    }

    [Test]
    public void J2_the_JWK_says_the_last_word_on_its_algorithm()
    {
        var keys = SetOf(JwtAlgorithms.OfRsa, _issuer.Keys[0].Jwk("\"alg\":\"RS256\""));

        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), by: "RS256"), keys, "RS256", "RS512", "PS256"), Is.EqualTo(FaultKind.None));
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), by: "RS512"), keys, "RS256", "RS512", "PS256"), Is.EqualTo(FaultKind.TokenAlgorithmRefused));
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), by: "PS256"), keys, "RS256", "RS512", "PS256"), Is.EqualTo(FaultKind.TokenAlgorithmRefused));
    }

    [TestCase("../../dev/null")]
    [TestCase("' OR 1=1 --")]
    [TestCase("https://evil.example/key")]
    [TestCase("/etc/passwd")]
    [TestCase("KEY-1")]
    [TestCase("key-1 ")]
    [TestCase("key-1\0")]
    [TestCase("")]
    public void J3_a_key_is_found_by_its_exact_name_or_not_at_all(string id)
    {
        var header = $$"""{"alg":"RS256","kid":{{System.Text.Json.JsonSerializer.Serialize(id)}}}""";
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: header)), Is.EqualTo(FaultKind.TokenKeyUnknown));
    }

    [Test]
    public void J3_a_name_of_any_length_is_only_unknown([Values(256, 257, 4000)] int length)
    {
        var header = $$"""{"alg":"RS256","kid":"{{new string('k', length)}}"}""";
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: header)), Is.EqualTo(FaultKind.TokenKeyUnknown));
    }

    [Test]
    public void J4_keys_and_addresses_in_the_header_are_not_looked_at()
    {
        var attacker = TestKey.Rsa("key-1", System.Security.Cryptography.RSA.Create(2048));
        foreach (var member in (string[])[$"\"jwk\":{attacker.Jwk()}", "\"jku\":\"http://127.0.0.1:1/\"", "\"x5u\":\"http://127.0.0.1:1/\"", "\"x5c\":[\"AAAA\"]"])
        {
            var header = $$"""{"alg":"RS256","kid":"key-1",{{member}}}""";
            Assert.That(Verify(_issuer.Sign(_issuer.Claims(), attacker, header)), Is.EqualTo(FaultKind.TokenSignatureInvalid), member);
            Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: header)), Is.EqualTo(FaultKind.None), "of the right key it is as good as any: " + member);
        }
    }

    [TestCase("\"exp\":\"4102444800\"", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4102444800.5", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4.1e9", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":99999999999999999999", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4102444800000", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":-1", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":0", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":null", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":true", FaultKind.TokenMalformed)]
    [TestCase("\"x\":1", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":1", FaultKind.TokenExpired)]
    [TestCase("\"exp\":4102444800", FaultKind.None)]
    [TestCase("\"exp\":4102444800,\"nbf\":4102444700", FaultKind.TokenNotYetValid)]
    [TestCase("\"exp\":4102444800,\"nbf\":\"1\"", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4102444800,\"nbf\":1.5", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4102444800,\"nbf\":-5", FaultKind.TokenMalformed)]
    [TestCase("\"exp\":4102444800,\"nbf\":1", FaultKind.None)]
    [TestCase("\"exp\":4102444800,\"iat\":\"whenever\"", FaultKind.None)]
    public void J6_times_are_whole_seconds(string claims, FaultKind fault) =>
        Assert.That(Verify(_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"anna",{{claims}}}""")), Is.EqualTo(fault));

    [TestCase("\"aud\":\"api\"", FaultKind.None)]
    [TestCase("\"aud\":[\"other\",\"api\"]", FaultKind.None)]
    [TestCase("\"aud\":[\"other\",\"second\"]", FaultKind.None)]
    [TestCase("\"aud\":\"other\"", FaultKind.TokenAudienceWrong)]
    [TestCase("\"aud\":\"API\"", FaultKind.TokenAudienceWrong)]
    [TestCase("\"aud\":\"api \"", FaultKind.TokenAudienceWrong)]
    [TestCase("\"aud\":\"\"", FaultKind.TokenAudienceWrong)]
    [TestCase("\"aud\":[]", FaultKind.TokenAudienceWrong)]
    [TestCase("\"x\":1", FaultKind.TokenAudienceWrong)]
    [TestCase("\"aud\":{\"api\":true}", FaultKind.TokenMalformed)]
    [TestCase("\"aud\":[\"api\",1]", FaultKind.TokenMalformed)]
    [TestCase("\"aud\":[[\"api\"]]", FaultKind.TokenMalformed)]
    [TestCase("\"aud\":null", FaultKind.TokenMalformed)]
    public void J6_the_audience_is_one_of_ours(string claim, FaultKind fault) =>
        Assert.That(Verify(_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","sub":"anna","exp":{{_issuer.Seconds(TimeSpan.FromHours(1))}},{{claim}}}""")), Is.EqualTo(fault));

    [TestCase("\"iss\":\"https://issuer.example.com/\"", FaultKind.TokenIssuerWrong)]
    [TestCase("\"iss\":\"https://Issuer.example.com\"", FaultKind.TokenIssuerWrong)]
    [TestCase("\"iss\":\"\"", FaultKind.TokenIssuerWrong)]
    [TestCase("\"x\":1", FaultKind.TokenIssuerWrong)]
    [TestCase("\"iss\":[\"https://issuer.example.com\"]", FaultKind.TokenMalformed)]
    [TestCase("\"iss\":null", FaultKind.TokenMalformed)]
    [TestCase("\"iss\":\"https:\\/\\/issuer.example.com\"", FaultKind.None)]
    public void J6_the_issuer_is_ours_to_the_letter(string claim, FaultKind fault) =>
        Assert.That(Verify(_issuer.Sign($$"""{"aud":"api","sub":"anna","exp":{{_issuer.Seconds(TimeSpan.FromHours(1))}},{{claim}}}""")), Is.EqualTo(fault));

    [TestCase("\"sub\":\"berta\"")]
    [TestCase("\"\\u0073ub\":\"berta\"")]
    [TestCase("\"exp\":4102444800")]
    [TestCase("\"iss\":\"https://issuer.example.com\"")]
    [TestCase("\"o\":{\"x\":1,\"x\":2}")]
    public void J6_a_claim_that_stands_twice_is_refused(string claim) => Assert.That(Verify(_issuer.Token(more: claim)), Is.EqualTo(FaultKind.TokenMalformed));

    [TestCase("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"key-1\"}")]
    [TestCase("{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"key-1\"}")]
    [TestCase("{\"alg\":\"RS256\",\"\\u0061lg\":\"none\",\"kid\":\"key-1\"}")]
    [TestCase("{\"alg\":\"RS256\",\"kid\":\"key-1\",\"kid\":\"key-2\"}")]
    [TestCase("{\"alg\":\"RS256\",\"x\":1,\"x\":1}")]
    [TestCase("{\"alg\":\"RS256\"}{}")]
    [TestCase("{\"alg\":\"RS256\"} x")]
    [TestCase("{\"alg\":[\"RS256\"]}")]
    [TestCase("{\"alg\":256}")]
    [TestCase("{\"alg\":null}")]
    [TestCase("{\"alg\":\"RS256\",\"kid\":1}")]
    [TestCase("{\"alg\":\"RS256\",\"typ\":{}}")]
    [TestCase("{\"kid\":\"key-1\"}")]
    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("\"RS256\"")]
    [TestCase("{\"alg\":\"RS256\",}")]
    [TestCase("{\"alg\":\"RS256\"/**/}")]
    [TestCase("{\"alg\":\"RS256\",\"kid\":\"\\ud800\"}")]
    [TestCase("")]
    public void J6_a_header_that_could_be_read_in_two_ways_is_none(string header) =>
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: header)), Is.EqualTo(FaultKind.TokenMalformed));

    [TestCase("JWT", FaultKind.None)]
    [TestCase("jwt", FaultKind.None)]
    [TestCase("at+jwt", FaultKind.None)]
    [TestCase("application/at+JWT", FaultKind.None)]
    [TestCase("\\u004aWT", FaultKind.None)]
    [TestCase("logout+jwt", FaultKind.TokenUnsupported)]
    [TestCase("dpop+jwt", FaultKind.TokenUnsupported)]
    [TestCase("secevent+jwt", FaultKind.TokenUnsupported)]
    [TestCase("application/", FaultKind.TokenUnsupported)]
    [TestCase("JOSE", FaultKind.TokenUnsupported)]
    [TestCase("", FaultKind.TokenUnsupported)]
    [TestCase("a type that is longer than any which somebody has registered, by far", FaultKind.TokenUnsupported)]
    public void J6_what_was_signed_for_another_purpose_is_no_token(string type, FaultKind fault) =>
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: $$"""{"alg":"RS256","kid":"key-1","typ":"{{type}}"}""")), Is.EqualTo(fault));

    [TestCase("\"crit\":[\"exp\"],\"exp\":1")]
    [TestCase("\"crit\":[]")]
    [TestCase("\"crit\":[\"b64\"],\"b64\":false")]
    [TestCase("\"b64\":false")]
    [TestCase("\"zip\":\"DEF\"")]
    [TestCase("\"enc\":\"A256GCM\"")]
    [TestCase("\"cty\":\"JWT\"")]
    public void J6_an_extension_that_must_be_understood_is_not(string member) =>
        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), header: $$"""{"alg":"RS256","kid":"key-1",{{member}}}""")), Is.EqualTo(FaultKind.TokenUnsupported));

    [TestCase("a.b.c.d.e", FaultKind.TokenUnsupported)]
    [TestCase("a.b.c.d", FaultKind.TokenMalformed)]
    [TestCase("a.b.c.d.e.f", FaultKind.TokenMalformed)]
    [TestCase("a.b", FaultKind.TokenMalformed)]
    [TestCase("a", FaultKind.TokenMalformed)]
    [TestCase("", FaultKind.TokenMalformed)]
    [TestCase("..", FaultKind.TokenMalformed)]
    [TestCase(".", FaultKind.TokenMalformed)]
    public void J6_a_token_has_three_parts(string token, FaultKind fault) => Assert.That(Verify(token), Is.EqualTo(fault));

    [Test]
    public void J6_a_token_of_a_megabyte_is_not_looked_at([Values(JwtVerifier.MostBytes + 1, 1_000_000)] int length)
    {
        var token = _issuer.Token();
        Assert.That(Verify(token + new string('A', length - token.Length)), Is.EqualTo(FaultKind.CredentialTooLarge));
    }

    [Test]
    public void J6_a_signature_of_zeros_signs_nothing([Values("ES256", "ES384", "ES512")] string algorithm)
    {
        var key = OfEveryKind.Single(one => one.Algorithm == algorithm);
        var half = algorithm switch { "ES256" => 32, "ES384" => 48, _ => 66 };
        var keys = SetOf(JwtAlgorithmNames.SetOf(JwtAlgorithmNames.All), key.Jwk());
        var token = _issuer.Sign(_issuer.Claims(), key);
        var signed = token[..(token.LastIndexOf('.') + 1)];
        var good = Base64Url.DecodeFromChars(token.AsSpan(signed.Length));
        byte[][] forgeries =
        [
            new byte[2 * half],
            [.. new byte[half], .. good[half..]],
            [.. good[..half], .. new byte[half]],
            good[..^1],
            [.. good, 0],
            [.. good, .. good],
            [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00],
            [],
            [.. Enumerable.Repeat((byte)0xff, 2 * half)],
        ];

        foreach (var forgery in forgeries)
        {
            Assert.That(Verify(signed + Base64Url.EncodeToString(forgery), keys, algorithm), Is.EqualTo(FaultKind.TokenSignatureInvalid));
        }

        Assert.That(Verify(token, keys, algorithm), Is.EqualTo(FaultKind.None));
    }

    [Test]
    public void An_RSA_signature_has_the_length_of_its_key()
    {
        var token = _issuer.Token();
        var signed = token[..(token.LastIndexOf('.') + 1)];
        var good = Base64Url.DecodeFromChars(token.AsSpan(signed.Length));

        foreach (var forgery in (byte[][])[[0, .. good], [.. good, 0], good[1..], new byte[256], [.. new byte[255], 1], new byte[1024], new byte[4096]])
        {
            Assert.That(Verify(signed + Base64Url.EncodeToString(forgery)), Is.AnyOf(FaultKind.TokenSignatureInvalid, FaultKind.TokenMalformed));
        }
    }

    [Test]
    public void Base64url_has_one_spelling()
    {
        var token = _issuer.Token();
        var dots = (First: token.IndexOf('.', StringComparison.Ordinal), Last: token.LastIndexOf('.'));
        string[] others =
        [
            token + "=", token + "==", token.Insert(dots.First, "="), token.Insert(3, " "), token.Insert(3, "\n"), token.Insert(dots.First + 3, "%3D"), token + " ", " " + token,
            token.Insert(dots.First, "A"),
        ];

        foreach (var other in others)
        {
            // Of a payload nobody knows how it is written before its signature is good.
            Assert.That(Verify(other), Is.AnyOf(FaultKind.TokenMalformed, FaultKind.TokenSignatureInvalid), other);
        }

        // 256 bytes leave two bits that mean nothing in the last letter.
        var last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".IndexOf(token[^1], StringComparison.Ordinal);
        Assert.That(last % 16, Is.Zero);
        Assert.That(Verify(token[..^1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last + 1]), Is.EqualTo(FaultKind.TokenMalformed));
    }

    [Test]
    public void The_leeway_is_given_on_both_ends()
    {
        var token = _issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","sub":"a","nbf":{{_issuer.Seconds(TimeSpan.FromSeconds(10))}},"exp":{{_issuer.Seconds(TimeSpan.FromSeconds(20))}}}""");
        Assert.That(Verify(token), Is.EqualTo(FaultKind.TokenNotYetValid));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(Verify(token), Is.EqualTo(FaultKind.None));
        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.That(Verify(token), Is.EqualTo(FaultKind.None));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Verify(token), Is.EqualTo(FaultKind.TokenExpired));
    }

    [TestCase("\"sub\":1")]
    [TestCase("\"sub\":null")]
    [TestCase("\"sub\":[\"a\"]")]
    [TestCase("\"x\":1")]
    [TestCase("\"sub\":\"\"")]
    public void A_token_is_about_somebody(string claim) =>
        Assert.That(Verify(_issuer.Sign($$"""{"iss":"{{_issuer.Name}}","aud":"api","exp":{{_issuer.Seconds(TimeSpan.FromHours(1))}},{{claim}}}""")), Is.EqualTo(FaultKind.TokenMalformed));

    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("\"text\"")]
    [TestCase("")]
    [TestCase("{")]
    [TestCase("{} {}")]
    public void The_payload_is_one_object(string payload) => Assert.That(Verify(_issuer.Sign(payload)), Is.EqualTo(FaultKind.TokenMalformed));

    [Test]
    public void A_token_without_a_name_of_its_key_is_tried_with_few_of_them()
    {
        var header = "{\"alg\":\"ES256\"}";
        var keys = Enumerable.Range(0, 5).Select(at => TestKey.Ec($"k{at}")).ToArray();
        var token = _issuer.Sign(_issuer.Claims(), keys[3], header);

        Assert.That(Verify(token, SetOf(JwtAlgorithms.ES256, [.. keys.Take(4).Select(key => key.Jwk())]), "ES256"), Is.EqualTo(FaultKind.None));
        Assert.That(Verify(token, SetOf(JwtAlgorithms.ES256, [.. keys.Take(3).Select(key => key.Jwk())]), "ES256"), Is.EqualTo(FaultKind.TokenSignatureInvalid));
        Assert.That(Verify(token, SetOf(JwtAlgorithms.ES256, [.. keys.Select(key => key.Jwk())]), "ES256"), Is.EqualTo(FaultKind.TokenKeyUnknown));
    }

    [Test]
    public void A_key_without_a_name_serves_whatever_name_the_token_gives()
    {
        var key = TestKey.Ec("k");
        var unnamed = key.Jwk().Replace("\"kid\":\"k\",", "", StringComparison.Ordinal);

        Assert.That(Verify(_issuer.Sign(_issuer.Claims(), key), SetOf(JwtAlgorithms.ES256, unnamed), "ES256"), Is.EqualTo(FaultKind.None));
    }

    private static KeySet SetOf(JwtAlgorithms allowed, params string[] keys)
    {
        var (set, flaw) = new KeySetReader(allowed, takesSecrets: true, loops: 1).Read(Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', keys)}}]}"""));
        Assert.That(flaw, Is.Null);
        return set!;
    }

    private FaultKind Verify(string token) => Verify(token, SetOf(JwtAlgorithms.OfRsa, _issuer.Keys[0].Jwk()), "RS256");

    private FaultKind Verify(string token, KeySet keys, params string[] algorithms) =>
        new JwtVerifier(_issuer.Name, ["api", "second"], JwtAlgorithmNames.SetOf(algorithms), TimeSpan.FromSeconds(5), _time).Verify(Encoding.UTF8.GetBytes(token), keys, 0, out _);
}
