using System.IO.Pipelines;

namespace LoadBalancer.Http.Server;

/// <summary>
/// The way back to the client of one exchange: HTTP/1.1 on a connection, or a stream of HTTP/2. Touched only on its loop.
/// </summary>
internal abstract class ResponseCarrier
{
    /// <summary>True once a final head was written: then another response is impossible.</summary>
    public bool HasStarted { get; protected set; }

    /// <summary>When what has no end of its own is to end, because the client's connection is drained; null where it is not.</summary>
    public virtual TimeSpan? EndsAfter => null;

    /// <summary>False where nobody has a use for the body of the response, which need not be read then; after <see cref="Start"/>.</summary>
    public virtual bool TakesBody => true;

    /// <summary>The body of the response; after <see cref="Start"/>.</summary>
    public abstract BodyWriter Body { get; }

    /// <summary>
    /// Writes an interim response (1xx, not 101) and sends it; a client of HTTP/1.0 gets none (RFC 9110 section 15.2). False where the client is gone.
    /// </summary>
    public abstract ValueTask<bool> SendInterimAsync(ResponseHead head);

    /// <summary>Writes the head of <see cref="Exchange.Response"/>, without sending it yet: the first bytes of the body go with it.</summary>
    public abstract void Start(Exchange exchange);

    /// <summary>After <see cref="Start"/> with a status of 101: the connection as it is, the bytes that came behind the request first. Null where the carrier has no such thing.</summary>
    public abstract IDuplexPipe? TakeOver();

    /// <summary>Somebody waits for bytes of the request's body from here on: the client has its time for them.</summary>
    public abstract void ExpectBody();

    /// <summary>They came: nobody waits for the client to send anything any more.</summary>
    public abstract void BodyCame();

    /// <summary>The client's bytes are taken slowly from here on, which is not to hold up others on its connection.</summary>
    public virtual void StandAside()
    {
    }

    /// <summary>Somebody waits for the client to take bytes of the response from here on: it has its time for them.</summary>
    public abstract void ExpectTaking();

    /// <summary>Nobody waits for the client to take anything any more.</summary>
    public abstract void Taken();

    /// <summary>By its own will the client has let a request be sent that it had no time for: it counts as one that it takes back. After it was told so.</summary>
    public virtual void EndedEarly()
    {
    }

    /// <summary>Breaks the response off, so that the client can tell that it is not whole.</summary>
    public abstract void Abort();

    /// <summary>After <see cref="TakeOver"/>: ends the client's connection at once, whatever is read or written on it.</summary>
    public abstract void Break();
}
