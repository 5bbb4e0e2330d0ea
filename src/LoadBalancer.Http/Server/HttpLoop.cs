using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Caching;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Http.Server.Http2;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Server;

/// <summary>What HTTP keeps on one event loop, and touches only there.</summary>
internal sealed class HttpLoop
{
    /// <summary>What is kept of carriers: one for each exchange that is under way.</summary>
    private const int MostKept = 1024;

    private readonly EventLoop _loop;
    private readonly Stack<Http1Carrier> _carriers = new();
    private readonly Stack<Http2Stream> _streams = new();
    private readonly DateText _date = new();

    /// <summary>An empty one.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="rooms">The room for connections at endpoints.</param>
    /// <param name="failures">How many requests that failed it remembers.</param>
    /// <param name="loops">How many loops there are.</param>
    /// <param name="tell">Is told of connections of HTTP/2 with endpoints that are ended for an error.</param>
    public HttpLoop(EventLoop loop, ConnectionRooms rooms, int failures, int loops, Action<Http2Report> tell)
    {
        Recordings = new RecordingRoom(loops);
        _loop = loop;
        Failures = new FailureRing(failures);
        Exchanges = new ExchangePool(loop);
        Upstreams = new UpstreamPools(loop, rooms, tell);
    }

    /// <summary>Exchanges that are not in use.</summary>
    public ExchangePool Exchanges { get; }

    /// <summary>Connections to endpoints.</summary>
    public UpstreamPools Upstreams { get; }

    /// <summary>The latest requests that failed.</summary>
    public FailureRing Failures { get; }

    /// <summary>Bodies that pass and are recorded.</summary>
    public RecordingRoom Recordings { get; }

    /// <summary>Bodies that are kept to be sent again.</summary>
    public ReplayRoom Replays { get; } = new();

    /// <summary>Copies of requests that are under way, or will be when the requests have ended. They belong to no connection of a client.</summary>
    public HashSet<Exchange> Mirrored { get; } = [];

    /// <summary>Requests under way that ask anew for what is kept; no client's either.</summary>
    public HashSet<Exchange> Refreshing { get; } = [];

    /// <summary>Ends those without a client that use an endpoint that <paramref name="withdrawal"/> has taken away.</summary>
    public void StopWithdrawn(Withdrawal withdrawal, Fault fault)
    {
        // Whoever is ended goes on inline, and leaves.
        Exchange[] underWay = [.. Mirrored, .. Refreshing];
        foreach (var exchange in underWay)
        {
            if (exchange.Pending?.Uses(withdrawal) == true)
            {
                exchange.GiveUp(fault);
            }
        }
    }

    /// <summary>A carrier that knows nothing.</summary>
    public Http1Carrier RentCarrier() => _carriers.Count > 0 ? _carriers.Pop() : new Http1Carrier(_loop, _date);

    /// <summary>Takes a carrier back; nobody refers to it any more.</summary>
    public void Return(Http1Carrier carrier)
    {
        carrier.Reset();
        if (_carriers.Count < MostKept)
        {
            _carriers.Push(carrier);
        }
    }

    /// <summary>A stream that is in no use.</summary>
    public Http2Stream RentStream() => _streams.Count > 0 ? _streams.Pop() : new Http2Stream(_loop);

    /// <summary>Takes a stream back; nobody refers to it any more.</summary>
    public void Return(Http2Stream stream)
    {
        stream.Reset();
        if (_streams.Count < MostKept)
        {
            _streams.Push(stream);
        }
    }
}
