using System.Net;
using System.Net.Sockets;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Tests.Transport.Epoll;

/// <summary>The engine as the framework's consumers use it.</summary>
internal sealed class EpollTransportTests
{
    private const int LargeBytes = 3_000_000;

    [TestCase(1, 1)]
    [TestCase(2, 0)]
    public async Task Kestrel_serves_HTTP_on_it(int major, int minor)
    {
        using var loops = new TestLoops(2);
        await using var app = await StartKestrelAsync(loops, major == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        using var client = NewClient(app, new Version(major, minor));

        Assert.That(await client.GetStringAsync("/hello"), Is.EqualTo("hello"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.GetStringAsync("/hello")));
        Assert.That(answers, Is.All.EqualTo("hello"));
    }

    [TestCase(1, 1)]
    [TestCase(2, 0)]
    public async Task Kestrel_takes_and_gives_large_bodies_on_it(int major, int minor)
    {
        using var loops = new TestLoops(2);
        await using var app = await StartKestrelAsync(loops, major == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        using var client = NewClient(app, new Version(major, minor));

        var sent = Loopback.Pattern(LargeBytes);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using var body = new ByteArrayContent(sent);
            using var response = await client.PostAsync(new Uri("/echo", UriKind.Relative), body);
            return await response.Content.ReadAsByteArrayAsync();
        }));
        Assert.That(answers, Is.All.EqualTo(sent));
    }

    [Test]
    public async Task Kestrel_hears_of_a_client_that_went_away()
    {
        using var loops = new TestLoops();
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartKestrelAsync(loops, HttpProtocols.Http1, app => app.Map("/wait", async (HttpContext context) =>
        {
            context.RequestAborted.Register(() => aborted.TrySetResult());
            started.SetResult();
            await context.Request.Body.CopyToAsync(Stream.Null);
        }));
        var client = Loopback.Connect(new IPEndPoint(IPAddress.Loopback, new Uri(app.Urls.First()).Port));
        client.Send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"u8);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(20));
        client.Abort();
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task Connects_and_carries_bytes_both_ways_until_the_end()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        await using var connection = await new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)).ConnectAsync(listening.LocalEndPoint!);
        using var peer = listening.Accept();
        var sent = Loopback.Pattern(LargeBytes);
        var atPeer = Task.Run(peer.ReceiveToEnd);
        await connection.Transport.Output.WriteAsync(sent);
        await connection.Transport.Output.CompleteAsync();
        Assert.That(await atPeer, Is.EqualTo(sent));

        // Half-closed: the other direction is open still.
        peer.Send("late"u8);
        peer.Shutdown(SocketShutdown.Send);
        using var received = new MemoryStream();
        await connection.Transport.Input.CopyToAsync(received);
        Assert.That(received.ToArray(), Is.EqualTo("late"u8.ToArray()));
    }

    [Test]
    public async Task What_was_not_read_is_given_back_to_the_loop()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)).ConnectAsync(listening.LocalEndPoint!);
        using var peer = listening.Accept();
        peer.Send("HTTP/1.1 200 OK\r\n\r\nmore than anybody asked for"u8);
        var read = await connection.Transport.Input.ReadAsync();
        connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(8));
        await connection.DisposeAsync();
        Assert.That(loops.Group.Loops.ToArray().Sum(loop => loop.Blocks.Rented + loop.SmallBlocks.Rented + loop.LargeBlocks.Rented), Is.Zero);
    }

    [Test]
    public async Task A_reset_is_told_from_the_end_of_the_stream()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        await using var connection = await new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)).ConnectAsync(listening.LocalEndPoint!);
        var peer = listening.Accept();
        var read = connection.Transport.Input.ReadAsync();
        peer.Abort();
        Assert.That(async () => await read, Throws.InstanceOf<ConnectionResetException>());
    }

    [Test]
    public void A_refused_connect_says_whom_and_why()
    {
        using var loops = new TestLoops();
        var address = Loopback.Refusing();
        var error = Assert.ThrowsAsync<ConnectFailedException>(async () => await new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)).ConnectAsync(address));
        Assert.That(error!.Message, Is.EqualTo($"cannot connect to {address}: connect_refused"));
        Assert.That(error.Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.ConnectRefused, Retryable: true)));
    }

    [Test]
    public async Task A_connect_without_an_answer_ends_at_its_deadline()
    {
        var time = new ManualTime();
        using var loops = new TestLoops(time: time);
        using var full = new FullBacklog();
        var result = loops.Run(() => ConnectAttempt.StartAsync(loops.First, full.Address, TimeSpan.FromSeconds(2)));
        await loops.Run(() => { });
        Assert.That(result.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(3));
        loops.First.Wake();
        Assert.That((await result).Fault, Is.EqualTo(new Fault(FaultSide.Upstream, FaultKind.ConnectTimeout, Retryable: true)));
    }

    [Test]
    public async Task A_connect_can_be_given_up()
    {
        using var loops = new TestLoops();
        using var full = new FullBacklog();
        using var giveUp = new CancellationTokenSource();
        var connect = new EpollTransport(loops.Group, TimeSpan.FromSeconds(60)).ConnectAsync(full.Address, giveUp.Token);
        await giveUp.CancelAsync();
        Assert.That(async () => await connect, Throws.InstanceOf<OperationCanceledException>());
    }

    private static async Task<WebApplication> StartKestrelAsync(TestLoops loops, HttpProtocols protocols, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IConnectionListenerFactory>(new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)));
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        var app = builder.Build();
        app.MapGet("/hello", () => "hello");
        app.MapPost("/echo", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        });
        map?.Invoke(app);
        await app.StartAsync();
        return app;
    }

    private static HttpClient NewClient(WebApplication app, Version version) => new()
    {
        BaseAddress = new Uri(app.Urls.First()),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
