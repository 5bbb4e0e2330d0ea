namespace LoadBalancer.Http.Server;

/// <summary>
/// A request's head: what the carrier parsed, and the canonical forms that every later step uses. The texts are slices of
/// <see cref="Fields"/>. Belongs to its exchange; touched only on its loop.
/// </summary>
internal sealed class RequestHead
{
    /// <summary>The fields, and the bytes of everything else here.</summary>
    public HeaderList Fields { get; } = new();

    /// <summary>The method.</summary>
    public RequestMethod Method { get; set; }

    /// <summary>The method as it came: a token.</summary>
    public ReadOnlySpan<byte> MethodText => MethodSlice.Of(Fields);

    /// <summary>The target as it came: origin form, absolute form, or <c>*</c> with OPTIONS.</summary>
    public ReadOnlySpan<byte> Target => TargetSlice.Of(Fields);

    /// <summary>
    /// The one canonical path, from which routing, policies, log and forwarding are made: see <see cref="Routing.CanonicalPath"/>. Begins
    /// with a slash. Set before routing; a rewrite changes <see cref="Exchange.ForwardedPath"/> and not this.
    /// </summary>
    public ReadOnlySpan<byte> Path => PathSlice.Of(Fields);

    /// <summary>What is behind the question mark, as it came; empty where there is none.</summary>
    public ReadOnlySpan<byte> Query => QuerySlice.Of(Fields);

    /// <summary>True where the target had a question mark, be it with nothing behind it.</summary>
    public bool HasQuery { get; set; }

    /// <summary>The host as it came, with its port: the Host field, or the target's authority.</summary>
    public ReadOnlySpan<byte> Authority => AuthoritySlice.Of(Fields);

    /// <summary>The host for routing: lower case, without port and without a dot at its end; an IPv6 address keeps its brackets.</summary>
    public ReadOnlySpan<byte> Host => HostSlice.Of(Fields);

    /// <summary>The version it came in.</summary>
    public ProtocolVersion Version { get; set; }

    /// <summary>How its body ends.</summary>
    public BodyFraming Framing { get; set; }

    /// <summary>The body's length in bytes, where <see cref="Framing"/> is <see cref="BodyFraming.Length"/>.</summary>
    public long ContentLength { get; set; }

    /// <summary>True where the client would use its connection again (RFC 9112 section 9.3); HTTP/2 always would.</summary>
    public bool KeepsAlive { get; set; }

    /// <summary>True where the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1).</summary>
    public bool ExpectsContinue { get; set; }

    /// <summary>True where the client wants to speak WebSocket (RFC 6455 section 4.1) from here on; any other upgrade is left out.</summary>
    public bool WantsWebSocket { get; set; }

    /// <summary>What the client says of its connection by a scheme; null where it says nothing, as with HTTP/1.1's usual target.</summary>
    public bool? ClaimsSecure { get; set; }

    /// <summary>Where <see cref="MethodText"/> is.</summary>
    public Slice MethodSlice { get; set; }

    /// <summary>Where <see cref="Target"/> is.</summary>
    public Slice TargetSlice { get; set; }

    /// <summary>Where <see cref="Path"/> is.</summary>
    public Slice PathSlice { get; set; }

    /// <summary>Where <see cref="Query"/> is.</summary>
    public Slice QuerySlice { get; set; }

    /// <summary>Where <see cref="Authority"/> is.</summary>
    public Slice AuthoritySlice { get; set; }

    /// <summary>Where <see cref="Host"/> is.</summary>
    public Slice HostSlice { get; set; }

    /// <summary>Becomes the same head.</summary>
    public void CopyFrom(RequestHead other)
    {
        Fields.CopyFrom(other.Fields);
        (Method, Version, Framing, ContentLength) = (other.Method, other.Version, other.Framing, other.ContentLength);
        (HasQuery, KeepsAlive, ExpectsContinue, WantsWebSocket) = (other.HasQuery, other.KeepsAlive, other.ExpectsContinue, other.WantsWebSocket);
        ClaimsSecure = other.ClaimsSecure;
        (MethodSlice, TargetSlice, PathSlice) = (other.MethodSlice, other.TargetSlice, other.PathSlice);
        (QuerySlice, AuthoritySlice, HostSlice) = (other.QuerySlice, other.AuthoritySlice, other.HostSlice);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Fields.Reset();
        Method = RequestMethod.Other;
        Version = ProtocolVersion.Http11;
        Framing = BodyFraming.None;
        ContentLength = 0;
        HasQuery = KeepsAlive = ExpectsContinue = WantsWebSocket = false;
        ClaimsSecure = null;
        MethodSlice = TargetSlice = PathSlice = QuerySlice = AuthoritySlice = HostSlice = default;
    }
}
