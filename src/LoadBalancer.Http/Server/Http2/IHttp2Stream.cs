using LoadBalancer.Http.Server.Http2.Hpack;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>A stream of HTTP/2 as its connection and its bodies see it: of a client's request, or of one to an endpoint. Touched only on its loop.</summary>
internal interface IHttp2Stream
{
    /// <summary>Its number on the connection.</summary>
    int Id { get; }

    /// <summary>True once one of the two sides has reset it: nothing is sent on it any more.</summary>
    bool IsReset { get; }

    /// <summary>What its connection sends.</summary>
    Http2Output Output { get; }

    /// <summary>What the peer sends.</summary>
    Http2BodyReader Reader { get; }

    /// <summary>What it is sent.</summary>
    Http2BodyWriter Writer { get; }

    /// <summary>The fields of the head that it is sent.</summary>
    HeaderList HeadFields { get; }

    /// <summary>The head is about to be written: from here on the stream has a number.</summary>
    void Number();

    /// <summary>Writes the block of that head; gives its length.</summary>
    int WriteHead(HpackEncoder encoder, Span<byte> room);
}
