using LoadBalancer.Endpoints;
using LoadBalancer.Faults;
using LoadBalancer.Http.Forwarding.Http2;
using LoadBalancer.Http.Server;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>What an exchange holds while it is forwarded: a lease, and the wait, connect or connection at hand. Pooled with its exchange.</summary>
internal sealed class ForwardWork : PendingWork
{
    private Fault _gaveUp;
    private ValueTask<bool> _upload;

    /// <summary>The right to use the endpoint.</summary>
    public EndpointLease Lease;

    /// <summary>The wait for room at an endpoint.</summary>
    public LeaseWait? Waiting { get; set; }

    /// <summary>The connect under way.</summary>
    public ConnectAttempt? Connecting { get; set; }

    /// <summary>The wait for a stream of HTTP/2 to an endpoint.</summary>
    public Http2SessionWait? Opening { get; set; }

    /// <summary>The socket on which TLS is being agreed on.</summary>
    public EpollSocket? Shaking { get; set; }

    /// <summary>The connection or stream in use.</summary>
    public AttemptCarrier? Connection { get; set; }

    /// <summary>The endpoints that failed already.</summary>
    public Endpoint[] Tried { get; set; } = [];

    /// <summary>True where it was sent again.</summary>
    public bool HasAskedAgain { get; set; }

    /// <summary>Why it was given up; <see cref="Fault.None"/> where it was not.</summary>
    public Fault GaveUp => _gaveUp;

    /// <summary>True while the request's body is being sent, or was and nobody has asked how it ended.</summary>
    public bool HasUpload { get; private set; }

    /// <summary>True where the upload has ended, whichever way.</summary>
    public bool UploadHasEnded => _upload.IsCompleted;

    /// <summary>True while the client waits for the endpoint's 100 before it sends the body.</summary>
    public bool AwaitsContinue { get; set; }

    /// <summary>True while the client is waited for, for more of the body.</summary>
    public bool AwaitsBody { get; set; }

    /// <summary>True once the head of the response is there.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>True where the response does not wait for the rest of the request's body, so that the endpoint will hardly read it.</summary>
    public bool IsEarly { get; set; }

    /// <summary>True where nobody wants the rest of the request's body any more.</summary>
    public bool StopsUpload { get; set; }

    /// <inheritdoc/>
    public override bool TakesBody => HasUpload && !UploadHasEnded && !IsEarly && !AwaitsContinue;

    /// <summary>The request's body is being sent.</summary>
    public void BeginUpload(ValueTask<bool> upload)
    {
        HasUpload = true;
        _upload = upload;
    }

    /// <summary>Waits for the end of the request's body, or of the attempt to send it.</summary>
    /// <returns>True where all of it was sent.</returns>
    public ValueTask<bool> EndUploadAsync()
    {
        if (!HasUpload)
        {
            return new(true);
        }

        HasUpload = false;
        return _upload;
    }

    /// <summary>Begins for another exchange.</summary>
    public void Begin()
    {
        _gaveUp = default;
        Lease = default;
        Tried = [];
        Waiting = null;
        Connecting = null;
        Opening = null;
        Shaking = null;
        Connection = null;
        AwaitsContinue = AwaitsBody = IsAnswered = IsEarly = StopsUpload = HasAskedAgain = false;
    }

    /// <inheritdoc/>
    public override void GiveUp(Fault fault)
    {
        if (_gaveUp.Failed)
        {
            return;
        }

        _gaveUp = fault;
        Waiting?.GiveUp(fault);
        Connecting?.GiveUp();
        Opening?.GiveUp(fault);
        Shaking?.Reset();
        Connection?.Abort();
    }
}
