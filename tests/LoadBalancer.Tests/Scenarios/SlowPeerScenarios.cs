using System.Net.Sockets;
using LoadBalancer.Tests;
using static LoadBalancer.Daemon.Tests.Scenarios.BalancingScenarios;

namespace LoadBalancer.Daemon.Tests.Scenarios;

/// <summary>Peers that do not read, beside others on the one loop that there is.</summary>
internal sealed class SlowPeerScenarios
{
    private const int Slow = 6;

    [Test]
    public async Task Those_that_do_not_read_hold_up_nobody_else_and_get_every_byte_in_the_end()
    {
        using var a = new EchoEndpoint('a');
        await using var daemon = await DaemonHarness.StartAsync($$"""
            listeners: {{Listener("all")}}
            upstreams: {all: {endpoints: ["{{a.Address}}"]} }
            """, process: "transport: {loops: 1}\nreload: {watch: false}\nshutdown: {unready_for: 0s}\n");
        var address = await daemon.AddressOfAsync("all");

        // Each sends to an echo that it does not read, until neither the daemon nor a kernel takes more: both directions are full.
        var slow = Enumerable.Range(0, Slow).Select(_ => Open(address).Socket).ToList();
        var pushed = new int[Slow];
        var fills = Enumerable.Range(0, Slow).Select(index => new Thread(() => pushed[index] = Fill(slow[index]))).ToList();
        fills.ForEach(fill => fill.Start());
        fills.ForEach(fill => fill.Join());

        var (quick, _) = Open(address);
        for (var message = 0; message < 1000; message++)
        {
            quick.Send([(byte)message]);
            Assert.That(quick.ReceiveExactly(1)[0], Is.EqualTo((byte)message));
        }

        quick.Dispose();
        for (var index = 0; index < Slow; index++)
        {
            slow[index].Blocking = true;
            slow[index].Shutdown(SocketShutdown.Send);
            var received = slow[index].ReceiveToEnd();
            Assert.That(received, Has.Length.EqualTo(pushed[index]));
            Assert.That(received.AsSpan().IndexOfAnyExcept((byte)7), Is.Negative);
            slow[index].Dispose();
        }
    }

    private static int Fill(Socket socket)
    {
        var chunk = new byte[64 * 1024];
        Array.Fill(chunk, (byte)7);
        socket.Blocking = false;
        var pushed = 0;
        while (socket.Poll(300_000, SelectMode.SelectWrite))
        {
            pushed += socket.Send(chunk, 0, chunk.Length, SocketFlags.None, out _);
        }

        return pushed;
    }
}
