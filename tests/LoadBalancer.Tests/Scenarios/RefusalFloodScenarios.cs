using System.Net;
using System.Net.Sockets;
using LoadBalancer.Tests;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Twenty thousand connections of a client that is refused: what that costs the log, the memory and everybody else.</summary>
internal sealed class RefusalFloodScenarios
{
    private const int Flood = 20_000;
    private const int Loops = 2;

    [TestCase("deny_ips: 127.0.0.2", "address_denied", 0)]
    [TestCase("connection_rate: {rate: 1/h, burst: 3}", "connection_rate_exceeded", 3)]
    public async Task A_flood_of_refusals_fills_neither_the_log_nor_the_memory_and_others_are_served(string policy, string reason, int served)
    {
        using var endpoint = new EchoEndpoint('a');
        var address = Loopback.Refusing();
        using var lb = await LbProcess.StartAsync(
            endpoint.Address, program => $"DOTNET_GCgen0size=0x400000 exec {program}", tcp: true, loops: "2",
            more: $$""", guarded: {bind: "{{address}}", tcp: all, {{policy}} }""");
        var kept = Enumerable.Range(0, served).Select(_ => Served(Connect(address, "127.0.0.2"))).ToList();
        using var other = Served(Connect(address, "127.0.0.3"));

        // The first ones bring the heap to its size.
        Refuse(address, Flood);
        await RefusedAsync(Flood);
        var (resident, clock) = (lb.ResidentMiB, System.Diagnostics.Stopwatch.StartNew());
        var linesBefore = await lb.SumAsync("lb_access_log_lines_total ");
        var flood = Task.Run(() => Refuse(address, Flood));
        for (var asked = 0; asked < 20 || !flood.IsCompleted; asked++)
        {
            // Two other clients: one that was there before, and one that comes.
            other.Send([7]);
            Assert.That(other.ReceiveExactly(1)[0], Is.EqualTo(7));
            using var newcomer = Served(Connect(lb.Address, "127.0.0.3"));
        }

        await flood;
        await RefusedAsync(2 * Flood);
        var seconds = Math.Ceiling(clock.Elapsed.TotalSeconds) + 1;
        var newcomers = await lb.SumAsync("lb_listener_connections_total{listener=\"all\"}");
        var (lines, suppressed) = (await lb.SumAsync("lb_access_log_lines_total ") - linesBefore, await lb.SumAsync("lb_access_log_suppressed_lines_total "));
        Assert.Multiple(() =>
        {
            Assert.That(lines - newcomers, Is.LessThanOrEqualTo(100 * Loops * seconds), "lines of refusals, a hundred a second and loop");
            Assert.That(suppressed, Is.InRange(1, 2 * Flood));
            Assert.That(lb.ResidentMiB - resident, Is.LessThan(10), "MiB after twenty thousand more");
            kept.ForEach(socket => socket.Send([7]));
            Assert.That(kept.Select(socket => socket.ReceiveExactly(1)[0]), Is.All.EqualTo(7), "what the client was allowed goes on");
        });

        kept.ForEach(socket => socket.Dispose());
        other.Dispose();
        var (exitCode, errors) = await lb.StopAsync();
        Assert.That(exitCode, Is.Zero, errors);
        Assert.That(errors.Split('\n'), Has.Length.LessThan(20), "lines of lb's own log");

        Task RefusedAsync(int count) => lb.UntilAsync(
            status => status.GetProperty("listeners")[1].GetProperty("rejected").GetProperty(reason).GetInt64() == count, $"{count} are counted as {reason}");
    }

    private static void Refuse(EndPoint address, int count) => Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
    {
        for (var connection = 0; connection < count / 4; connection++)
        {
            SocketError error;
            try
            {
                using var socket = Connect(address, "127.0.0.2");
                socket.Receive(new byte[1], 0, 1, SocketFlags.None, out error);
            }
            catch (SocketException early)
            {
                // The reset was there before connect had returned.
                error = early.SocketErrorCode;
            }

            Assert.That(error, Is.EqualTo(SocketError.ConnectionReset));
        }
    });

    private static Socket Served(Socket socket)
    {
        Assert.That(socket.ReceiveExactly(1)[0], Is.EqualTo((byte)'a'));
        return socket;
    }

    private static Socket Connect(EndPoint address, string from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = Loopback.TimeoutMs, SendTimeout = Loopback.TimeoutMs };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(address);
        return socket;
    }
}
