using System.Text;
using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Forwarding;

/// <summary>
/// Takes the fields out of a head that are meant for this connection alone (RFC 9110 section 7.6.1), and those that no endpoint should
/// ever see. What a client nominates is removed here, before anything of ours is added: so it can remove nothing of ours.
/// </summary>
internal static class HopByHopHeaders
{
    /// <summary>Options that a Connection field may have; each costs a look at every field.</summary>
    private const int MostOptions = 64;

    // The framing and the Connection field are written anew for every connection, from what was parsed.
    private static readonly ulong OfMessages = HeaderList.SetOf(
        KnownHeader.Connection, KnownHeader.KeepAlive, KnownHeader.ProxyConnection, KnownHeader.TransferEncoding, KnownHeader.Upgrade,
        KnownHeader.Te, KnownHeader.XContentLength);

    private static readonly ulong OfRequests = OfMessages
        | HeaderList.SetOf(KnownHeader.Http2Settings, KnownHeader.Proxy, KnownHeader.ProxyAuthorization);

    private static readonly ulong OfResponses = OfMessages | HeaderList.SetOf(KnownHeader.ProxyAuthenticate);

    /// <summary>Takes them out of a request, and names with an underscore too, which CGI and WSGI read as another field's.</summary>
    /// <param name="request">The request, parsed.</param>
    /// <param name="also">Further fields that go: see <see cref="HeaderList.SetOf"/>.</param>
    /// <param name="forwarded">True where every field whose name begins with X-Forwarded- goes too.</param>
    /// <returns><see cref="FaultKind.None"/>, or why the request is refused.</returns>
    public static FaultKind Remove(RequestHead request, ulong also, bool forwarded)
    {
        var fields = request.Fields;
        var takesTrailers = fields.MayHave(KnownHeader.Te) && HasOption(fields, KnownHeader.Te, "trailers"u8);
        if (!RemoveNominated(fields))
        {
            return FaultKind.RequestInvalid;
        }

        var removed = OfRequests | also;
        var count = fields.Count;
        for (var at = 0; at < count; at++)
        {
            ref var field = ref fields[at];
            if (field.Known != KnownHeader.Other)
            {
                field.Removed |= (removed & (1ul << (int)field.Known)) != 0;
            }
            else if (!field.Removed)
            {
                var name = fields.Name(at);
                field.Removed = name.Contains((byte)'_') || (forwarded && name.Length > 12 && (name[0] | 0x20) == 'x' && Ascii.EqualsIgnoreCase(name[..12], "x-forwarded-"u8));
            }
        }

        // The writer of the head nominates it, as RFC 9110 section 10.1.4 wants.
        if (takesTrailers)
        {
            fields.Add(KnownHeader.Te, "TE"u8, "trailers"u8);
        }

        return FaultKind.None;
    }

    /// <summary>Takes them out of a response. An endpoint that nominates without end gets what comes first.</summary>
    public static void Remove(ResponseHead response)
    {
        var fields = response.Fields;
        if (!fields.MayHaveAny(OfResponses))
        {
            return;
        }

        RemoveNominated(fields);
        var count = fields.Count;
        for (var at = 0; at < count; at++)
        {
            ref var field = ref fields[at];
            field.Removed |= (OfResponses & (1ul << (int)field.Known)) != 0;
        }
    }

    // False where there are too many. Host and the length of the body are for every recipient, so that nominating them means nothing.
    private static bool RemoveNominated(HeaderList fields)
    {
        var left = MostOptions;
        for (var at = fields.Find(KnownHeader.Connection); at >= 0; at = fields.Find(KnownHeader.Connection, at + 1))
        {
            for (var rest = fields.Value(at); FieldElements.TryNext(ref rest, out var option);)
            {
                if (left-- == 0)
                {
                    return false;
                }

                var known = KnownHeaders.Find(option);
                if (known == KnownHeader.Other)
                {
                    fields.Remove(option);
                }
                else if (known is not (KnownHeader.Connection or KnownHeader.Host or KnownHeader.ContentLength or KnownHeader.TransferEncoding))
                {
                    fields.Remove(known);
                }
            }
        }

        return true;
    }

    private static bool HasOption(HeaderList fields, KnownHeader known, ReadOnlySpan<byte> wanted)
    {
        for (var at = fields.Find(known); at >= 0; at = fields.Find(known, at + 1))
        {
            for (var rest = fields.Value(at); FieldElements.TryNext(ref rest, out var option);)
            {
                if (Ascii.EqualsIgnoreCase(option, wanted))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
