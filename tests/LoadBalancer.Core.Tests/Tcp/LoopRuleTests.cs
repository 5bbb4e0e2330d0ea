namespace LoadBalancer.Tests.Tcp;

/// <summary>The one rule of threads, counted: what a connection does, it does on its loop.</summary>
internal sealed class LoopRuleTests
{
    private const int Messages = 10_000;

    [Test]
    public void Ten_thousand_messages_cost_no_thread_pool_work_item_and_no_allocation()
    {
        using var harness = new RelayHarness();
        using var hops = new LoopHops();
        Exchange(harness, 1000);
        var hopsBefore = hops.Count;
        var least = long.MaxValue;
        for (var run = 0; run < 3; run++)
        {
            // The least of three: a collection that falls into a run counts the rest of the thread's allocation buffer.
            var before = AllocatedOnLoop(harness);
            Exchange(harness, Messages);
            least = Math.Min(least, AllocatedOnLoop(harness) - before);
        }

        Assert.That(hops.Count - hopsBefore, Is.Zero, "work items queued by the loop");
        Assert.That(least, Is.LessThan(Messages / 10), "bytes allocated on the loop");
    }

    [Test]
    public void A_hop_to_the_thread_pool_is_counted()
    {
        using var harness = new RelayHarness();
        using var hops = new LoopHops();
        Assert.That(
            SpinWait.SpinUntil(
                () =>
                {
                    harness.Loops.First.Post(_ => ThreadPool.UnsafeQueueUserWorkItem(static _ => { }, 0, preferLocal: false), null);
                    return hops.Count > 0;
                },
                TimeSpan.FromSeconds(20)),
            Is.True);
    }

    private static long AllocatedOnLoop(RelayHarness harness)
    {
        // No await: waiting by task would itself queue work items.
        long bytes = 0;
        using var done = new ManualResetEventSlim();
        harness.Loops.First.Post(
            _ =>
            {
                bytes = GC.GetAllocatedBytesForCurrentThread();
                done.Set();
            },
            null);
        Assert.That(done.Wait(Loopback.TimeoutMs), Is.True);
        return bytes;
    }

    private static void Exchange(RelayHarness harness, int count)
    {
        var echo = new Thread(() =>
        {
            var buffer = new byte[100];
            for (var message = 0; message < count; message++)
            {
                ReceiveInto(harness.Endpoint, buffer);
                harness.Endpoint.Send(buffer);
            }
        });
        echo.Start();
        var sent = Loopback.Pattern(100);
        var received = new byte[100];
        for (var message = 0; message < count; message++)
        {
            harness.Client.Send(sent);
            ReceiveInto(harness.Client, received);
            if (!received.AsSpan().SequenceEqual(sent))
            {
                Assert.Fail($"message {message} came back changed");
            }
        }

        echo.Join();
    }

    private static void ReceiveInto(System.Net.Sockets.Socket socket, byte[] buffer)
    {
        for (var at = 0; at < buffer.Length;)
        {
            var read = socket.Receive(buffer, at, buffer.Length - at, System.Net.Sockets.SocketFlags.None);
            at += read > 0 ? read : throw new IOException("the stream ended");
        }
    }
}
