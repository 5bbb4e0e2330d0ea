using System.Net.Sockets;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Tests.Transport.Epoll;

internal sealed class SocketPeekTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private TestLoops _loops = null!;
    private Socket _peer = null!;
    private EpollConnection _connection = null!;

    [SetUp]
    public async Task Connect()
    {
        _loops = new TestLoops();
        using var listening = Loopback.Listen();
        _connection = await Connections.TestConnection.ConnectAsync(_loops, listening);
        _peer = listening.Accept();
    }

    [TearDown]
    public async Task Close()
    {
        await _loops.Run(_connection.Close);
        await _loops.Run(() => Assert.That(_loops.First.Blocks.Rented, Is.Zero, "buffers still rented"));
        _peer.Dispose();
        _loops.Dispose();
    }

    [Test]
    public async Task What_was_seen_is_still_there_to_be_read()
    {
        _peer.Send("hello"u8);
        var seen = await _loops.Run(async () =>
        {
            using var peek = _connection.Peek(1000, Long);
            Assert.That(await peek.MoreAsync(), Is.EqualTo(PeekOutcome.More));
            return peek.Bytes.ToArray();
        });
        Assert.That(seen, Is.EqualTo("hello"u8.ToArray()));
        Assert.That(await ReadAsync(), Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task Each_wait_gives_more_from_the_first_byte_on()
    {
        var lengths = new List<int>();
        _peer.Send("a"u8);
        await _loops.Run(async () =>
        {
            using var peek = _connection.Peek(1000, Long);
            while (lengths.Count < 20)
            {
                Assert.That(await peek.MoreAsync(), Is.EqualTo(PeekOutcome.More));
                lengths.Add(peek.Bytes.Length);
                _peer.Send("a"u8);
            }

            return true;
        });
        Assert.That(lengths, Is.Ordered.Ascending.And.Unique);
        Assert.That(lengths[0], Is.EqualTo(1));
    }

    [Test]
    public async Task What_is_taken_is_gone_and_what_follows_is_not()
    {
        _peer.Send("headerbody"u8);
        await _loops.Run(async () =>
        {
            using var peek = _connection.Peek(1000, Long);
            while (peek.Bytes.Length < 10)
            {
                await peek.MoreAsync();
            }

            peek.Take(6);
            return true;
        });
        Assert.That(await ReadAsync(), Is.EqualTo("body"u8.ToArray()));
    }

    [Test]
    public async Task A_socket_is_readable_after_a_take_only_where_more_was_seen([Values("header", "headerbody")] string sent)
    {
        _peer.Send(System.Text.Encoding.ASCII.GetBytes(sent));
        var readable = await _loops.Run(async () =>
        {
            using var peek = _connection.Peek(1000, Long);
            while (peek.Bytes.Length < sent.Length)
            {
                await peek.MoreAsync();
            }

            peek.Take(6);
            return _connection.TryTakeSocket()!.IsReadable;
        });
        Assert.That(readable, Is.EqualTo(sent.Length > 6));

        _peer.Send("!"u8);
        Assert.That(await ReadAsync(), Has.Property("Length").GreaterThan(0));
    }

    [Test]
    public async Task The_end_is_told_after_the_last_byte([Values("", "abc")] string sent)
    {
        _peer.Send(System.Text.Encoding.ASCII.GetBytes(sent));
        _peer.Shutdown(SocketShutdown.Send);
        Assert.That(await EndAsync(), Is.EqualTo((PeekOutcome.Ended, sent.Length)));
    }

    [Test]
    public async Task A_reset_is_told()
    {
        var end = EndAsync();
        _peer.Abort();
        Assert.That((await end).Outcome, Is.EqualTo(PeekOutcome.Reset));
    }

    [Test]
    public async Task A_peer_that_keeps_silent_is_not_waited_for_beyond_the_deadline()
    {
        _peer.Send("ab"u8);
        Assert.That(await EndAsync(TimeSpan.FromMilliseconds(60)), Is.EqualTo((PeekOutcome.TimedOut, 2)));
    }

    [Test]
    public async Task Closing_the_connection_ends_the_wait()
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = _loops.Run(async () =>
        {
            using var peek = _connection.Peek(1000, Long);
            var more = peek.MoreAsync();
            waiting.SetResult();
            return await more;
        });
        await waiting.Task;
        await _loops.Run(_connection.Abort);
        Assert.That(await end, Is.EqualTo(PeekOutcome.Ended));
        Assert.That(_peer.ReceiveError(), Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public async Task Nobody_looks_while_somebody_reads() => await _loops.Run(() =>
    {
        using (_connection.Peek(10, Long))
        {
            Assert.Throws<InvalidOperationException>(() => _connection.Peek(10, Long));
        }

        _connection.Peek(10, Long).Dispose();
    });

    private Task<(PeekOutcome Outcome, int Seen)> EndAsync(TimeSpan? timeout = null) => _loops.Run(async () =>
    {
        using var peek = _connection.Peek(1000, timeout ?? Long);
        PeekOutcome outcome;
        do
        {
            outcome = await peek.MoreAsync();
        }
        while (outcome == PeekOutcome.More);
        return (outcome, peek.Bytes.Length);
    });

    private Task<byte[]> ReadAsync() => _loops.Run(async () =>
    {
        _connection.Observe();
        var read = await _connection.Transport.Input.ReadAsync();
        var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
        _connection.Transport.Input.AdvanceTo(read.Buffer.End);
        return bytes;
    });
}
