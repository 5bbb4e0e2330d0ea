using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Tests.Transport.Epoll;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Health;

public sealed class HttpProbeTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private static readonly ActiveHealthOptions Get = new() { Type = "http" };

    private TestLoops _loops = null!;

    [SetUp]
    public void SetUp() => _loops = new TestLoops();

    [TearDown]
    public void TearDown() => _loops.Dispose();

    [Test]
    public async Task Asks_as_lb_for_the_endpoints_address_on_a_connection_of_its_own()
    {
        var asked = new TaskCompletionSource<string>();
        using var server = new ProbedServer(async stream =>
        {
            asked.SetResult(await ProbedServer.ReadHeadAsync(stream));
            await ProbedServer.SendAsync(stream, Ok);
        });

        Assert.That(await AskAsync(server, Get), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "status 200")));
        Assert.That(Lines(await asked.Task), Is.EquivalentTo(new[] { "GET / HTTP/1.1", $"Host: {server.Address}", "User-Agent: lb-health", "Accept: */*", "Connection: close" }));
    }

    [Test]
    public async Task Sends_method_path_and_host_as_they_are_written()
    {
        var asked = new TaskCompletionSource<string>();
        using var server = new ProbedServer(async stream =>
        {
            asked.SetResult(await ProbedServer.ReadHeadAsync(stream));
            await ProbedServer.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
        });

        await AskAsync(server, Get with { Method = "HEAD", Path = "/a/../%2e/health?x=%41&y='", Host = "orders.internal:81" });

        Assert.That(Lines(await asked.Task), Has.Member("HEAD /a/../%2e/health?x=%41&y=' HTTP/1.1").And.Member("Host: orders.internal:81"));
    }

    [Test]
    public async Task Asks_a_Unix_socket_for_localhost()
    {
        using var folder = new TemporaryFolder();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder["s.sock"]));
        listener.Listen();
        var head = Task.Run(async () =>
        {
            using var stream = new NetworkStream(await listener.AcceptAsync(), ownsSocket: true);
            var head = await ProbedServer.ReadHeadAsync(stream);
            await ProbedServer.SendAsync(stream, Ok);
            return head;
        });

        Assert.That((await Probe(Get).AskAsync(listener.LocalEndPoint!, CancellationToken.None)).Passed, Is.True);
        Assert.That(Lines(await head), Has.Member("Host: localhost"));
    }

    [Test]
    public async Task Asks_another_port_of_the_same_address_where_it_is_given()
    {
        using var server = ProbedServer.Answering(Ok);
        var traffic = new IPEndPoint(IPAddress.Loopback, 1);

        Assert.That((await Probe(Get with { Port = ((IPEndPoint)server.Address).Port }).AskAsync(traffic, CancellationToken.None)).Passed, Is.True);
    }

    [TestCase("200 OK", ProbeResult.Passed, "status 200")]
    [TestCase("299 Odd", ProbeResult.Passed, "status 299")]
    [TestCase("503 Service Unavailable", ProbeResult.Status, "status 503, expected 200-299")]
    [TestCase("302 Found\r\nLocation: /login", ProbeResult.Status, "status 302, expected 200-299", Description = "a redirect is not healthy, and is not followed")]
    public async Task Expects_success_unless_it_is_told_otherwise(string status, ProbeResult result, string reason)
    {
        using var server = ProbedServer.Answering($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");

        Assert.That(await AskAsync(server, Get), Is.EqualTo(new ProbeAnswer(result, reason)));
        Assert.That(server.Accepted, Is.EqualTo(1));
    }

    [TestCase("301 Moved", true)]
    [TestCase("302 Found", false)]
    [TestCase("401 Unauthorized", true)]
    public async Task Takes_the_statuses_that_are_listed_and_no_others(string status, bool passes)
    {
        using var server = ProbedServer.Answering($"HTTP/1.1 {status}\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
        var answer = await AskAsync(server, Get with { Status = [new IntegerRange(301, 301), new IntegerRange(400, 404)] });

        Assert.That(answer.Passed, Is.EqualTo(passes));
        Assert.That(passes || answer.Reason == "status 302, expected 301, 400-404", Is.True, answer.Reason);
    }

    [Test]
    public async Task Passes_over_an_interim_answer()
    {
        using var server = ProbedServer.Answering($"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{Ok}");

        Assert.That((await AskAsync(server, Get)).Passed, Is.True);
    }

    [Test]
    public async Task Does_not_wait_for_a_body_that_nobody_looks_at()
    {
        using var server = new ProbedServer(async stream =>
        {
            await ProbedServer.ReadHeadAsync(stream);
            await ProbedServer.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            await ProbedServer.DrainAsync(stream);
        });

        Assert.That((await AskAsync(server, Get)).Passed, Is.True);
        await server.UntilAllAreClosedAsync();
    }

    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n3\r\nk\r\n\r\n0\r\n\r\n")]
    [TestCase("HTTP/1.0 200 OK\r\n\r\nall is ok")]
    public async Task Finds_the_text_in_a_body_however_it_comes(string answer)
    {
        using var server = ProbedServer.Answering(answer);

        Assert.That(await AskAsync(server, Get with { Body = "ok" }), Is.EqualTo(new ProbeAnswer(ProbeResult.Passed, "status 200, body contains 'ok'")));
    }

    [Test]
    public async Task Finds_a_text_that_comes_byte_by_byte_and_does_not_wait_for_the_rest()
    {
        using var server = new ProbedServer(async stream =>
        {
            await ProbedServer.ReadHeadAsync(stream);
            foreach (var letter in "HTTP/1.1 200 OK\r\n\r\nso: schön und gut")
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(letter.ToString()));
            }

            await ProbedServer.DrainAsync(stream);
        });

        Assert.That((await AskAsync(server, Get with { Body = "schön und" })).Passed, Is.True);
    }

    [TestCase(10, "status 200, but body does not contain 'ok'")]
    [TestCase(64 * 1024, "status 200, but body does not contain 'ok' in the first 64 KiB")]
    [TestCase(10_000_000, "status 200, but body does not contain 'ok' in the first 64 KiB")]
    public async Task Reads_no_more_than_the_first_64_KiB_of_a_body(int before, string reason)
    {
        using var server = ProbedServer.Answering($"HTTP/1.1 200 OK\r\n\r\n{new string('x', before)}{(before > 100 ? "ok" : "")}");

        Assert.That(await AskAsync(server, Get with { Body = "ok" }), Is.EqualTo(new ProbeAnswer(ProbeResult.Body, reason)));
    }

    [TestCase("", ProbeResult.Closed, "connected, then closed without a whole answer")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Le", ProbeResult.Closed, "connected, then closed without a whole answer")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort", ProbeResult.Closed, "connected, then closed without a whole answer")]
    [TestCase("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok", ProbeResult.NotHttp, "the answer is not HTTP/1.1: ")]
    [TestCase("SSH-2.0-OpenSSH_9.2p1\r\n", ProbeResult.NotHttp, "the answer is not HTTP/1.1: ")]
    [TestCase("HTTP/2.0 200 OK\r\n\r\n", ProbeResult.NotHttp, "the answer is not HTTP/1.1: ")]
    [TestCase("HTTP/1.1 two hundred\r\n\r\n", ProbeResult.NotHttp, "the answer is not HTTP/1.1: ")]
    [TestCase("\0\x01\x02\x7f\xff\r\n\r\n", ProbeResult.NotHttp, "the answer is not HTTP/1.1: ")]
    public async Task Says_what_was_odd_about_an_answer(string sent, ProbeResult result, string reason)
    {
        using var server = ProbedServer.Answering(sent);
        var answer = await AskAsync(server, Get with { Body = "never there" });

        Assert.That(answer.Result, Is.EqualTo(result), answer.Reason);
        Assert.That(answer.Reason, Does.StartWith(reason));
        Assert.That(answer.Reason.Any(char.IsControl), Is.False, "a log line stays a line");
        Assert.That(answer.Reason, Has.Length.LessThan(160));
        Assert.That(server.Accepted, Is.EqualTo(1));
    }

    [TestCase("x: y\r\n")]
    [TestCase("x")]
    public async Task Reads_a_head_within_bounds(string repeated)
    {
        using var server = new ProbedServer(async stream =>
        {
            await ProbedServer.ReadHeadAsync(stream);
            await ProbedServer.SendAsync(stream, "HTTP/1.1 200 OK\r\n");
            for (var sent = 0; sent < 1_000_000; sent += 1_000)
            {
                await ProbedServer.SendAsync(stream, string.Concat(Enumerable.Repeat(repeated, 1_000)));
            }
        });

        Assert.That(await AskAsync(server, Get), Is.EqualTo(new ProbeAnswer(ProbeResult.NotHttp, "the head of the answer is larger than 32 KiB")));
    }

    [Test]
    public async Task Says_that_it_was_reset()
    {
        using var listener = Loopback.Listen();
        var serving = Task.Run(() =>
        {
            using var socket = listener.Accept();
            socket.ReceiveExactly(1);
            socket.Abort();
        });

        Assert.That((await Probe(Get).AskAsync(listener.LocalEndPoint!, CancellationToken.None)).Result, Is.EqualTo(ProbeResult.Reset));
        await serving;
    }

    [TestCase("", Description = "never a byte")]
    [TestCase("HTTP/1.1 200 OK\r\nX: drip", Description = "a head without an end")]
    [TestCase("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Description = "a body without an end")]
    public async Task Ends_at_its_deadline_and_lets_the_connection_go(string sent)
    {
        using var deadline = new CancellationTokenSource();
        using var server = new ProbedServer(async stream =>
        {
            await ProbedServer.ReadHeadAsync(stream);
            await ProbedServer.SendAsync(stream, sent);
            await deadline.CancelAsync();
            await ProbedServer.DrainAsync(stream);
        });

        var answer = await Probe(Get with { Body = "whole" }).AskAsync(server.Address, deadline.Token);

        Assert.That(answer, Is.EqualTo(new ProbeAnswer(ProbeResult.NoAnswer, "connected, but no answer", IsLate: true)));
        await server.UntilAllAreClosedAsync();
    }

    [Test]
    public async Task Leaves_no_connection_open_however_odd_the_answers()
    {
        string[] answers = ["", "x", Ok, "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"];
        var turn = 0;
        using var server = new ProbedServer(async stream =>
        {
            await ProbedServer.ReadHeadAsync(stream);
            await ProbedServer.SendAsync(stream, answers[Interlocked.Increment(ref turn) % answers.Length]);
            await ProbedServer.DrainAsync(stream);
        });
        var probe = Probe(Get);
        for (var round = 0; round < 3; round++)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => probe.AskAsync(server.Address, deadline.Token).AsTask()));
        }

        await server.UntilAllAreClosedAsync();
        Assert.That(server.Accepted, Is.Positive);
    }

    private static string[] Lines(string head) => head.Split("\r\n");

    private Probe Probe(ActiveHealthOptions options) => ProbeCatalog.Build(options, new BuildContext
    {
        Time = TimeProvider.System,
        Loops = 1,
        Seeds = new Random(1),
        Connections = new EpollTransport(_loops.Group, TimeSpan.FromSeconds(30)),
    });

    private Task<ProbeAnswer> AskAsync(ProbedServer server, ActiveHealthOptions options) => Probe(options).AskAsync(server.Address, CancellationToken.None).AsTask();
}
