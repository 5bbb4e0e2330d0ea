using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Daemon.Tests.Scenarios.Tls;
using LoadBalancer.Tests;
using LoadBalancer.Tests.Tls;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>A new process takes the old one's place under load (ADR 0014).</summary>
internal sealed class UpgradeScenarios
{
    [Test]
    public async Task Three_upgrades_under_load_refuse_nothing_and_fail_nothing()
    {
        using var web = new HttpEndpoint(Serve) { Remembers = false };
        using var echo = new EchoEndpoint('a');
        using var drained = new EchoEndpoint('b');
        using var lb = new UpgradableLb();
        var (http, tcp) = (Loopback.Refusing(), Loopback.Refusing());
        Configure(loops: 2);
        await lb.StartAsync();
        Assert.That((await lb.PostAsync($"/drain?upstream=echo&endpoint={drained.Address}")).Status, Is.EqualTo(HttpStatusCode.OK));
        var first = lb.ProcessId;
        var (survivor, _) = Open(tcp);
        using var kept = new HttpLoad(http, workers: 2, posts: 3);
        using var fresh = new HttpLoad(http, workers: 1, closes: true);
        using var raw = new ConnectionLoad(tcp, workers: 1);
        using var http2 = new Http2Load(http, workers: 2);
        using var chats = new WebSocketLoad(http, workers: 4);
        var processes = new List<int> { first };
        foreach (var loops in (int[])[2, 3, 1])
        {
            AwaitMore();

            // A group of listening sockets has as many members as there were loops when it was bound.
            Configure(loops);
            if (processes.Count == 1)
            {
                UpgradableLb.Signal(first, "USR2");
                var message = await lb.Manager.WaitForLineAsync("MAINPID=");
                processes.Add(int.Parse(message["MAINPID=".Length..], CultureInfo.InvariantCulture));
                await lb.Manager.WaitForAsync("READY=1");
            }
            else
            {
                var (status, process, error) = await lb.UpgradeAsync();
                Assert.That(status, Is.EqualTo(HttpStatusCode.OK), error);
                processes.Add(process);
            }

            Assert.That(lb.ProcessId, Is.EqualTo(processes[^1]));
            if (processes.Count == 2)
            {
                survivor.Send([7]);
                Assert.That(survivor.ReceiveExactly(1)[0], Is.EqualTo(7), "what was open before goes on");
                survivor.Dispose();
            }

            Assert.That((await lb.StatusAsync()).GetProperty("loops").GetArrayLength(), Is.EqualTo(loops));
        }

        AwaitMore();
        Assert.That(kept.Stop(), Is.Empty, "connections that are kept");
        Assert.That(fresh.Stop(), Is.Empty, "new connections");
        Assert.That(raw.Stop().Failed, Is.Empty, "TCP");
        Assert.That(await http2.StopAsync(), Is.Empty, "HTTP/2");
        Assert.That(() => chats.Restarts, Is.GreaterThanOrEqualTo(8).After(30_000, 50), "told to come again");
        chats.AwaitMore(100);
        Assert.That(await chats.StopAsync(), Is.Empty, "WebSockets");
        Assert.That(drained.Served, Is.Zero, "what an operator drained is drained in the new process too");
        Assert.That(() => processes.SkipLast(1).All(UpgradableLb.HasEnded), Is.True.After(30_000, 50), "an old process ends with its last connection");
        Assert.That(UpgradableLb.HasEnded(processes[^1]), Is.False);

        void Configure(int loops) => lb.Write($$"""
            listeners:
              web: {bind: "{{http}}", http: {upstream: web, protocols: [http1, http2]} }
              echo: {bind: "{{tcp}}", tcp: {upstream: echo} }
            upstreams:
              web: {endpoints: ["{{web.Address}}"]}
              echo: {endpoints: ["{{echo.Address}}", "{{drained.Address}}"]}
            shutdown: {unready_for: 0s, drain: 6s}
            transport: {loops: {{loops}} }
            """);

        void AwaitMore()
        {
            kept.AwaitMore(200);
            fresh.AwaitMore(50);
            raw.AwaitMore(20);
            http2.AwaitMore(200);
            chats.AwaitMore(100);
        }

        static void Serve(HttpWire wire, HttpMessage request)
        {
            if (request["Upgrade"] is null)
            {
                wire.Respond("hello");
                return;
            }

            wire.Send(WebSocketAnswer.To(request));
            using var socket = WebSocket.CreateFromStream(new NetworkStream(wire.Socket), new WebSocketCreationOptions { IsServer = true });
            EchoAsync(socket).GetAwaiter().GetResult();
            throw new OperationCanceledException("it is no connection for requests any more");
        }
    }

    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[64];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), default) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Binary, true, default);
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }
        catch (WebSocketException)
        {
            // The client is gone.
        }
    }

    [Test]
    public async Task A_new_process_that_cannot_take_over_changes_nothing_and_the_reason_is_told()
    {
        using var web = new HttpEndpoint("hello") { Remembers = false };
        using var lb = new UpgradableLb();
        var http = Loopback.Refusing();
        var yaml = $$"""
            listeners: {web: {bind: "{{http}}", http: {upstream: web} } }
            upstreams: {web: {endpoints: ["{{web.Address}}"]} }
            """;
        lb.Write(yaml);
        await lb.StartAsync();
        var process = lb.ProcessId;
        using var load = new HttpLoad(http, workers: 2);

        lb.InstallScript("exit 3");
        Assert.That(await FailureAsync(), Does.StartWith("the new process ended before it was ready (exit code 3)"));
        lb.InstallScript("exec sleep 1000");
        Assert.That(await FailureAsync("300ms"), Does.StartWith("the new process was not ready within 0.3 s"));
        File.Delete(lb.Program);
        Assert.That(await FailureAsync(), Does.StartWith("the new process cannot be started: "));
        lb.Install(RunningLb.Program);
        lb.Write(yaml.Replace("endpoints", "endpints", StringComparison.Ordinal));
        Assert.That(await FailureAsync(), Does.StartWith($"the new process gave up: {lb["lb.yaml"]}:2:"));
        lb.Write(yaml + $"\nlog: {{access: {lb["state"]}}}\n");
        Assert.That(await FailureAsync(), Does.Contain("the new process gave up: "));

        Assert.That(lb.ProcessId, Is.EqualTo(process));
        load.AwaitMore(100);
        Assert.That(load.Stop(), Is.Empty);
        lb.Write(yaml);
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK), "the next one may succeed");

        async Task<string> FailureAsync(string within = "60s")
        {
            load.AwaitMore(20);
            var (status, _, error) = await lb.UpgradeAsync(within);
            Assert.That(status, Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(error, Does.EndWith("what ran before goes on"));
            return error;
        }
    }

    /// <summary>As <c>systemctl restart</c> with lb.socket: the sockets are the service manager's, and outlive every process.</summary>
    [Test]
    public async Task A_restart_under_socket_activation_refuses_nothing()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var tcp = Loopback.Refusing();
        lb.Write($$"""
            listeners: {echo: {bind: "{{tcp}}", tcp: {upstream: echo} } }
            upstreams: {echo: {endpoints: ["{{echo.Address}}"]} }
            shutdown: {unready_for: 0s}
            """);
        await lb.StartAsync(own => $"exec systemd-socket-activate -E NOTIFY_SOCKET -l {tcp} bash -c 'for run in 1 2 3; do (LISTEN_PID=$BASHPID exec {own}); done'");
        Assert.That(() => Loopback.Connect(tcp).Dispose(), Throws.Nothing.After(10_000, 10));
        await lb.Manager.WaitForAsync("READY=1");
        using var load = new ConnectionLoad(tcp, workers: 3);
        for (var restart = 0; restart < 2; restart++)
        {
            load.AwaitMore(20);
            UpgradableLb.Signal(lb.ProcessId, "TERM");
            await lb.Manager.WaitForAsync("STOPPING=1");
            await lb.Manager.WaitForAsync("READY=1");
        }

        load.AwaitMore(20);
        Assert.That(load.Stop().Failed, Is.Empty);
    }

    /// <summary>As with a full disk: neither the process that goes on nor the one that comes can say in the folder that it has it.</summary>
    [Test]
    public async Task A_state_folder_that_cannot_be_written_ends_nothing_whatever_comes_of_the_upgrade()
    {
        using var web = new HttpEndpoint("hello") { Remembers = false };
        using var lb = new UpgradableLb();
        var http = Loopback.Refusing();
        lb.Write($$"""
            listeners: {web: {bind: "{{http}}", http: {upstream: web} } }
            upstreams: {web: {endpoints: ["{{web.Address}}"]} }
            """);
        await lb.StartAsync();
        using var load = new HttpLoad(http, workers: 2);
        Directory.CreateDirectory(Path.Combine(lb["state"], "pid.new"));
        lb.InstallScript("exit 3");
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.Conflict));
        load.AwaitMore(50);
        lb.Install(RunningLb.Program);
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK));
        load.AwaitMore(50);
        Assert.That(load.Stop(), Is.Empty);
        Assert.That(await lb.MetricsAsync(), Does.Contain("lb_upgrades_total{result=\"done\"} 1\n").And.Contain("lb_upgrades_total{result=\"failed\"} 1\n"));
    }

    /// <summary>The new process has read the file and waits for the first answer of an endpoint's probe, which the test gives when it wants.</summary>
    [Test]
    public async Task What_is_ordered_and_changed_while_an_upgrade_is_under_way_is_not_lost()
    {
        using var probed = Loopback.Listen();
        using var lb = new UpgradableLb();
        var tcp = Loopback.Refusing();
        Configure("");
        await lb.StartAsync();
        using (var before = new HttpWire(probed.Accept()))
        {
            before.ReadRequest();
            before.Respond("fine");
        }

        Assert.That((await lb.PostAsync($"/drain?upstream=a&endpoint={probed.LocalEndPoint}")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await lb.PostAsync("/weight?upstream=b&endpoint=127.0.0.1:9&weight=7")).Status, Is.EqualTo(HttpStatusCode.OK));
        var upgrade = lb.UpgradeAsync();
        using (var probe = new HttpWire(await probed.AcceptAsync()))
        {
            probe.ReadRequest();
            Configure("more: {endpoints: [\"127.0.0.1:9\"], health: {active: off} }");
            UpgradableLb.Signal(lb.FirstProcessId, "HUP");
            var (status, answer) = await lb.PostAsync("/enable?upstream=a");
            Assert.That((status, answer.GetProperty("error").GetString()), Is.EqualTo((HttpStatusCode.Conflict, "nothing was changed: an upgrade is under way; ask again in a moment")));
            probe.Respond("fine");
        }

        var (done, process, error) = await upgrade;
        Assert.That(done, Is.EqualTo(HttpStatusCode.OK), error);
        var began = TimeProvider.System.GetTimestamp();
        var now = await lb.StatusAsync();
        while (now.GetProperty("upstreams").GetArrayLength() < 3 && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30))
        {
            await Loopback.PauseAsync();
            now = await lb.StatusAsync();
        }

        Assert.That(now.GetProperty("process_id").GetInt32(), Is.EqualTo(process));
        Assert.That(now.GetProperty("upstreams").EnumerateArray().Select(upstream => upstream.GetProperty("name").GetString()), Is.EqualTo(new[] { "a", "b", "more" }), "the signal came too late for the old process");
        Assert.That(now.GetProperty("drained").GetArrayLength(), Is.EqualTo(1), "drained, without a state folder");
        Assert.That(now.GetProperty("weighed")[0].GetProperty("weight").GetInt32(), Is.EqualTo(7));
        Assert.That((await lb.PostAsync("/enable?upstream=a")).Status, Is.EqualTo(HttpStatusCode.OK));

        void Configure(string more) => lb.Write(
            $$"""
            listeners: {tcp: {bind: "{{tcp}}", tcp: {upstream: b} } }
            upstreams:
              a: {endpoints: ["{{probed.LocalEndPoint}}"], health: {active: {type: http, path: /, interval: 1h, timeout: 30s} } }
              b: {endpoints: ["127.0.0.1:9"], health: {active: off} }
              {{more}}
            reload: {watch: false}
            """,
            keeps: false);
    }

    /// <summary>A socket of the service manager has its file from it too: no process of lb removes it, be it the second.</summary>
    [Test]
    public async Task An_upgrade_under_socket_activation_leaves_a_Unix_socket_to_the_service_manager()
    {
        using var echo = new EchoEndpoint('a');
        using var lb = new UpgradableLb();
        var address = new UnixDomainSocketEndPoint(lb["echo.sock"]);
        lb.Write($$"""
            listeners: {echo: {bind: "unix:{{lb["echo.sock"]}}", tcp: {upstream: echo} } }
            upstreams: {echo: {endpoints: ["{{echo.Address}}"]} }
            shutdown: {unready_for: 0s}
            """);
        await lb.StartAsync(own => $"exec systemd-socket-activate -E NOTIFY_SOCKET -l {lb["echo.sock"]} {own}");
        Assert.That(() => Loopback.Connect(address).Dispose(), Throws.Nothing.After(10_000, 10));
        await lb.Manager.WaitForAsync("READY=1");
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK));
        var second = lb.ProcessId;
        using (var socket = Open(address).Socket)
        {
            socket.Send([7]);
            Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7));
        }

        UpgradableLb.Signal(second, "TERM");
        Assert.That(() => UpgradableLb.HasEnded(second), Is.True.After(30_000, 20));
        Assert.That(File.Exists(lb["echo.sock"]), Is.True);
    }

    /// <summary>
    /// Clients that keep idle connections in a pool, and one whose body is on its way as long as the upgrade lasts, for which the bounds of slow bodies are
    /// lifted: TLS, and both processes.
    /// </summary>
    [Test]
    public async Task An_upgrade_loses_no_body_under_way_and_no_request_of_clients_with_idle_connections_over_TLS()
    {
        const int Idle = 8;
        using var web = new HttpEndpoint("hello") { Remembers = false };
        using var lb = new UpgradableLb();
        using var certificates = new CertificateFolder();
        var https = (IPEndPoint)Loopback.Refusing();
        lb.Write($$"""
            listeners:
              web:
                bind: "{{https}}"
                http: {upstream: web, limits: {body_rate: none}, timeouts: {body: 10m} }
                tls: {certificates: {{certificates.Write("localhost", "localhost")}} }
            upstreams: {web: {endpoints: ["{{web.Address}}"]} }
            shutdown: {drain: 10m}
            """);
        await lb.StartAsync();
        var first = lb.ProcessId;
        using var pool = new HttpClient(
            new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } })
        {
            BaseAddress = new Uri($"https://localhost:{https.Port}"),
        };
        Assert.That(await AskAsync(), Is.All.EqualTo("hello"));

        using var upload = TlsClient.Connect(https);
        upload.Stream.Write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello"u8);
        await upload.Stream.FlushAsync();
        Assert.That((await lb.UpgradeAsync()).Status, Is.EqualTo(HttpStatusCode.OK));
        await lb.UntilAsync("lb_upgrade_draining_connections 1\n");
        upload.Stream.Write("world"u8);
        using var reader = new StreamReader(upload.Stream, leaveOpen: true);
        var answer = await reader.ReadToEndAsync();
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 ").And.Contain("Connection: close\r\n").IgnoreCase.And.EndsWith("hello"));
        Assert.That(() => UpgradableLb.HasEnded(first), Is.True.After(60_000, 50));
        Assert.That(await AskAsync(), Is.All.EqualTo("hello"), "its idle connections were closed in order, and the pool makes others");

        async Task<string[]> AskAsync() => await Task.WhenAll(Enumerable.Range(0, Idle).Select(_ => pool.GetStringAsync(new Uri("/", UriKind.Relative))));
    }
}
