using System.IO.Pipelines;
using LoadBalancer.Connections.ProxyProtocol;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>The PROXY header before a request, on a connection that serves only its client.</summary>
internal static class ProxyPreamble
{
    /// <summary>Writes it: who the client is, as the proxies that are trusted say.</summary>
    public static void Write(PipeWriter output, ProxyVersion version, Exchange exchange)
    {
        var header = Write(version, exchange);
        header.CopyTo(output.GetSpan(header.Length));
        output.Advance(header.Length);
    }

    /// <summary>The same in the loop's scratch buffer.</summary>
    public static ReadOnlySpan<byte> Write(ProxyVersion version, Exchange exchange)
    {
        var scratch = exchange.Loop.Scratch;
        return scratch.AsSpan(0, ProxyHeaderWriter.Write(version, exchange.Peer, exchange.Local, null, scratch));
    }
}
