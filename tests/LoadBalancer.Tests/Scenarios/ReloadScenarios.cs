using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using LoadBalancer.Daemon.Tests.Scenarios.Http;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>What a reload keeps, changes and refuses, end to end.</summary>
internal sealed partial class ReloadScenarios
{
    private EchoEndpoint _a = null!;
    private EchoEndpoint _b = null!;

    [SetUp]
    public void Listen()
    {
        _a = new EchoEndpoint('a');
        _b = new EchoEndpoint('b');
    }

    [TearDown]
    public void Close()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Test]
    public async Task Fifty_reloads_close_no_connection_and_lose_no_byte()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var address = await daemon.AddressOfAsync("all");
        var open = Enumerable.Range(0, 100).Select(_ => Open(address)).ToList();
        for (var reload = 0; reload < 50; reload++)
        {
            // Another endpoint comes and goes, and so do a listener and a timeout.
            var more = reload % 2 == 0 ? $", \"{_b.Address}\"" : "";
            var extra = reload % 3 == 0 ? "\n  extra: {bind: \"127.0.0.1:0\", tcp: {upstream: all}}" : "";
            await daemon.ReloadAsync(With($"\"{_a.Address}\"{more}", extra, idleMinutes: 10 + (reload % 5)));
            var (socket, _) = open[reload];
            socket.Send(Loopback.Pattern(1000));
            Assert.That(socket.ReceiveExactly(1000), Is.EqualTo(Loopback.Pattern(1000)));
        }

        foreach (var (socket, _) in open)
        {
            socket.Send([42]);
            Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(42));
            socket.Shutdown(SocketShutdown.Send);
            Assert.That(socket.ReceiveToEnd(), Is.Empty);
            socket.Dispose();
        }

        Assert.That(await daemon.AddressOfAsync("all"), Is.EqualTo(address));
    }

    [Test]
    public async Task Trap_1_a_thousand_streams_live_on_through_fifty_reloads_that_are_not_about_them()
    {
        const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        using var endpoint = new StreamEndpoint();
        await using var daemon = await DaemonHarness.StartAsync(With(0));
        var (echo, web) = (await daemon.AddressOfAsync("echo"), await daemon.AddressOfAsync("web"));
        var echoes = Enumerable.Range(0, 400).Select(_ => new HttpWire(Loopback.Connect(echo))).ToList();
        var chats = Enumerable.Range(0, 300).Select(_ => new HttpWire(Loopback.Connect(web))).ToList();
        var streams = Enumerable.Range(0, 300).Select(_ => new HttpWire(Loopback.Connect(web))).ToList();
        chats.ForEach(chat => Assert.That(chat.Get("/", Agree).ReadResponse().Status, Is.EqualTo(101)));
        streams.ForEach(stream => Assert.That(stream.Get("/").ReadHead().Status, Is.EqualTo(200)));
        var talking = echoes.Concat(chats).ToList();
        for (var reload = 1; reload <= 50; reload++)
        {
            await daemon.ReloadAsync(With(reload));
            endpoint.Send($"{reload:d4}");
            Talk(talking.Where((_, at) => at % 50 == reload % 50), $"{reload:d4}");
        }

        Talk(talking, "last");
        var events = string.Concat(Enumerable.Range(1, 50).Select(reload => $"data: {reload:d4}\n\n"));
        streams.ForEach(stream => Assert.That(Encoding.ASCII.GetString(stream.ReadBytes(events.Length)), Is.EqualTo(events), "every event, once"));
        talking.Concat(streams).ToList().ForEach(each => each.Dispose());

        static void Talk(IEnumerable<HttpWire> wires, string text)
        {
            foreach (var wire in wires)
            {
                Assert.That(Encoding.ASCII.GetString(wire.Send(text).ReadBytes(4)), Is.EqualTo(text));
            }
        }

        string With(int reload) => $$"""
            listeners:
              echo: {bind: "127.0.0.1:0", tcp: {upstream: all} }
              web: {bind: "127.0.0.1:0", http: {routes: [{path: "/*", upstream: all}, {path: /{{reload}}, upstream: other}]} }
            upstreams:
              all: {endpoints: ["{{endpoint.Address}}"]}
              other: {endpoints: ["127.0.0.1:{{1000 + reload}}"], health: {active: off} }
            """;
    }

    [Test]
    public async Task New_connections_follow_the_new_file_at_once()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));
        await daemon.ReloadAsync(With($"\"{_b.Address}\""));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('b'));
    }

    [Test]
    public async Task A_hundred_reloads_under_load_fail_no_connection_and_leave_no_memory_behind()
    {
        // Four Maglev tables, a megabyte, in each configuration: one that anything still holds would be seen.
        string Round(int round) => With($"\"{(round % 2 == 0 ? _a : _b).Address}\"") + string.Concat(Enumerable.Range(0, 4).Select(number =>
            $"  spare{number}: {{balance: hash, endpoints: [{{address: \"{_a.Address}\", weight: {1 + (round % 50)}}}, {{address: \"{_b.Address}\", weight: 7}}]}}\n"));
        await using var daemon = await DaemonHarness.StartAsync(Round(0));
        using var load = new ConnectionLoad(await daemon.AddressOfAsync("all"), workers: 3);
        await ReloadAsync(10);
        var (heap, resident) = Memory();
        await ReloadAsync(100);
        var (served, failed) = load.Stop();
        Assert.That(failed, Is.Empty);
        Assert.That(served.Keys.Select(each => each.Name), Is.EquivalentTo(new[] { 'a', 'b' }));
        var after = Memory();
        Assert.That((after.Heap - heap) >> 20, Is.LessThan(10), "MiB of heap after as many megabytes were replaced a hundred times");
        Assert.That((after.Resident - resident) >> 20, Is.LessThan(50), "MiB resident");

        async Task ReloadAsync(int times)
        {
            for (var round = 1; round <= times; round++)
            {
                await daemon.ReloadAsync(Round(round));
                load.AwaitMore(2);
            }
        }

        static (long Heap, long Resident) Memory()
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return (GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet);
        }
    }

    [Test]
    public async Task A_bad_file_changes_nothing_and_says_where_and_why()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var before = (await daemon.StatusAsync()).GetProperty("config").GetProperty("version").GetString();
        var status = await daemon.ReloadAsync(With($"\"{_b.Address}\"").Replace("upstream: all", "upstrem: all", StringComparison.Ordinal));
        var refusal = status.GetProperty("config").GetProperty("last_refusal").GetProperty("errors").EnumerateArray().Select(error => error.GetString()).ToList();
        Assert.That(refusal, Has.Some.StartsWith($"{daemon.ConfigPath}:2:").And.Some.Contains("did you mean 'upstream'?"));
        Assert.That(status.GetProperty("config").GetProperty("version").GetString(), Is.EqualTo(before));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));

        // Mended, it is taken and the refusal is forgotten.
        status = await daemon.ReloadAsync(With($"\"{_b.Address}\""));
        Assert.That(status.GetProperty("config").GetProperty("last_refusal").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('b'));
    }

    [Test]
    public async Task An_address_that_cannot_be_bound_discards_the_whole_file()
    {
        using var taken = Loopback.Listen();
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var status = await daemon.ReloadAsync(With($"\"{_b.Address}\"", $"\n  more: {{bind: \"127.0.0.1:0\", tcp: {{upstream: all}}}}\n  taken: {{bind: \"{taken.LocalEndPoint}\", tcp: {{upstream: all}}}}"));
        Assert.That(
            status.GetProperty("config").GetProperty("last_refusal").GetProperty("errors")[0].GetString(),
            Is.EqualTo($"cannot listen on {taken.LocalEndPoint}: the address is in use by another program"));
        Assert.That(status.GetProperty("listeners").GetArrayLength(), Is.EqualTo(1));
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));
    }

    [Test]
    public async Task A_log_or_admin_address_that_cannot_be_opened_discards_the_whole_file()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var good = daemon.Whole(With($"\"{_b.Address}\""));
        var elsewhere = Path.Combine(Path.GetDirectoryName(daemon.ConfigPath)!, "elsewhere");
        foreach (var (text, error) in new[]
        {
            (good.Replace("access: off", $"access: {elsewhere}/access.json", StringComparison.Ordinal).Replace("admin.sock", "admin2.sock", StringComparison.Ordinal), "access.json: No such file or directory"),
            (good.Replace("access: off", $"access: {elsewhere}.json", StringComparison.Ordinal).Replace("admin.sock", "elsewhere/admin.sock", StringComparison.Ordinal), "admin.sock"),
        })
        {
            await File.WriteAllTextAsync(daemon.ConfigPath, text);
            daemon.Orders.OrderReload();
            var status = await daemon.ReloadedAsync();
            Assert.That(status.GetProperty("config").GetProperty("last_refusal").GetProperty("errors")[0].GetString(), Does.Contain(error));
            Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));

            // One that ends while the next file is tried may leave its line in that file's log.
            await daemon.UntilAsync(status => status.GetProperty("listeners")[0].GetProperty("active_connections").GetInt64() == 0, "every connection has ended");
        }

        Assert.That(File.ReadAllText(elsewhere + ".json"), Is.Empty, "the log is off as before");
    }

    [Test]
    public async Task A_listener_may_be_renamed_without_losing_its_socket()
    {
        var port = ((IPEndPoint)Loopback.Refusing()).Port;
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\"").Replace("127.0.0.1:0", $"127.0.0.1:{port}", StringComparison.Ordinal));
        var (socket, _) = Open(await daemon.AddressOfAsync("all"));
        await daemon.ReloadAsync(With($"\"{_b.Address}\"").Replace("  all: {bind: \"127.0.0.1:0\"", $"  renamed: {{bind: \"127.0.0.1:{port}\"", StringComparison.Ordinal));
        Assert.That(await ConnectAsync(daemon, "renamed", 5), Is.All.EqualTo('b'));
        socket.Send([1]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(1));
        socket.Dispose();
    }

    [Test]
    public async Task A_port_may_move_between_one_address_and_all_of_them([Values(1, 2)] int loops)
    {
        var port = ((IPEndPoint)Loopback.Refusing()).Port;
        var address = new IPEndPoint(IPAddress.Loopback, port);
        string At(string bind) => With($"\"{_a.Address}\"").Replace("\"127.0.0.1:0\"", bind, StringComparison.Ordinal);
        await using var daemon = await DaemonHarness.StartAsync(At($"\"127.0.0.1:{port}\""), $"transport: {{loops: {loops}}}\nreload: {{watch: false}}\nshutdown: {{unready_for: 0s}}\n");
        var (open, _) = Open(address);
        string[][] binds = [["0.0.0.0"], ["127.0.0.1"], ["127.0.0.1", "0.0.0.0"], ["127.0.0.1"]];
        foreach (var bind in binds)
        {
            await daemon.ReloadAsync(At($"[{string.Join(", ", bind.Select(each => $"\"{each}:{port}\""))}]"));
            Assert.That(() => Listening(port), Is.EquivalentTo(bind).After(Loopback.TimeoutMs, 5), "what the kernel listens on");
            for (var connection = 0; connection < 8; connection++)
            {
                Open(address).Socket.Dispose();
            }

            open.Send([7]);
            Assert.That(open.ReceiveExactly(1)[0], Is.EqualTo(7), "what was open goes on");
        }

        open.Dispose();
    }

    [Test]
    public async Task A_listener_that_is_gone_accepts_no_more_and_its_connections_have_the_time_of_a_drain()
    {
        await using var daemon = await DaemonHarness.StartAsync(
            With($"\"{_a.Address}\"", "\n  gone: {bind: \"127.0.0.1:0\", tcp: {upstream: all}}"), "reload: {watch: false}\nshutdown: {unready_for: 0s, drain: 1s}\n");
        var address = await daemon.AddressOfAsync("gone");
        var (socket, _) = Open(address);
        await daemon.ReloadAsync(With($"\"{_a.Address}\""));
        socket.Send([7]);
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo(7), "still served");
        Assert.That(() => Loopback.Connect(address), Throws.InstanceOf<SocketException>().After(5000, 20), "still accepting");
        Assert.That(socket.ReceiveToEnd(), Is.Empty, "closed in order at the deadline");
        socket.Dispose();
    }

    [Test]
    public async Task An_endpoint_found_dead_is_still_known_to_be_dead_after_a_reload()
    {
        var probed = $"{With($"\"{_a.Address}\", \"{_b.Address}\"").TrimEnd().TrimEnd('}')}, health: {{active: {{interval: 1h, unhealthy_after: 1}}, passive: {{failures: 1, eject_for: 1h, max_ejected: 100%}}}}}}\n";
        await using var daemon = await DaemonHarness.StartAsync(probed);

        // The one probe of the hour comes first: traffic, and not a probe, is to find it dead.
        await daemon.UntilAsync(status => Endpoint(status, _a.Address).GetProperty("verdicts").GetArrayLength() == 1, "the first probe has answered");
        _a.Dispose();
        await ConnectAsync(daemon, "all", 4);
        await daemon.UntilAsync(status => Endpoint(status, _a.Address).GetProperty("state").GetString() == "ejected", "the dead endpoint is ejected");
        var status = await daemon.ReloadAsync(probed.Replace("interval: 1h", "interval: 30m", StringComparison.Ordinal));
        Assert.That(Endpoint(status, _a.Address).GetProperty("state").GetString(), Is.EqualTo("ejected"));
        Assert.That(Endpoint(status, _b.Address).GetProperty("connections").GetInt32(), Is.EqualTo(4), "counters were kept");
    }

    /// <summary>Trap 3: what is refused while it is read, and what is refused when all of it was built, and is undone.</summary>
    [TestCase("read", 2000)]
    [TestCase("bound", 600)]
    [TestCase("prepared", 600)]
    public async Task Two_thousand_bad_files_leave_no_memory_behind(string until, int files)
    {
        using var taken = Loopback.Listen();
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var next = With($"\"{_b.Address}\"");
        daemon.Write(until switch
        {
            "read" => "listeners: {x: 1}\n",
            "bound" => next.Replace("listeners:", $"listeners:\n  taken: {{bind: \"{taken.LocalEndPoint}\", tcp: {{upstream: all}} }}", StringComparison.Ordinal),
            _ => next + "\nlog: {access: /dev/null/connections.log}\n",
        });
        await RefuseAsync(200);
        Assert.That((await daemon.StatusAsync()).GetProperty("config").GetProperty("refused_reloads").GetInt64(), Is.EqualTo(200));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await RefuseAsync(files - 200);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.That(grown, Is.LessThan(1_000_000), "bytes of heap");
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('a'));

        async Task RefuseAsync(int times)
        {
            for (var time = 0; time < times; time++)
            {
                daemon.Orders.OrderReload();
                await daemon.Manager.WaitForAsync("READY=1");
            }
        }
    }

    [Test]
    public async Task A_listener_may_ask_for_any_port_twice()
    {
        await using var daemon = await DaemonHarness.StartAsync(
            With($"\"{_a.Address}\"").Replace("\"127.0.0.1:0\"", "[\"127.0.0.1:0\", \"127.0.0.1:0\"]", StringComparison.Ordinal));
        var addresses = (await daemon.StatusAsync()).GetProperty("listeners")[0].GetProperty("addresses").EnumerateArray().Select(each => each.GetString()).ToList();
        Assert.That(addresses, Has.Count.EqualTo(2).And.Unique);
    }

    [Test]
    public async Task A_refused_log_leaves_the_admin_listener_where_it_was()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""));
        var whole = daemon.Whole(With($"\"{_b.Address}\""));
        await File.WriteAllTextAsync(daemon.ConfigPath, whole.Replace("access: off", "access: /dev/null/connections.log", StringComparison.Ordinal)
            .Replace("admin.sock", "other.sock", StringComparison.Ordinal));
        daemon.Orders.OrderReload();
        var status = await daemon.ReloadedAsync();
        Assert.That(
            status.GetProperty("config").GetProperty("last_refusal").GetProperty("errors")[0].GetString(), Does.StartWith("cannot open /dev/null/connections.log"));
    }

    [Test]
    public async Task A_file_that_says_so_is_not_watched_any_more()
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""), "reload: {watch: true}\nshutdown: {unready_for: 0s}\n");
        string Unwatched(EchoEndpoint endpoint) =>
            daemon.Whole(With($"\"{endpoint.Address}\"")).Replace("watch: true", "watch: false", StringComparison.Ordinal);
        await File.WriteAllTextAsync(daemon.ConfigPath, Unwatched(_a));
        await daemon.ReloadedAsync();
        await File.WriteAllTextAsync(daemon.ConfigPath, Unwatched(_b));
        var reloading = daemon.Manager.WaitForAsync("RELOADING=1");
        Assert.ThrowsAsync<TimeoutException>(() => reloading.WaitAsync(TimeSpan.FromSeconds(2)));
        daemon.Orders.OrderReload();
        await reloading;
        await daemon.Manager.WaitForAsync("READY=1");
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('b'));
    }

    [TestCase("in place")]
    [TestCase("by a rename")]
    [TestCase("by the swap of a link")]
    public async Task A_file_that_changes_is_loaded(string how)
    {
        await using var daemon = await DaemonHarness.StartAsync(With($"\"{_a.Address}\""), "reload: {watch: true}\nshutdown: {unready_for: 0s}\n");
        var folder = Path.GetDirectoryName(daemon.ConfigPath)!;
        if (how == "by the swap of a link")
        {
            // As Kubernetes mounts a ConfigMap: lb.yaml → ..data/lb.yaml, ..data → a folder, and ..data is what is swapped.
            Directory.CreateDirectory(Path.Combine(folder, "..1"));
            File.Copy(daemon.ConfigPath, Path.Combine(folder, "..1", "lb.yaml"));
            File.CreateSymbolicLink(Path.Combine(folder, "..data"), "..1");
            File.CreateSymbolicLink(Path.Combine(folder, "new"), "..data/lb.yaml");
            File.Move(Path.Combine(folder, "new"), daemon.ConfigPath, overwrite: true);
            daemon.Orders.OrderReload();
            await daemon.ReloadedAsync();
        }

        var changed = daemon.Whole(With($"\"{_b.Address}\""));
        switch (how)
        {
            case "in place":
                await File.WriteAllTextAsync(daemon.ConfigPath, changed);
                break;
            case "by a rename":
                await File.WriteAllTextAsync(daemon.ConfigPath + "~", changed);
                File.Move(daemon.ConfigPath + "~", daemon.ConfigPath, overwrite: true);
                break;
            default:
                Directory.CreateDirectory(Path.Combine(folder, "..2"));
                await File.WriteAllTextAsync(Path.Combine(folder, "..2", "lb.yaml"), changed);
                File.CreateSymbolicLink(Path.Combine(folder, "..data_tmp"), "..2");
                Assert.That(Rename(Path.Combine(folder, "..data_tmp"), Path.Combine(folder, "..data")), Is.Zero);
                break;
        }

        await daemon.ReloadedAsync();
        Assert.That(await ConnectAsync(daemon, "all", 5), Is.All.EqualTo('b'));
    }

    private static IEnumerable<string> Listening(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(each => each.Port == port).Select(each => each.Address.ToString()).Distinct();

    private static string With(string endpoints, string moreListeners = "", int idleMinutes = 10) => $$"""
        listeners:
          all: {bind: "127.0.0.1:0", tcp: {upstream: all}, timeouts: {idle: {{idleMinutes}}m} }{{moreListeners}}
        upstreams:
          all: {endpoints: [{{endpoints}}]}
        """ + "\n";

    // The framework follows a link to a directory, and would move into it.
    [LibraryImport("libc", EntryPoint = "rename", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);
}
