using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace LoadBalancer.Discovery.Dns;

/// <summary>
/// One name server: a question goes to it over UDP, and again over TCP where the answer does not fit (RFC 7766). Thread-safe.
/// </summary>
/// <remarks>
/// Every question has a socket of its own, connected, so that the kernel takes a port at random for it and drops whatever
/// comes from elsewhere; the number of a question comes from the system's secure source (RFC 5452 §9).
/// </remarks>
/// <param name="address">Where it listens.</param>
/// <param name="time">The clock of the timeouts.</param>
internal sealed class NameServer(IPEndPoint address, TimeProvider time)
{
    /// <summary>Asks it.</summary>
    /// <param name="name">The whole name.</param>
    /// <param name="type">The type of records.</param>
    /// <param name="timeout">How long to wait for each answer: over UDP, and once more over TCP.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NameServerException">It gave no answer that can be used.</exception>
    public async Task<DnsReply> AskAsync(DnsName name, DnsType type, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var reply = await BoundAsync(Over(AskOverUdpAsync, extended: true), timeout, cancellationToken);
        if (reply.Code is DnsResponseCode.FormErr or DnsResponseCode.NotImp)
        {
            // A server from before EDNS (RFC 6891 §7).
            reply = await BoundAsync(Over(AskOverUdpAsync, extended: false), timeout, cancellationToken);
        }

        return reply.IsTruncated ? await BoundAsync(Over(AskOverTcpAsync, extended: true), timeout, cancellationToken) : reply;

        Func<CancellationToken, Task<DnsReply>> Over(Func<DnsQuestion, bool, CancellationToken, Task<DnsReply>> ask, bool extended) =>
            stop => ask(new DnsQuestion((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type), extended, stop);
    }

    /// <inheritdoc/>
    public override string ToString() => address.ToString();

    private async Task<DnsReply> BoundAsync(Func<CancellationToken, Task<DnsReply>> ask, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NameServerException($"{this} gave no answer within {timeout.TotalSeconds:0.###} s");
        }
        catch (SocketException error)
        {
            throw new NameServerException($"{this}: {error.Message}", error);
        }
    }

    private async Task<DnsReply> AskOverUdpAsync(DnsQuestion question, bool extended, CancellationToken stop)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(address, stop);
        await socket.SendAsync(question.Write(extended), stop);
        var buffer = ArrayPool<byte>.Shared.Rent(ushort.MaxValue);
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, stop);
                switch (DnsReplyReader.Read(buffer.AsSpan(0, length), question, out var reply))
                {
                    case DnsReading.Good:
                        return reply!;
                    case DnsReading.Malformed:
                        throw Unreadable();
                    default:
                        // Forged, or the answer to a question that was given up: the real one may still come.
                        continue;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<DnsReply> AskOverTcpAsync(DnsQuestion question, bool extended, CancellationToken stop)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address, stop);
        var asked = question.Write(extended);
        var message = new byte[2 + asked.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)asked.Length);
        asked.CopyTo(message, 2);
        await using var stream = new NetworkStream(socket);
        try
        {
            await stream.WriteAsync(message, stop);
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, stop);
            var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(answer, stop);
            return DnsReplyReader.Read(answer, question, out var reply) == DnsReading.Good && !reply!.IsTruncated ? reply : throw Unreadable();
        }
        catch (EndOfStreamException error)
        {
            throw new NameServerException($"{this} closed the connection before its answer was whole", error);
        }
        catch (IOException error) when (error is not NameServerException)
        {
            throw new NameServerException($"{this}: {error.Message}", error);
        }
    }

    private NameServerException Unreadable() => new($"{this} gave an answer that cannot be read");
}
