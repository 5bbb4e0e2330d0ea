using System.Net;
using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Connections.ProxyProtocol;

/// <summary>
/// Believes what a trusted proxy says of the client in a PROXY header: it becomes the connection's <c>RemoteEndPoint</c>,
/// and so the client of every policy, hash and log line after it. Strict both ways, because whoever could choose whether to
/// send a header could choose to be anybody: a trusted peer that sends none is refused, and so is everybody else.
/// </summary>
/// <param name="trusted">Whose header is believed. The peer of a Unix socket is trusted: the file's permissions say who may connect.</param>
/// <param name="timeout">How long a whole header may take.</param>
internal sealed class ProxyProtocolPolicy(IpSet trusted, TimeSpan timeout) : ConnectionPolicy
{
    /// <summary>The policy of a listener that asks for it.</summary>
    public static ProxyProtocolPolicy? Create(ConnectionPolicyOptions options, ConnectionPolicyChain? previous, BuildContext context) =>
        options.AcceptProxyProtocol.Count == 0 ? null : new ProxyProtocolPolicy(new IpSet(options.AcceptProxyProtocol.Items), options.PreambleTimeout);

    /// <inheritdoc/>
    public override ValueTask<Fault> AdmitAsync(EpollConnection client) =>
        client.RemoteEndPoint is not IPEndPoint peer || trusted.Contains(peer.Address)
            ? ReadAsync(client)
            : ValueTask.FromResult(new Fault(FaultSide.Client, FaultKind.UntrustedProxy));

    private async ValueTask<Fault> ReadAsync(EpollConnection client)
    {
        using var peek = client.Peek(ProxyHeaderReader.MaxBytes, timeout);
        while (true)
        {
            var more = await peek.MoreAsync();
            if (more != PeekOutcome.More)
            {
                return new Fault(FaultSide.Client, more switch
                {
                    PeekOutcome.TimedOut => FaultKind.PreambleTimeout,
                    PeekOutcome.Reset => FaultKind.Reset,
                    _ => peek.Bytes.IsEmpty ? FaultKind.ProxyHeaderMissing : FaultKind.ProxyHeaderInvalid,
                });
            }

            switch (ProxyHeaderReader.Read(peek.Bytes, out var length, out var header))
            {
                case ProxyHeaderOutcome.Complete:
                    peek.Take(length);
                    Believe(client, header);
                    return Fault.None;
                case ProxyHeaderOutcome.Missing:
                    return new Fault(FaultSide.Client, FaultKind.ProxyHeaderMissing);
                case ProxyHeaderOutcome.Invalid:
                    return new Fault(FaultSide.Client, FaultKind.ProxyHeaderInvalid);
            }
        }
    }

    private static void Believe(EpollConnection client, in ProxyHeader header)
    {
        client.ProxyTlvs = header.Tlvs;
        if (header.Source is not null)
        {
            client.RemoteEndPoint = header.Source;
            client.LocalEndPoint = header.Destination;
        }
    }
}
