using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using LoadBalancer.Daemon.Cli;
using LoadBalancer.Daemon.Tests.Configuration;
using LoadBalancer.Daemon.Tests.Repository;
using LoadBalancer.Http.Tests.Authentication;
using LoadBalancer.Tests.Tls;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>A sample with TLS for api.example.com and an issuer login.example.com: its own file with only addresses and paths replaced, an issuer on loopback, and endpoints that say who they are.</summary>
internal sealed class GatewaySample : IAsyncDisposable
{
    /// <summary>The name that clients ask for.</summary>
    public const string Host = "api.example.com";

    private readonly CertificateFolder _folder = new();
    private readonly string _name;

    private GatewaySample(string name, int endpoints)
    {
        _name = name;
        _folder.Write("api", Host);
        Endpoints = [.. Enumerable.Range(0, endpoints).Select(at => new HttpEndpoint($"instance{at}"))];
    }

    /// <summary>Who signs tokens.</summary>
    public TestIssuer Issuer { get; } = new() { Name = "https://login.example.com" };

    /// <summary>The endpoints, in the order in which they were named.</summary>
    public IReadOnlyList<HttpEndpoint> Endpoints { get; }

    /// <summary>The daemon.</summary>
    public HttpGateway Gateway { get; private set; } = null!;

    /// <summary>Starts it.</summary>
    /// <param name="name">The sample's folder.</param>
    /// <param name="bind">Where its listener is, as the file has it.</param>
    /// <param name="addresses">Its endpoints, as the file has them.</param>
    public static async Task<GatewaySample> StartAsync(string name, string bind, params string[] addresses)
    {
        var sample = new GatewaySample(name, addresses.Length);
        var yaml = sample.Text().Replace($"\"{bind}\"", "\"127.0.0.1:0\"", StringComparison.Ordinal)
            .Replace("https://login.example.com/.well-known/jwks.json", sample.Issuer.Url, StringComparison.Ordinal);
        for (var at = 0; at < addresses.Length; at++)
        {
            yaml = yaml.Replace(addresses[at], sample.Endpoints[at].Address.ToString(), StringComparison.Ordinal);
        }

        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(sample._folder.CaPath);
        sample.Gateway = await HttpGateway.OfFileAsync("public", yaml, new SslClientAuthenticationOptions { TargetHost = Host, CertificateChainPolicy = trust });
        return sample;
    }

    /// <summary>A request, with a token where there is one.</summary>
    public HttpMessage Get(string target, string token = "", string fields = "") =>
        Gateway.Get(target, (token.Length == 0 ? "" : $"Authorization: Bearer {token}\r\n") + fields, Host);

    /// <summary>A token of the issuer for this API.</summary>
    public string Token(string subject, string more) => Issuer.Sign(Issuer.Claims(subject, more).Replace("\"aud\":\"api\"", $"\"aud\":\"{Host}\"", StringComparison.Ordinal));

    /// <summary>What a command of lb prints about the sample's files as they stand, but for the paths of its certificate.</summary>
    /// <param name="arguments">The command; <c>lb.yaml</c> and <c>tests.yaml</c> are the sample's.</param>
    public async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var files = new ConfigFolder().With("lb.yaml", Text()).With("tests.yaml", WorkTree.Read($"samples/{_name}/tests.yaml"));
        await using var output = new StringWriter();
        var code = await new Shell(new Terminal(output, output, _ => null)).RunAsync([.. arguments.Select(argument => argument is "lb.yaml" or "tests.yaml" ? files[argument] : argument)]);
        return (code, output.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        foreach (var endpoint in Endpoints)
        {
            endpoint.Dispose();
        }

        Issuer.Dispose();
        _folder.Dispose();
    }

    private string Text() => WorkTree.Read($"samples/{_name}/lb.yaml")
        .Replace("/etc/lb/api.pem", _folder["api.pem"], StringComparison.Ordinal)
        .Replace("/etc/lb/api.key", _folder["api.key"], StringComparison.Ordinal);
}
