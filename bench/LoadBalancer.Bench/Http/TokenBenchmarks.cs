using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Configuration;
using LoadBalancer.Http.Authentication;
using LoadBalancer.Http.Authentication.Jwt;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Bench.Http;

/// <summary>The user time of the identity of a request with a token of 700 bytes: one that is known, and one that has to be verified.</summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class TokenBenchmarks
{
    private const int Tokens = 64;

    private readonly LoopGroup _loops = new(1, TimeProvider.System, (_, _) => { }, _ => { });
    private readonly List<Exchange> _exchanges = [];
    private readonly string _file = Path.GetTempFileName();
    private readonly byte[] _token = [];
    private readonly byte[] _payload = [];
    private IdentityProvider _provider = null!;
    private JwtVerifier _verifier = null!;
    private IdentityMapping _mapping = null!;
    private KeySet _keys = null!;
    private int _next;

    /// <summary>Makes the tokens.</summary>
    public TokenBenchmarks()
    {
        using var rsa = RSA.Create(2048);
        File.WriteAllText(_file, rsa.ExportSubjectPublicKeyInfoPem());
        var claims = """{"iss":"https://issuer.example.com","aud":"api","exp":4102444800,"iat":1700000000,"jti":"JTI","sub":"user-SUB","tier":"gold","scope":"read write","email":"somebody@example.com","roles":["rider","driver"]}""";
        for (var at = 0; at < Tokens; at++)
        {
            var signed = $"{Encode("""{"alg":"RS256","typ":"JWT","kid":"2026-11"}""")}.{Encode(claims.Replace("SUB", $"{at}", StringComparison.Ordinal))}";
            var token = Encoding.ASCII.GetBytes($"{signed}.{Base64Url.EncodeToString(rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}");
            var exchange = new Exchange(_loops.Loops[0]);
            exchange.Request.Fields.Add("Authorization"u8, (byte[])[.. "Bearer "u8, .. token]);
            _exchanges.Add(exchange);
            (_token, _payload) = (token, Encoding.UTF8.GetBytes(claims));
        }
    }

    /// <summary>Builds the provider, and has it verify each token once.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var options = new JwtOptions
        {
            Issuer = "https://issuer.example.com",
            Audiences = ["api"],
            Algorithms = ["RS256"],
            Keys = new JwtKeysOptions { From = _file },
            Claims = new ClaimOptions { Forward = new ValueMap<string>([KeyValuePair.Create("sub", "X-User-Id")]) },
        };
        var context = new BuildContext { Time = TimeProvider.System, Loops = 1, Seeds = new Random(1), Connections = null! };
        _provider = JwtProvider.Create(new ProviderBuild("riders", new ProviderOptions { Jwt = options }, ValueMap<ConsumerOptions>.Empty, null, context, null!))!;
        _verifier = new JwtVerifier(options.Issuer, options.Audiences, JwtAlgorithms.RS256, options.Leeway, TimeProvider.System);
        _mapping = options.Claims.MappingOf("riders");
        _keys = new KeySetReader(JwtAlgorithms.RS256, takesSecrets: false, loops: 1).Read(File.ReadAllBytes(_file)).Keys!;
        if (_exchanges.Exists(exchange => Identify(exchange) is null))
        {
            throw new InvalidOperationException("a token of the benchmark is not taken");
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        File.Delete(_file);
        _loops.Dispose();
    }

    /// <summary>What a request costs whose token is known.</summary>
    [Benchmark]
    public object Known()
    {
        var exchange = _exchanges[_next++ & (Tokens - 1)];
        exchange.Decisions.Reset();
        return _provider.IsPresent(exchange) ? Identify(exchange)! : exchange;
    }

    /// <summary>What it costs where it is not: all but the memory's own work.</summary>
    [Benchmark]
    public object New()
    {
        _verifier.Verify(_token, _keys, 0, out var verified);
        return _mapping.Map(verified.Subject, verified.Claims, verified.ExpiresAt);
    }

    /// <summary>The part of its claims.</summary>
    [Benchmark]
    public object Claims() => ClaimReader.Read(_payload)!;

    /// <summary>The signature's part of it.</summary>
    [Benchmark]
    public object Signature()
    {
        var dot = _token.AsSpan().LastIndexOf((byte)'.');
        Span<byte> signature = stackalloc byte[Base64UrlText.MostBytes(_token.Length - dot)];
        Base64UrlText.TryDecode(_token.AsSpan(dot + 1), signature, out var length);
        return _keys.Keys[0].Verifies(JwtAlgorithms.RS256, _token.AsSpan(0, dot), signature[..length], 0) ? _keys : throw new InvalidOperationException("the signature is not good");
    }

    private Identity? Identify(Exchange exchange)
    {
        var answer = _provider.IdentifyAsync(exchange);
        return answer.IsCompletedSuccessfully ? answer.Result.Identity : null;
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
