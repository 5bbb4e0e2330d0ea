using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class EpollConnectionTests
{
    private const int LargeBytes = 6_000_000;

    [Test]
    public async Task What_is_completed_while_a_flush_ends_is_sent_to_the_last_byte()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await ConnectAsync(loops, listening);
        using var peer = listening.Accept();
        peer.ReceiveTimeout = Loopback.TimeoutMs;
        var sent = Loopback.Pattern(LargeBytes);
        var completed = loops.Run(async () =>
        {
            PipeWriter output = ((IDuplexPipe)connection).Output;
            await output.WriteAsync(sent);

            // Goes on inside the event that ended the flush.
            sent.CopyTo(output.GetMemory(LargeBytes));
            output.Advance(LargeBytes);
            output.Complete();
            return true;
        });
        Assert.That(peer.ReceiveToEnd(), Is.EqualTo((byte[])[.. sent, .. sent]));
        await completed;
        await loops.Run(connection.Close);
    }

    [Test]
    public async Task A_block_that_is_being_filled_elsewhere_goes_to_nobody_else_when_the_connection_is_aborted()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await new EpollTransport(loops.Group, TimeSpan.FromSeconds(5)).ConnectAsync(listening.LocalEndPoint!);
        var output = connection.Transport.Output;
        var filling = output.GetMemory();
        Assert.That(MemoryMarshal.TryGetArray<byte>(filling, out var block), Is.True);

        connection.Abort();
        var next = await loops.Run(loops.First.Blocks.Rent);
        Assert.That(next, Is.Not.SameAs(block.Array));

        // The writer goes on until it hears of the end, and then everything is given back.
        output.Advance(10);
        Assert.That((await output.FlushAsync()).IsCompleted, Is.True);
        await loops.Run(() => loops.First.Blocks.Return(next));
        await connection.DisposeAsync();
        Assert.That(loops.First.Blocks.Rented, Is.Zero);
    }

    [Test]
    public async Task Its_token_is_canceled_when_its_disposal_has_ended()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var transport = new EpollTransport(loops.Group, TimeSpan.FromSeconds(5));
        for (var round = 0; round < 300; round++)
        {
            var connection = await transport.ConnectAsync(listening.LocalEndPoint!);
            listening.Accept().Dispose();
            var closed = connection.ConnectionClosed;
            await connection.DisposeAsync();
            Assert.That(closed.IsCancellationRequested, Is.True);
        }
    }

    [Test]
    public async Task What_is_not_taken_can_be_kept_in_little_memory_and_is_the_same()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await ConnectAsync(loops, listening);
        using var peer = listening.Accept();
        var sent = Loopback.Pattern(EventLoop.SmallBlockBytes + 11);
        var loop = loops.First;
        await loops.Run(async () =>
        {
            var input = ((IDuplexPipe)connection).Input;

            // The first bytes are taken, the others wait: read by read they stay in one small block, until they are too many.
            foreach (var (from, to, small, blocks) in new[] { (0, 100, 1, 0), (100, 101, 1, 0), (101, 2_000, 1, 0), (2_000, sent.Length, 1, 1) })
            {
                peer.Send(sent.AsSpan(from, to - from));
                var read = await input.ReadAsync();
                while (read.Buffer.Length < to - (from == 0 ? 0 : 10))
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    read = await input.ReadAsync();
                }

                input.AdvanceTo(read.Buffer.GetPosition(from == 0 ? 10 : 0), read.Buffer.End);
                connection.Condense();
                Assert.That((loop.SmallBlocks.Rented, loop.Blocks.Rented, connection.Buffered), Is.EqualTo((small, blocks, (long)to - 10)), $"after {to} bytes");
            }

            peer.Send("!"u8);
            var all = await input.ReadAsync();
            Assert.That(all.Buffer.ToArray(), Is.EqualTo((byte[])[.. sent.AsSpan(10), (byte)'!']));
            input.AdvanceTo(all.Buffer.End);
            connection.Condense();
            Assert.That((loop.SmallBlocks.Rented, loop.Blocks.Rented), Is.EqualTo((0, 0)));
            connection.Close();
            return true;
        });
    }

    [Test]
    public async Task A_flush_that_may_be_put_off_is_sent_with_others_and_before_the_connection_closes()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await ConnectAsync(loops, listening);
        using var peer = listening.Accept();
        peer.ReceiveTimeout = Loopback.TimeoutMs;
        var output = ((IDuplexPipe)connection).Output;
        await loops.Run(() =>
        {
            connection.PutsOffSends = true;
            foreach (var part in new[] { "one", "two" })
            {
                output.Write(System.Text.Encoding.ASCII.GetBytes(part));
                Assert.That(HasFlushed(output));
            }

            Assert.That((connection.OwesBytes, peer.Available), Is.EqualTo((true, 0)));
        });
        Assert.That(await loops.Run(() => connection.OwesBytes), Is.False);
        var came = new byte[16];
        Assert.That(came.AsSpan(0, peer.Receive(came)).SequenceEqual("onetwo"u8), "sent as one");
        await loops.Run(() =>
        {
            output.Write("three"u8);
            Assert.That(HasFlushed(output));
            connection.Close();
        });
        Assert.That(peer.ReceiveToEnd().AsSpan().SequenceEqual("three"u8));
    }

    [Test]
    public async Task What_the_kernel_does_not_take_of_a_flush_that_was_put_off_is_sent_later_and_the_next_flush_waits_for_it()
    {
        using var loops = new TestLoops();
        using var listening = Loopback.Listen();
        var connection = await ConnectAsync(loops, listening);
        using var peer = listening.Accept();
        peer.ReceiveTimeout = Loopback.TimeoutMs;
        var part = Loopback.Pattern(10_000);
        var sent = 0;
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var flushed = loops.Run(async () =>
        {
            var output = ((IDuplexPipe)connection).Output;
            connection.PutsOffSends = true;
            while (!connection.OwesBytes)
            {
                output.Write(part);
                Assert.That(HasFlushed(output));
                sent++;
                await loops.First.Yield();
            }

            output.Write(part);
            sent++;
            var flush = output.FlushAsync().AsTask();
            Assert.That(flush.IsCompleted, Is.False);
            full.SetResult();
            await flush;
            Assert.That(connection.OwesBytes, Is.False);
            output.Complete();
            return true;
        });
        await full.Task.WaitAsync(TimeSpan.FromMilliseconds(Loopback.TimeoutMs));
        var came = peer.ReceiveToEnd();
        await flushed;
        Assert.That(came, Has.Length.EqualTo(sent * part.Length));
        for (var at = 0; at < came.Length; at += part.Length)
        {
            Assert.That(came.AsSpan(at, part.Length).SequenceEqual(part));
        }

        await loops.Run(connection.Close);
    }

    private static bool HasFlushed(PipeWriter output)
    {
        var flush = output.FlushAsync();
        return flush.IsCompletedSuccessfully && !flush.Result.IsCompleted;
    }

    private static Task<EpollConnection> ConnectAsync(TestLoops loops, Socket listening) => loops.Run(async () =>
    {
        var connected = await ConnectAttempt.StartAsync(loops.First, listening.LocalEndPoint!, TimeSpan.FromSeconds(5));
        var connection = new EpollConnection(connected.Socket!, listening.LocalEndPoint);
        connection.Observe();
        return connection;
    });
}
