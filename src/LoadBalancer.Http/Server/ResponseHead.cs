namespace LoadBalancer.Http.Server;

/// <summary>A response's head, be it from an endpoint or lb's own. Belongs to its exchange; touched only on its loop.</summary>
internal sealed class ResponseHead
{
    /// <summary>The fields, and the bytes of the reason phrase.</summary>
    public HeaderList Fields { get; } = new();

    /// <summary>The status, 100 to 999; 0 before there is one.</summary>
    public int Status { get; set; }

    /// <summary>The reason phrase as it came; empty where there is none, and then the standard one is sent.</summary>
    public ReadOnlySpan<byte> Reason => ReasonSlice.Of(Fields);

    /// <summary>The version it came in; HTTP/1.1 for lb's own.</summary>
    public ProtocolVersion Version { get; set; }

    /// <summary>How its body ends, for the request it answers: HEAD, 204 and 304 have none.</summary>
    public BodyFraming Framing { get; set; }

    /// <summary>
    /// The body's length in bytes where <see cref="Framing"/> is <see cref="BodyFraming.Length"/>. Where it is <see cref="BodyFraming.None"/>,
    /// in answer to HEAD or with 304, what a GET would have; -1 where that is not told.
    /// </summary>
    public long ContentLength { get; set; } = -1;

    /// <summary>True where the endpoint would use the connection again.</summary>
    public bool KeepsAlive { get; set; }

    /// <summary>Where <see cref="Reason"/> is.</summary>
    public Slice ReasonSlice { get; set; }

    /// <summary>Becomes the same head.</summary>
    public void CopyFrom(ResponseHead other)
    {
        Fields.CopyFrom(other.Fields);
        (Status, Version, Framing, ContentLength, KeepsAlive, ReasonSlice) =
            (other.Status, other.Version, other.Framing, other.ContentLength, other.KeepsAlive, other.ReasonSlice);
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Fields.Reset();
        Status = 0;
        Version = ProtocolVersion.Http11;
        Framing = BodyFraming.None;
        ContentLength = -1;
        KeepsAlive = false;
        ReasonSlice = default;
    }
}
