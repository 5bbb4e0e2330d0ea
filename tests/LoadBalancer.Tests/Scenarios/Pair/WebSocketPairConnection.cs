using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Daemon.Tests.Scenarios.Http;

namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>
/// A WebSocket with a message at a time, which has to come back. Where a Close frame comes in its place, which says that the service restarts
/// (1012), the message is left to another connection: the other side does not say whether it was read.
/// </summary>
/// <param name="socket">The connection, which this owns.</param>
/// <param name="open">What carries it.</param>
internal sealed class WebSocketPairConnection(Socket socket, Func<Socket, HttpWire> open) : IPairConnection
{
    private const string Agree = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const byte Text = 0x81;
    private const byte Close = 0x88;
    private const byte Masked = 0x80;
    private const int ServiceRestart = 1012;

    private HttpWire? _wire;
    private int _number;

    /// <inheritdoc/>
    public string? Instance { get; private set; }

    /// <summary>An endpoint's side of it: agrees, and sends each message back.</summary>
    /// <param name="wire">The connection.</param>
    /// <param name="request">The request that asks for it.</param>
    /// <param name="fields">Further field lines.</param>
    /// <param name="pause">What comes before a message goes back.</param>
    public static void Echo(HttpWire wire, HttpMessage request, string fields, Action pause)
    {
        wire.Send(WebSocketAnswer.To(request, fields));
        while (true)
        {
            var start = wire.ReadBytes(2);
            var masked = wire.ReadBytes(4 + (start[1] & ~Masked));
            var text = masked[4..].Select((value, at) => (byte)(value ^ masked[at % 4])).ToArray();
            if (start[0] != Close)
            {
                pause();
            }

            wire.Send([start[0], (byte)text.Length, .. text]);
            if (start[0] == Close)
            {
                throw new OperationCanceledException();
            }
        }
    }

    /// <inheritdoc/>
    public string? Make(List<PairCall> calls)
    {
        var message = calls.Single();
        if (_wire is null && !TryOpen(calls))
        {
            return "no WebSocket";
        }

        message.Send();
        var sent = Encoding.ASCII.GetBytes($"message {_number++}");
        _wire!.Send([Text, (byte)(Masked | sent.Length), 0, 0, 0, 0, .. sent]);
        var start = _wire.ReadBytes(2);
        var received = _wire.ReadBytes(start[1]);
        if (start[0] == Close)
        {
            var code = BinaryPrimitives.ReadUInt16BigEndian(received);
            if (code == ServiceRestart)
            {
                message.LeaveOut();
                End(message, received);
            }
            else
            {
                message.Lose($"closed with {code}");
            }

            return $"{code}";
        }

        if (start[0] == Text && received.AsSpan().SequenceEqual(sent))
        {
            message.Serve();
        }
        else
        {
            message.Lose("another message came back");
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wire?.Dispose();
        socket.Dispose();
    }

    private bool TryOpen(List<PairCall> calls)
    {
        var opening = new PairCall(PairCall.Opening);
        calls.Add(opening);
        opening.Send();
        var wire = open(socket);
        var answer = wire.Get("/ws", Agree).ReadResponse();
        if (answer.Status != 101)
        {
            opening.Lose($"{answer.Status} {answer.Text.Trim()}");
            return false;
        }

        _wire = wire;
        Instance = answer["X-Instance"];
        opening.Serve();
        return true;
    }

    // The client's Close is answered by the end of the connection, or of its stream.
    private void End(PairCall message, byte[] code)
    {
        try
        {
            _wire!.Send([Close, (byte)(Masked | code.Length), 0, 0, 0, 0, .. code]);
            if (!_wire.IsCutOff())
            {
                message.Lose("the Close was answered, and the connection goes on");
            }
        }
        catch (Exception error) when (error is SocketException { SocketErrorCode: not SocketError.TimedOut and not SocketError.WouldBlock } or EndOfStreamException)
        {
            // It has ended, if not in order.
        }
    }
}
