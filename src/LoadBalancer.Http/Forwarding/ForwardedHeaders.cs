using System.Net;
using System.Text;
using LoadBalancer.Addresses;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Says who the client is, and writes that into the request: X-Forwarded-For, -Proto, -Host and -Port, X-Real-IP, Forwarded, Via,
/// X-Request-Id and traceparent. Once for each exchange, before its route is known. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <code>
///   fields ─► (1) hop-by-hop and nominated ones go; from a peer that is not trusted, whatever speaks of the client too
///          ─► (2) the client: the peer, or the first address from the right that is not a trusted proxy's
///          ─► (3) ours are added: what a trusted proxy said is kept and carried on, each field once
/// </code>
/// All of it comes before the policies: what the file's request_headers set or remove has the last word. Forwarded (RFC 7239) is carried
/// on where a trusted proxy began it, and not begun here: it would say what the other fields say, in each request again.
/// </remarks>
/// <param name="trusted">Whose word about the client is believed: <c>trusted_proxies</c>.</param>
internal sealed class ForwardedHeaders(IpSet trusted)
{
    /// <summary>Hops that a chain of proxies may have; what lies further back is dropped.</summary>
    public const int MostHops = 50;

    /// <summary>The longest text of an address, with brackets.</summary>
    private const int LongestAddress = 64;

    /// <summary>An element of Forwarded that is ours, at most: the address and a host name.</summary>
    private const int LongestElement = 512;

    // What a client could say of itself. X-Forwarded-* of any other name goes with them.
    private static readonly ulong OfClients = HeaderList.SetOf(
        KnownHeader.Forwarded, KnownHeader.XForwardedFor, KnownHeader.XForwardedHost, KnownHeader.XForwardedPort, KnownHeader.XForwardedPrefix,
        KnownHeader.XForwardedProto, KnownHeader.XForwardedServer, KnownHeader.XOriginalUrl, KnownHeader.XRealIp, KnownHeader.XRequestId, KnownHeader.XRewriteUrl);

    /// <summary>Sets who the client is and edits the request's fields.</summary>
    /// <returns><see cref="FaultKind.None"/>, or why the request is refused.</returns>
    public FaultKind Identify(Exchange exchange)
    {
        var request = exchange.Request;
        var peer = (exchange.Peer as IPEndPoint)?.Address;
        var isTrusted = peer is not null && !trusted.IsEmpty && trusted.Contains(peer);
        exchange.ClientAddress = peer;
        exchange.IsClientSecure = exchange.IsSecure;

        // :: (1)
        var fault = HopByHopHeaders.Remove(request, isTrusted ? 0 : OfClients, forwarded: !isTrusted);
        if (fault != FaultKind.None)
        {
            return fault;
        }

        // A proxy in front may have taken the encryption off; nobody else says https in the clear, or http within TLS.
        if (!isTrusted && request.ClaimsSecure is { } secure && secure != exchange.IsSecure)
        {
            return FaultKind.RequestInvalid;
        }

        // :: (2) and (3)
        if (isTrusted && request.Fields.MayHaveAny(OfClients))
        {
            Continue(exchange, peer!);
        }
        else
        {
            Begin(exchange, peer);
        }

        AddVia(request);
        TraceContext.Continue(request.Fields, exchange.Ids, exchange.RequestId);
        return FaultKind.None;
    }

    /// <summary>The text of an address, an IPv4 address in IPv6's dress without it, and without a scope.</summary>
    /// <returns>How long it is.</returns>
    internal static int Write(IPAddress address, Span<byte> text)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6 && address.TryWriteBytes(bytes, out _))
        {
            var used = 0;
            for (var at = 12; at < 16; at++)
            {
                bytes[at].TryFormat(text[used..], out var digits);
                used += digits;
                text[used++] = (byte)'.';
            }

            return used - 1;
        }

        address.TryFormat(text, out var length);
        return text[..length].IndexOf((byte)'%') is var scope and >= 0 ? scope : length;
    }

    // Nobody spoke before us: the peer is the client.
    private static void Begin(Exchange exchange, IPAddress? peer)
    {
        var fields = exchange.Request.Fields;
        if (peer is not null)
        {
            Span<byte> buffer = stackalloc byte[LongestAddress];
            var text = buffer[..Write(peer, buffer)];
            fields.AddOwn(KnownHeader.XForwardedFor, "X-Forwarded-For"u8, text);
            fields.AddOwn(KnownHeader.XRealIp, "X-Real-IP"u8, text);
        }

        AddProto(exchange);
        AddPort(exchange, default);
        if (exchange.Request.AuthoritySlice.Length > 0)
        {
            fields.AddOwn(KnownHeader.XForwardedHost, "X-Forwarded-Host"u8, exchange.Request.Authority);
        }

        AddNewId(exchange);
    }

    // A trusted proxy speaks.
    private void Continue(Exchange exchange, IPAddress peer)
    {
        var fields = exchange.Request.Fields;
        Span<Slice> hops = stackalloc Slice[MostHops];
        Span<byte> peerBuffer = stackalloc byte[LongestAddress];
        var peerText = peerBuffer[..Write(peer, peerBuffer)];

        // Which hop back the client is: the same place in the other lists is about the same hop.
        var back = 0;
        var chain = fields.Joined(KnownHeader.XForwardedFor);
        var forwarded = fields.Joined(KnownHeader.Forwarded);
        var client = chain.Length > 0 ? FindClient(exchange, chain.Of(fields), hops, isForwarded: false, peer, out back) : null;
        var forwardedBack = 0;
        var named = forwarded.Length > 0 ? FindClient(exchange, forwarded.Of(fields), hops, isForwarded: true, peer, out forwardedBack) : null;

        // A proxy that keeps one of them and passes the other on as its client wrote it makes them differ: the usual one is believed then.
        var carriesForwarded = named is not null && (client is null || client.Equals(named));
        if (client is null && carriesForwarded)
        {
            back = forwardedBack;
        }

        exchange.ClientAddress = client ?? (carriesForwarded ? named : peer);
        exchange.IsClientSecure = Scheme(exchange, hops, back, carriesForwarded ? forwarded : default) ?? exchange.IsSecure;
        var host = Element(fields, KnownHeader.XForwardedHost, hops, back);
        if (host.Length == 0 || !HostText.IsHost(host.Of(fields)))
        {
            host = exchange.Request.AuthoritySlice;
        }

        AddChain(exchange, chain, hops, peerText);
        if (carriesForwarded)
        {
            AddForwarded(exchange, forwarded, hops, peerText);
        }
        else
        {
            fields.Remove(KnownHeader.Forwarded);
        }

        AddProto(exchange);
        AddPort(exchange, Element(fields, KnownHeader.XForwardedPort, hops, back));
        fields.Remove(KnownHeader.XForwardedHost);
        if (host.Length > 0)
        {
            fields.AddOwn(KnownHeader.XForwardedHost, "X-Forwarded-Host"u8, host.Of(fields));
        }

        KeepOne(fields, KnownHeader.XForwardedPrefix);
        KeepOne(fields, KnownHeader.XForwardedServer);
        KeepOne(fields, KnownHeader.XOriginalUrl);
        KeepOne(fields, KnownHeader.XRewriteUrl);
        KeepId(exchange);
    }

    /// <summary>The first address from the right that is no trusted proxy's; the last good one where something else than an address comes before that.</summary>
    private IPAddress FindClient(Exchange exchange, ReadOnlySpan<byte> list, Span<Slice> hops, bool isForwarded, IPAddress peer, out int back)
    {
        back = 0;
        var client = peer;
        var count = FieldElements.TakeLast(list, hops, quotes: isForwarded);
        for (var at = 0; at < count; at++)
        {
            var node = list.Slice(hops[at].Start, hops[at].Length);
            if (isForwarded && !ForwardedElement.TryGet(node, "for"u8, out node))
            {
                break;
            }

            if (!exchange.Addresses.TryParse(HostText.WithoutPort(node), out var address))
            {
                break;
            }

            client = address;
            back = at;
            if (!trusted.Contains(address))
            {
                break;
            }
        }

        return client;
    }

    private static bool? Scheme(Exchange exchange, Span<Slice> hops, int back, Slice forwarded)
    {
        var fields = exchange.Request.Fields;
        var proto = Element(fields, KnownHeader.XForwardedProto, hops, back).Of(fields);
        if (proto.Length == 0 && forwarded.Length > 0)
        {
            var list = forwarded.Of(fields);
            if (back < FieldElements.TakeLast(list, hops, quotes: true))
            {
                ForwardedElement.TryGet(list.Slice(hops[back].Start, hops[back].Length), "proto"u8, out proto);
            }
        }

        return Ascii.EqualsIgnoreCase(proto, "https"u8) || Ascii.EqualsIgnoreCase(proto, "wss"u8) ? true
            : Ascii.EqualsIgnoreCase(proto, "http"u8) || Ascii.EqualsIgnoreCase(proto, "ws"u8) ? false
            : null;
    }

    /// <summary>The element that is about the client's hop: proxies that keep one value for the whole chain have one element.</summary>
    private static Slice Element(HeaderList fields, KnownHeader known, Span<Slice> hops, int back)
    {
        var list = fields.Joined(known);
        var count = FieldElements.TakeLast(list.Of(fields), hops);
        if (count == 0)
        {
            return default;
        }

        var element = hops[Math.Min(back, count - 1)];
        return new Slice(list.Start + element.Start, element.Length);
    }

    private static void AddChain(Exchange exchange, Slice chain, Span<Slice> hops, ReadOnlySpan<byte> peer)
    {
        var fields = exchange.Request.Fields;
        fields.Remove(KnownHeader.XForwardedFor);
        fields.Remove(KnownHeader.XRealIp);
        Span<byte> buffer = stackalloc byte[LongestAddress];
        var client = buffer[..Write(exchange.ClientAddress!, buffer)];
        scoped var list = chain.Of(fields);
        if (list.Length > 0)
        {
            // One less than we may read: the next one who counts finds ours among them.
            var count = FieldElements.TakeLast(list, hops[..(MostHops - 1)]);
            list = count > 0 ? list[hops[count - 1].Start..(hops[0].Start + hops[0].Length)] : default;
        }
        else if (!client.SequenceEqual(peer))
        {
            list = client;
        }

        fields.BeginField("X-Forwarded-For"u8);
        if (list.Length > 0)
        {
            fields.Append(list);
            fields.Append(", "u8);
        }

        fields.Append(peer);
        fields.EndField(KnownHeader.XForwardedFor);
        fields.AddOwn(KnownHeader.XRealIp, "X-Real-IP"u8, client);
    }

    private static void AddForwarded(Exchange exchange, Slice forwarded, Span<Slice> hops, ReadOnlySpan<byte> peer)
    {
        var fields = exchange.Request.Fields;
        fields.Remove(KnownHeader.Forwarded);
        var list = forwarded.Of(fields);
        var count = FieldElements.TakeLast(list, hops[..(MostHops - 1)], quotes: true);
        fields.BeginField("Forwarded"u8);
        if (count > 0)
        {
            fields.Append(list[hops[count - 1].Start..(hops[0].Start + hops[0].Length)]);
            fields.Append(", "u8);
        }

        Span<byte> element = stackalloc byte[LongestElement];
        fields.Append(element[..ForwardedElement.Write(peer, exchange.IsSecure, exchange.Request.Authority, element)]);
        fields.EndField(KnownHeader.Forwarded);
    }

    private static void AddProto(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        fields.Remove(KnownHeader.XForwardedProto);
        fields.AddOwn(KnownHeader.XForwardedProto, "X-Forwarded-Proto"u8, exchange.IsClientSecure ? "https"u8 : "http"u8);
    }

    private static void AddPort(Exchange exchange, Slice said)
    {
        var fields = exchange.Request.Fields;
        scoped var port = said.Of(fields);
        fields.Remove(KnownHeader.XForwardedPort);
        Span<byte> own = stackalloc byte[8];
        if (port.Length is 0 or > 5 || port.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            if (exchange.Local is not IPEndPoint local)
            {
                return;
            }

            local.Port.TryFormat(own, out var length);
            port = own[..length];
        }

        fields.AddOwn(KnownHeader.XForwardedPort, "X-Forwarded-Port"u8, port);
    }

    private static void AddVia(RequestHead request) =>
        request.Fields.AddOwn(KnownHeader.Via, "Via"u8, Pseudonym(request.Version));

    /// <summary>Our element of Via (RFC 9110 section 7.6.3): how the message was received, and by whom.</summary>
    internal static ReadOnlySpan<byte> Pseudonym(ProtocolVersion version) => version switch
    {
        ProtocolVersion.Http10 => "1.0 lb"u8,
        ProtocolVersion.Http11 => "1.1 lb"u8,
        _ => "2.0 lb"u8,
    };

    private static void KeepOne(HeaderList fields, KnownHeader known)
    {
        if (fields.Find(known) is var first and >= 0 && fields.Find(known, first + 1) >= 0)
        {
            // Two of them are no proxy's doing, and each endpoint would choose differently.
            fields.Remove(known);
        }
    }

    private static void KeepId(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        var at = fields.Find(KnownHeader.XRequestId);
        if (at >= 0 && fields.Find(KnownHeader.XRequestId, at + 1) < 0 && RequestIdText.IsId(fields.Value(at)))
        {
            exchange.RequestIdSlice = new Slice(fields[at].ValueStart, fields[at].ValueLength);
            return;
        }

        fields.Remove(KnownHeader.XRequestId);
        AddNewId(exchange);
    }

    private static void AddNewId(Exchange exchange)
    {
        var fields = exchange.Request.Fields;
        Span<byte> id = stackalloc byte[RequestIds.Length];
        exchange.Ids.Write(id);
        fields.AddOwn(KnownHeader.XRequestId, "X-Request-Id"u8, id);
        ref var field = ref fields[fields.Count - 1];
        exchange.RequestIdSlice = new Slice(field.ValueStart, field.ValueLength);
    }
}
