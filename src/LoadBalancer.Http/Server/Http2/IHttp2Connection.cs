using System.IO.Pipelines;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server.Http2;

/// <summary>A connection of HTTP/2 as its frames see it: of a client, or to an endpoint. Touched only on its loop.</summary>
internal interface IHttp2Connection
{
    /// <summary>The loop that it lives on.</summary>
    EventLoop Loop { get; }

    /// <summary>What its bytes are written to.</summary>
    PipeWriter Pipe { get; }

    /// <summary>What is sent.</summary>
    Http2Output Output { get; }

    /// <summary>What the peer may do for nothing.</summary>
    FloodGuard Guard { get; }

    /// <summary>True where nothing more is read: the connection ends.</summary>
    bool IsEnding { get; }

    /// <summary>Ends the connection because the peer breaks a rule.</summary>
    void Fail(Http2Error error);

    /// <summary>Ends the connection of a peer that floods it.</summary>
    void FailFlood();

    /// <summary>The peer has its time to take what was sent.</summary>
    void ExpectTaking();

    /// <summary>It has taken it.</summary>
    void Taken();

    /// <summary>There is room for answers again.</summary>
    void OnRoom();

    /// <summary>Nothing can be sent any more.</summary>
    void OnBroken();
}
