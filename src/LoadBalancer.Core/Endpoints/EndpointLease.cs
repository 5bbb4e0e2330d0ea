using LoadBalancer.Faults;

namespace LoadBalancer.Endpoints;

/// <summary>
/// The right to use an endpoint once. Whoever took it returns it with its outcome in a <c>finally</c>, whatever
/// happened: the endpoint's load and its passive health are fed from here and from nowhere else.
/// </summary>
/// <remarks>
/// A mutable value without an allocation: keep it in one variable or one field that is not readonly, and do not copy it.
/// A second <see cref="Return"/> through the same variable does nothing; through a copy it would count twice.
/// </remarks>
public struct EndpointLease
{
    private readonly Endpoint? _endpoint;
    private bool _open;
    private bool _answered;

    internal EndpointLease(Endpoint endpoint)
    {
        _endpoint = endpoint;
        _open = true;
    }

    /// <summary>The endpoint; it stays readable after the return, for the log.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default</c>: nothing was leased.</exception>
    public readonly Endpoint Endpoint => _endpoint ?? throw new InvalidOperationException("Nothing was leased.");

    /// <summary>True from the lease to its return.</summary>
    public readonly bool IsOpen => _open;

    /// <summary>The endpoint did what it was asked for, whatever comes after; once. On the thread of the loop.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="took">How long that took: on tcp the connect, on http from the request to the first byte.</param>
    public void Answered(int loop, TimeSpan took)
    {
        if (_open && !_answered)
        {
            _answered = true;
            _endpoint!.Load.Answering(loop, took);
        }
    }

    /// <summary>
    /// Another endpoint, asked later, has answered first, and this one has said nothing yet: no failure, but so long it was waited for at least. Before
    /// the return, on the thread of the loop.
    /// </summary>
    /// <param name="loop">The loop.</param>
    /// <param name="waited">For how long, up to now.</param>
    public readonly void Outrun(int loop, TimeSpan waited)
    {
        if (_open && !_answered)
        {
            _endpoint!.Load.Waited(loop, waited);
            _endpoint.Observer?.Outrun(_endpoint);
        }
    }

    /// <summary>
    /// Gives the endpoint back. <see cref="Fault.None"/> is success; a fault of the client or of this process is no fault
    /// of the endpoint and is not held against it.
    /// </summary>
    /// <param name="outcome">How the work ended, the connect included.</param>
    /// <param name="isRepeat">True where one event ended several leases, and another one of them tells passive health of it: this one is counted only.</param>
    public void Return(Fault outcome, bool isRepeat = false)
    {
        if (_open)
        {
            _open = false;
            _endpoint!.Return(outcome, _answered, isRepeat);
        }
    }
}
