using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using LoadBalancer.Daemon.Admin;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Admin;

[TestFixture("epoll")]
[TestFixture("sockets")]
internal sealed class AdminServerTests(string transportKind)
{
    private static readonly IPEndPoint AnyLocalPort = new(IPAddress.Loopback, 0);

    private readonly IAdminPage[] _pages =
    [
        new SamplePage("/healthz", _ => AdminAnswer.Text(200, "ok")),
        new SamplePage("/accept", accept => AdminAnswer.Text(200, accept ?? "none")),
        new SamplePage("/broken", _ => throw new InvalidOperationException("by a test")),
    ];

    private TemporaryFolder _folder = null!;
    private AdminTransport _transport = null!;
    private LogSink _log = null!;
    private AdminServer _server = null!;

    private EndPoint Address => _server.Addresses[0];

    [SetUp]
    public async Task Start()
    {
        _folder = new TemporaryFolder();
        _transport = new AdminTransport(transportKind);
        _log = new LogSink(LogDestination.File(_folder["log"]), LogStyle.Terminal, Severity.Info, TimeProvider.System);
        _server = NewServer(AnyLocalPort, new UnixDomainSocketEndPoint(_folder["admin.sock"]));
        await _server.StartAsync(default);
    }

    [TearDown]
    public async Task Stop()
    {
        await _server.DisposeAsync();
        _log.Dispose();
        _transport.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Serves_a_page_over_TCP_and_over_a_Unix_socket()
    {
        foreach (var address in _server.Addresses)
        {
            var answer = RawHttp.Get(address, "/healthz");
            Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK\r\n"));
            Assert.That(RawHttp.Body(answer), Is.EqualTo("ok\n"));
        }
    }

    [Test]
    public void Tells_nothing_of_the_server_and_is_never_cached()
    {
        var answer = RawHttp.Get(Address, "/healthz");

        Assert.That(answer, Does.Not.Contain("Server:").IgnoreCase.And.Contain("Cache-Control: no-store").And.Contain("X-Content-Type-Options: nosniff"));
    }

    [Test]
    public void Answers_HEAD_with_the_length_and_no_body()
    {
        var answer = RawHttp.Get(Address, "/healthz", "HEAD");

        Assert.That(answer, Does.StartWith("HTTP/1.1 200").And.Contain("Content-Length: 3\r\n").And.EndWith("\r\n\r\n"));
    }

    [Test]
    public void Passes_the_Accept_header_on_to_the_page() =>
        Assert.That(RawHttp.Body(RawHttp.Get(Address, "/accept?x=1", headers: "Host: 127.0.0.1\r\nAccept: text/plain\r\n")), Is.EqualTo("text/plain\n"));

    [Test]
    public void Answers_several_requests_on_one_connection()
    {
        const string Request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        var answer = RawHttp.Exchange(Address, Request + Request + Request.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal));

        Assert.That(answer.Split("HTTP/1.1 200"), Has.Length.EqualTo(4));
    }

    [TestCase("/")]
    [TestCase("/Healthz")]
    [TestCase("/healthz/")]
    [TestCase("/favicon.ico")]
    public void Says_what_exists_where_nothing_is(string path)
    {
        var answer = RawHttp.Get(Address, path);

        Assert.That(answer, Does.StartWith("HTTP/1.1 404"));
        Assert.That(RawHttp.Body(answer), Is.EqualTo("nothing here; there are /accept /broken /healthz\n"));
    }

    [TestCase("POST", "Content-Length: 0\r\n")]
    [TestCase("DELETE", "")]
    [TestCase("OPTIONS", "")]
    public void Says_which_methods_a_page_has(string method, string headers)
    {
        var answer = RawHttp.Get(Address, "/healthz", method, $"Host: localhost\r\n{headers}");

        Assert.That(answer, Does.StartWith("HTTP/1.1 405").And.Contain("Allow: GET, HEAD\r\n"));
    }

    [TestCase("Content-Length: 5\r\n", "hello")]
    [TestCase("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    public void Takes_no_body_and_does_not_read_one_as_the_next_request(string header, string body)
    {
        var answer = RawHttp.Exchange(Address, $"POST /healthz HTTP/1.1\r\nHost: localhost\r\n{header}\r\n{body}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.That(answer, Does.StartWith("HTTP/1.1 413").And.Contain("Connection: close"));
        Assert.That(answer.Split("HTTP/1.1"), Has.Length.EqualTo(2));
    }

    [TestCase("127.0.0.1:9090")]
    [TestCase("10.0.0.1")]
    [TestCase("[::1]:9090")]
    [TestCase("localhost:1234")]
    [TestCase("LocalHost")]
    [TestCase("lb1.example.com:9090")]
    [TestCase("lb1.example.com.")]
    public void Answers_to_addresses_localhost_and_the_names_of_the_machine(string host) =>
        Assert.That(RawHttp.Get(Address, "/healthz", headers: $"Host: {host}\r\n"), Does.StartWith("HTTP/1.1 200"));

    [TestCase("evil.example")]
    [TestCase("localhost.evil.example:9090")]
    [TestCase("127.0.0.1.evil.example")]
    [TestCase("lb2.example.com")]
    public void Does_not_answer_to_a_name_that_a_stranger_may_point_at_us(string host)
    {
        var answer = RawHttp.Get(Address, "/healthz", headers: $"Host: {host}\r\n");

        Assert.That(answer, Does.StartWith("HTTP/1.1 421").And.Contain("DNS rebinding"));
        Assert.That(RawHttp.Get(_server.Addresses[1], "/healthz", headers: $"Host: {host}\r\n"), Does.StartWith("HTTP/1.1 200"), "a browser has no way to the Unix socket");
    }

    [TestCase("http://evil.example", "403")]
    [TestCase("null", "403")]
    [TestCase("http://localhost:9090", "200")]
    [TestCase("http://[::1]:9090", "200")]
    public void Lets_no_page_of_another_origin_read(string origin, string status) =>
        Assert.That(RawHttp.Get(Address, "/healthz", headers: $"Host: localhost\r\nOrigin: {origin}\r\n"), Does.StartWith($"HTTP/1.1 {status}"));

    [Test]
    public void Answers_an_old_probe_without_a_Host() =>
        Assert.That(RawHttp.Exchange(Address, "GET /healthz HTTP/1.0\r\n\r\n"), Does.StartWith("HTTP/1.1 200"));

    [Test]
    public void Refuses_a_head_over_its_bound() =>
        Assert.That(RawHttp.Get(Address, "/healthz", headers: $"Host: localhost\r\nX: {new string('x', 17 * 1024)}\r\n"), Does.StartWith("HTTP/1.1 431"));

    [Test]
    public void Closes_a_connection_above_its_bound()
    {
        var sockets = Enumerable.Range(0, 100).Select(_ => RawHttp.Connect(Address)).ToList();
        sockets.ForEach(socket => socket.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"u8));
        sockets.ForEach(socket => socket.Receive(new byte[1]));
        using var further = RawHttp.Connect(Address);
        further.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);

        Assert.That(RawHttp.ReadToEnd(further), Is.Empty);
        sockets.ForEach(socket => socket.Dispose());
    }

    [Test]
    public void Answers_500_for_a_page_that_fails_and_logs_why()
    {
        Assert.That(RawHttp.Get(Address, "/broken"), Does.StartWith("HTTP/1.1 500"));
        Assert.That(RawHttp.Get(Address, "/healthz"), Does.StartWith("HTTP/1.1 200"));
        _log.Flush(TimeSpan.FromSeconds(10));

        Assert.That(File.ReadAllText(_folder["log"]), Does.Contain("an admin page failed path=/broken error=\"InvalidOperationException: by a test\""));
    }

    [Test]
    public void Says_which_address_is_in_use()
    {
        var second = NewServer(Address);
        Assert.That(() => second.StartAsync(default), Throws.InstanceOf<IOException>().With.Message.Contains(Address.ToString()).And.Message.Contains("in use"));
        Assert.That(RawHttp.Get(Address, "/healthz"), Does.StartWith("HTTP/1.1 200"));
    }

    [Test]
    public async Task Leaves_no_address_bound_when_one_of_them_fails()
    {
        using var free = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(AnyLocalPort);
        var address = free.LocalEndPoint!;
        free.Close();
        var half = NewServer(address, Address);
        Assert.That(() => half.StartAsync(default), Throws.InstanceOf<IOException>());

        await using var again = NewServer(address);
        await again.StartAsync(default);
        Assert.That(RawHttp.Get(address, "/healthz"), Does.StartWith("HTTP/1.1 200"));
    }

    [Test]
    public async Task Finishes_an_answer_that_is_on_its_way_when_it_stops()
    {
        using var asked = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        await using var server = new AdminServer(
            [AnyLocalPort],
            [
                new SamplePage("/slow", _ =>
                {
                    asked.Set();
                    go.Wait(TimeSpan.FromSeconds(10));
                    return AdminAnswer.Text(200, "finished");
                }),
            ],
            [],
            AdminGates.Open("lb1.example.com"),
            new AdminRefusals(TimeProvider.System),
            _transport.Factory,
            _log);
        await server.StartAsync(default);
        var address = server.Addresses[0];
        var answer = Task.Run(() => RawHttp.Get(address, "/slow"));
        asked.Wait(TimeSpan.FromSeconds(10));
        var stop = server.StopAsync(default);
        go.Set();

        Assert.That(RawHttp.Body(await answer), Is.EqualTo("finished\n"));
        await stop;
        Assert.That(() => RawHttp.Connect(address), Throws.InstanceOf<SocketException>());
    }

    [Test]
    [SupportedOSPlatform("linux")]
    public void Lets_the_group_and_nobody_else_connect_to_the_Unix_socket() => Assert.That(
        File.GetUnixFileMode(_folder["admin.sock"]),
        Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite));

    private AdminServer NewServer(params EndPoint[] addresses) => new(addresses, _pages, [], AdminGates.Open("lb1.example.com"), new AdminRefusals(TimeProvider.System), _transport.Factory, _log);
}
