using System.Diagnostics;
using System.Net;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios.Http;

/// <summary>Clients that others have written, by prior knowledge: what they accept is HTTP/2.</summary>
internal sealed class Http2ClientScenarios
{
    private const int Large = 3_000_000;

    private static readonly byte[] Body = Loopback.Pattern(Large);

    private HttpEndpoint _endpoint = null!;
    private BareGateway _gateway = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _endpoint = new HttpEndpoint((wire, request) =>
        {
            if (request.FirstLine.Contains("/large", StringComparison.Ordinal))
            {
                wire.Send($"HTTP/1.1 200 OK\r\nContent-Length: {Large}\r\n\r\n");
                wire.Send(Body);
            }
            else
            {
                wire.Respond(request.Body.Length > 0 ? $"{request.Body.Length}" : "hello");
            }
        });
        _gateway = await BareGateway.ToAsync(_endpoint);
    }

    [TearDown]
    public async Task StopAsync()
    {
        _gateway.Settle();
        await _gateway.DisposeAsync();
        _endpoint.Dispose();
    }

    [Test]
    public async Task HttpClient_of_dotnet()
    {
        using var client = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(async at =>
        {
            using var response = await client.GetAsync($"http://{_gateway.Address}/{at}");
            return (response.Version, await response.Content.ReadAsStringAsync());
        }));
        Assert.That(answers, Is.All.EqualTo((HttpVersion.Version20, "hello")));
        Assert.That((await client.GetByteArrayAsync($"http://{_gateway.Address}/large")).AsSpan().SequenceEqual(Body), Is.True);
        using var content = new ByteArrayContent(Body);
        using var posted = await client.PostAsync($"http://{_gateway.Address}/post", content);
        Assert.That(await posted.Content.ReadAsStringAsync(), Is.EqualTo($"{Large}"));
    }

    [Test]
    public void Curl()
    {
        var text = Run("curl", "--silent", "--show-error", "--max-time", "20", "--http2-prior-knowledge", "--write-out", " %{http_version} %{http_code}", $"http://{_gateway.Address}/");
        Assert.That(text, Is.EqualTo("hello 2 200"));
        text = Run("curl", "--silent", "--show-error", "--max-time", "20", "--http2-prior-knowledge", "--output", "/dev/null", "--write-out", "%{size_download} %{http_code}", $"http://{_gateway.Address}/large");
        Assert.That(text, Is.EqualTo($"{Large} 200"));
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["body"], Body);
        text = Run("curl", "--silent", "--show-error", "--max-time", "20", "--http2-prior-knowledge", "--header", "Expect:", "--data-binary", $"@{folder["body"]}", $"http://{_gateway.Address}/post");
        Assert.That(text, Is.EqualTo($"{Large}"));
    }

    [Test]
    public void H2load()
    {
        var text = Run("h2load", "-c", "4", "-m", "32", "-n", "4000", $"http://{_gateway.Address}/");
        Assert.That(text, Does.Contain("4000 succeeded, 0 failed, 0 errored"));
        text = Run("h2load", "-c", "2", "-m", "8", "-n", "40", $"http://{_gateway.Address}/large");
        Assert.That(text, Does.Contain("40 succeeded, 0 failed, 0 errored"));
    }

    [Test]
    public void Nghttp()
    {
        var text = Run("nghttp", "--no-dep", "-v", "-m", "5", $"http://{_gateway.Address}/");
        Assert.That(text, Does.Contain(":status: 200").And.Contain("hello").And.Not.Contain("GOAWAY frame <length=8, flags=0x00, stream_id=0>\n          (last_stream_id=0, error_code=PROTOCOL_ERROR"));
    }

    private static string Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, error.Result);
        return text;
    }
}
