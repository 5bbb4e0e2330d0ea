using LoadBalancer.Http.Authentication;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Health;

namespace LoadBalancer.Http.Tests.Authentication;

/// <summary>J5: an issuer that misbehaves costs one request, and leads nowhere else.</summary>
[CancelAfter(30_000)]
internal sealed class OutboundClientTests
{
    private OutboundClient _client;

    [SetUp]
    public void Begin() => _client = new OutboundClient(TimeProvider.System);

    [TearDown]
    public void End() => _client.Dispose();

    [Test]
    public async Task Gives_status_fields_type_and_content()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(201, "{\"a\":1}", "Application/JSON; charset=utf-8", "X-User: j\u00f6"));
        var answer = await GetAsync(service);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Failure, Is.Null);
            Assert.That((answer.Status, answer.MediaType, answer.IsJson), Is.EqualTo((201, "application/json", true)));
            Assert.That(answer.Body, Is.EqualTo("{\"a\":1}"u8.ToArray()));
            Assert.That(answer.Headers!.GetValues("X-User"), Is.EqualTo(["j\u00f6"]));
        }
    }

    [Test]
    public async Task Sends_a_form()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200, "{}"));
        await _client.PostFormAsync(new Uri(service.Address), new OutboundTrust(), [KeyValuePair.Create("token", "a b&c")]);
        var request = service.Requests.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((request.Method, request.Body), Is.EqualTo(("POST", "token=a+b%26c")));
            Assert.That(request.Headers["Accept"], Is.EqualTo("application/json"));
        }
    }

    [Test]
    public async Task A_redirect_is_an_answer_and_not_followed()
    {
        await using var target = new LoopbackService(_ => LoopbackService.Answer(200));
        await using var service = new LoopbackService(_ => LoopbackService.Answer(302, "", "text/plain", $"Location: {target.Address}"));
        Assert.That((await GetAsync(service)).Status, Is.EqualTo(302));
        Assert.That(target.Requests, Is.Empty);
    }

    [Test]
    public async Task A_cookie_is_not_kept()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200, "", "text/plain", "Set-Cookie: a=b"));
        await GetAsync(service);
        await GetAsync(service);
        Assert.That(service.Requests.Select(request => request.Headers.ContainsKey("Cookie")), Is.EqualTo([false, false]));
    }

    [TestCase("Content-Length: 153601")]
    [TestCase("Connection: close")]
    public async Task Content_beyond_150_KiB_is_a_failure(string framing)
    {
        await using var service = new LoopbackService(_ => [.. System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n"), .. new byte[OutboundClient.MostBytes + 1]]);
        Assert.That((await GetAsync(service)).Failure, Is.EqualTo("the answer is larger than 150 KiB"));
    }

    [Test]
    public async Task Content_of_150_KiB_is_read()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200, new string('a', OutboundClient.MostBytes)));
        Assert.That((await GetAsync(service)).Body, Has.Length.EqualTo(OutboundClient.MostBytes));
    }

    [Test]
    public async Task A_service_that_says_nothing_is_left_after_the_time()
    {
        var time = new ManualTime();
        using var client = new OutboundClient(time);
        var asked = new TaskCompletionSource();
        var never = new TaskCompletionSource<byte[]>();
        await using var service = new LoopbackService(request =>
        {
            asked.SetResult();
            return never.Task;
        });
        var answer = client.GetAsync(new Uri(service.Address), new OutboundTrust());
        await asked.Task;
        time.Advance(OutboundClient.Patience);
        Assert.That((await answer).Failure, Is.EqualTo("no whole answer within 10s"));
    }

    [Test]
    public async Task Nobody_there_is_a_failure_that_says_so()
    {
        var answer = await _client.GetAsync(new Uri($"http://{Loopback.Refusing()}"), new OutboundTrust());
        Assert.That(answer.Failure, Does.Contain("refused").IgnoreCase);
    }

    [Test]
    public async Task An_answer_that_is_no_HTTP_is_a_failure()
    {
        await using var service = new LoopbackService(_ => "220 mail.example.com ESMTP\r\n\r\n"u8.ToArray());
        Assert.That((await GetAsync(service)).Failure, Is.Not.Null.And.Not.Contains("\n"));
    }

    [Test]
    public async Task An_address_that_was_learned_does_not_lead_inside()
    {
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200));
        var answer = await _client.GetAsync(new Uri(service.Address), new OutboundTrust(OutsideOnly: true));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Failure, Does.Contain("inside of our networks"));
            Assert.That(service.Requests, Is.Empty);
        }
    }

    [TestCase("http://[::ffff:169.254.169.254]/")]
    [TestCase("https://169.254.169.254/latest/meta-data")]
    [TestCase("https://[fd00:ec2::254]/")]
    [TestCase("https://10.0.0.1/")]
    [TestCase("https://0/")]
    [TestCase("https://[::7f00:1]/")]
    [TestCase("https://[2002:a9fe:a9fe::1]/")]
    [TestCase("https://[64:ff9b::a9fe:a9fe]/")]
    [TestCase("https://[64:ff9b:1::a9fe:a9fe]/")]
    [TestCase("https://[fec0::1]/")]
    [TestCase("https://168.63.129.16/")]
    public async Task Nor_to_a_metadata_service(string address)
    {
        var answer = await _client.GetAsync(new Uri(address), new OutboundTrust(AllowHttp: true, OutsideOnly: true));
        Assert.That(answer.Failure, Does.Contain("inside of our networks"));
    }

    [Test]
    public async Task A_certificate_counts_where_the_file_with_authorities_vouches_for_it()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        using var other = new TestAuthority("Other Root");
        File.WriteAllText(folder["ca.pem"], authority.Pem);
        File.WriteAllText(folder["other.pem"], other.Pem);
        using var certificate = authority.Issue(30, "127.0.0.1");
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200), certificate);
        var address = new Uri(service.Address);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await _client.GetAsync(address, new OutboundTrust(folder["ca.pem"]))).Status, Is.EqualTo(200));
            Assert.That((await _client.GetAsync(address, new OutboundTrust(folder["other.pem"]))).Failure, Is.EqualTo($"tls: the certificate is by Test Root, which {folder["other.pem"]} does not vouch for"));
            Assert.That((await _client.GetAsync(address, new OutboundTrust())).Failure, Does.Contain("which this machine does not vouch for"));
        }
    }

    [Test]
    public async Task A_certificate_for_another_name_does_not_count()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestAuthority();
        File.WriteAllText(folder["ca.pem"], authority.Pem);
        using var certificate = authority.Issue(30, "issuer.example.com");
        await using var service = new LoopbackService(_ => LoopbackService.Answer(200), certificate);
        Assert.That((await _client.GetAsync(new Uri(service.Address), new OutboundTrust(folder["ca.pem"]))).Failure, Is.EqualTo("tls: the certificate is for issuer.example.com, not for 127.0.0.1"));
    }

    [TestCase("https://issuer.example.com/keys", ExpectedResult = null)]
    [TestCase("http://localhost:8080/", ExpectedResult = null)]
    [TestCase("http://127.0.0.9/", ExpectedResult = null)]
    [TestCase("http://[::1]/", ExpectedResult = null)]
    [TestCase("http://issuer.example.com/", ExpectedResult = "begins with http://")]
    [TestCase("http://localhost.example.com/", ExpectedResult = "begins with http://")]
    [TestCase("ftp://issuer.example.com/", ExpectedResult = "begins with neither")]
    [TestCase("file:///etc/passwd", ExpectedResult = "begins with neither")]
    [TestCase("https://user:word@issuer.example.com/", ExpectedResult = "has a user in it")]
    [TestCase("https://issuer.example.com/#a", ExpectedResult = "has a fragment")]
    [TestCase("/keys", ExpectedResult = "begins with neither")]
    [TestCase("keys", ExpectedResult = "is no absolute URL")]
    public string? Says_what_is_wrong_with_an_address(string address) =>
        new OutboundTrust().FlawOf(address) is { } flaw ? new[] { "begins with http://", "begins with neither", "has a user in it", "has a fragment", "is no absolute URL" }.First(flaw.StartsWith) : null;

    [Test]
    public void In_clear_where_the_file_allows_it() => Assert.That(new OutboundTrust(AllowHttp: true).FlawOf("http://auth.internal/check"), Is.Null);

    private Task<OutboundAnswer> GetAsync(LoopbackService service) => _client.GetAsync(new Uri(service.Address), new OutboundTrust());
}
