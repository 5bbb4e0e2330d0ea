using System.Security.Cryptography;
using LoadBalancer.Http.Tests.Authentication;

namespace LoadBalancer.Daemon.Tests.Configuration;

/// <summary>What an operator reads where tokens could never be verified.</summary>
internal sealed class JwtChecksTests
{
    private const string Rest =
        "listeners: {web: {bind: \"127.0.0.1:0\", http: {routes: [{upstream: up, auth: p}]}}}\nupstreams: {up: {endpoints: [\"127.0.0.1:1\"]}}\n";

    private ConfigFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new ConfigFolder();
        _folder.Environment["S"] = new string('s', 32);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Keys_come_from_a_URL_a_file_or_a_secret()
    {
        using var rsa = RSA.Create(2048);
        _folder.With("keys/issuer.pem", rsa.ExportSubjectPublicKeyInfoPem()).With("keys/issuer.json", $"{{\"keys\":[{TestKey.Ec("a").Jwk()}]}}");

        Assert.That(Errors("keys: \"https://issuer.example.com/jwks\", algorithms: [RS256]"), Is.Empty);
        Assert.That(Errors("keys: \"http://127.0.0.1:81/jwks\", algorithms: RS256"), Is.Empty);
        Assert.That(Errors("keys: keys/issuer.pem, algorithms: [RS256, PS256]"), Is.Empty, "a path is from the folder of the file");
        Assert.That(Errors("keys: ./keys/issuer.json, algorithms: [ES256]"), Is.Empty);
        Assert.That(Errors($"keys: {{from: \"{_folder["keys/issuer.json"]}\"}}, algorithms: [ES256]"), Is.Empty);
        Assert.That(Errors("keys: {secret: \"${env:S}\"}, algorithms: [HS256]"), Is.Empty);
    }

    [TestCase("keys: \"http://issuer.example.com/jwks\", algorithms: [RS256]",
        "lb.yaml:1:78: the URL begins with http://, where everybody on the way can read and change what is said; write https://, or 'allow_http: true' beside it")]
    [TestCase("keys: \"ftp://issuer.example.com/jwks\", algorithms: [RS256]", "lb.yaml:1:78: the URL begins with neither https:// nor http://")]
    [TestCase("keys: \"https://user@issuer.example.com/jwks\", algorithms: [RS256]", "lb.yaml:1:78: the URL has a user in it: credentials have keys of their own")]
    [TestCase("keys: \"https://issuer.example.com/jwks\", algorithms: [RS256, HS256]",
        "lb.yaml:1:125: HS256 is verified with a secret, and what a URL publishes is none: 'keys: {secret: …}' has one")]
    [TestCase("keys: {secret: \"${env:S}\"}, algorithms: [RS256]", "lb.yaml:1:112: RS256 is verified with a public key, and 'keys' has a secret")]
    [TestCase("keys: {secret: \"${env:S}\"}, algorithms: [HS512]",
        "lb.yaml:1:87: the secret has 32 bytes, and HS512 needs 64 of them (RFC 7518 section 3.2); 'openssl rand -base64 48' makes enough")]
    [TestCase("keys: {secret: \"${env:S}\", from: x.pem}, algorithms: [HS256]", "lb.yaml:1:79: 'keys' has either 'from', a URL or a file with public keys, or 'secret'")]
    [TestCase("keys: {allow_http: true}, algorithms: [HS256]", "lb.yaml:1:78: 'keys' has either 'from', a URL or a file with public keys, or 'secret'")]
    [TestCase("keys: {from: good.json, allow_http: true}, algorithms: [ES256]", "lb.yaml:1:96: 'allow_http' is for keys from a URL")]
    [TestCase("keys: none.pem, algorithms: [RS256]", "lb.yaml:1:78: cannot read none.pem: no such file")]
    [TestCase("keys: bad.json, algorithms: [RS256]", "lb.yaml:1:78: the keys in bad.json are no use: it is no JWK set: it has no 'keys'")]
    [TestCase("keys: private.pem, algorithms: [RS256]",
        "lb.yaml:1:78: the keys in private.pem are no use: it holds a private key, which stays with the issuer: 'openssl pkey -in … -pubout' writes the public one")]
    [TestCase("keys: good.json, algorithms: [RS256]", "lb.yaml:1:78: the keys in good.json are no use: no key in it is of use: the key 'a' is for none of the algorithms that the file allows")]
    [TestCase("keys: good.json, algorithms: [ES256], forward: {sub: X-User, email: x_user}", "lb.yaml:1:140: 'sub' goes into 'x_user' already")]
    [TestCase("keys: good.json, algorithms: [ES256], forward: {sub: Host}",
        "lb.yaml:1:125: 'sub' expects the name of a header field that is not one of lb's own such as X-User-Id, not 'Host'")]
    [TestCase("keys: good.json, algorithms: [none]",
        "lb.yaml:1:102: 'algorithms' expects one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, not 'none'")]
    [TestCase("keys: good.json, algorithms: []", "lb.yaml:1:101: 'algorithms' needs at least one item: one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519")]
    [TestCase("keys: good.json, algorithms: [ES256], leeway: 61s", "lb.yaml:1:118: 'leeway' expects a duration from 0s to 1m such as 5s, not '61s'")]
    public void What_cannot_work_is_an_error(string keys, string error)
    {
        using var rsa = RSA.Create(2048);
        _folder.With("bad.json", "{}").With("private.pem", rsa.ExportPkcs8PrivateKeyPem()).With("good.json", $"{{\"keys\":[{TestKey.Ec("a").Jwk()}]}}");

        Assert.That(Errors(keys), Is.EqualTo(new[] { error }));
    }

    [Test]
    public void What_a_token_needs_is_asked_for() => Assert.That(
        _folder.With("lb.yaml", "auth: {p: {jwt: {issuer: x}}}\n" + Rest).Errors(),
        Is.EqualTo(new[]
        {
            "lb.yaml:1:17: 'jwt' needs the key 'audiences': any or a text of at most 1024 characters, or a list of them",
            "lb.yaml:1:17: 'jwt' needs the key 'keys': none or a URL that begins with https:// or a path such as https://issuer.example.com/.well-known/jwks.json, or a map with the keys from, secret, ca, allow_http",
            "lb.yaml:1:17: 'jwt' needs the key 'algorithms': one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, or a list of them",
        }));

    private string[] Errors(string keys) => _folder.With("lb.yaml", $"auth: {{p: {{jwt: {{issuer: \"https://issuer.example.com\", audiences: [a], {keys}}}}}}}\n{Rest}").Errors();
}
