using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.Sniffing;

/// <summary>Waits for a client's ClientHello and tells which name it asks for. No byte is taken: the hello is passed on as it is.</summary>
internal static class ServerNameSniffer
{
    /// <summary>The name that <paramref name="client"/> asks for; on its loop.</summary>
    /// <param name="client">A connection that nobody reads yet.</param>
    /// <param name="timeout">How long a whole ClientHello may take.</param>
    public static async ValueTask<SniffedName> SniffAsync(EpollConnection client, TimeSpan timeout)
    {
        using var peek = client.Peek(ClientHelloReader.MaxBytes, timeout);
        var outcome = ClientHelloOutcome.Incomplete;
        while (outcome == ClientHelloOutcome.Incomplete)
        {
            var more = await peek.MoreAsync();
            if (more != PeekOutcome.More)
            {
                return new SniffedName(new Fault(FaultSide.Client, more switch
                {
                    PeekOutcome.TimedOut => FaultKind.PreambleTimeout,
                    PeekOutcome.Reset => FaultKind.Reset,
                    _ => peek.Bytes.IsEmpty ? FaultKind.ClientHelloMissing : FaultKind.ClientHelloInvalid,
                }));
            }

            outcome = Read(peek.Bytes, out var name);
            if (outcome == ClientHelloOutcome.Complete)
            {
                return new SniffedName(Fault.None, IsTls: true, name);
            }
        }

        return outcome == ClientHelloOutcome.NotTls
            ? new SniffedName(Fault.None)
            : new SniffedName(new Fault(FaultSide.Client, FaultKind.ClientHelloInvalid));
    }

    private static ClientHelloOutcome Read(ReadOnlySpan<byte> bytes, out string? name)
    {
        Span<byte> buffer = stackalloc byte[ClientHelloReader.MaxNameBytes];
        var outcome = ClientHelloReader.Read(bytes, buffer, out var length);
        name = length == 0 ? null : Encoding.ASCII.GetString(buffer[..length]);
        return outcome;
    }
}
