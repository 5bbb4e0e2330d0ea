using LoadBalancer.Faults;

namespace LoadBalancer.Upstreams;

/// <summary>
/// The leave of a circuit breaker for one attempt, given back with how the attempt ended. Where the upstream has no breaker it is
/// <c>default</c>, and nothing that is done with it does anything.
/// </summary>
/// <remarks>A mutable value like an EndpointLease: in one variable, not copied. Every call is on the attempt's loop.</remarks>
internal struct CircuitPass
{
    private readonly Circuit? _circuit;
    private readonly Circuit.Phase? _phase;
    private readonly int _round;
    private bool _open;

    // One more than the time, so that 0 is never.
    private long _answered;

    /// <summary>A pass through <paramref name="circuit"/>, for good in the phase in which it was given.</summary>
    internal CircuitPass(Circuit circuit, Circuit.Phase phase, int round)
    {
        (_circuit, _phase, _round) = (circuit, phase, round);
        _open = true;
    }

    /// <summary>True where the attempt is one of the few that decide whether the circuit closes.</summary>
    public readonly bool IsProbe => _phase is Circuit.HalfOpen;

    /// <summary>The endpoint did what it was asked for; what lasts after that may last. Counts as the success, once.</summary>
    /// <param name="loop">The attempt's loop.</param>
    /// <param name="now">The present, as a timestamp of the circuit's clock.</param>
    public void Answered(int loop, long now)
    {
        if (_open && _answered == 0)
        {
            _answered = now + 1;
            _circuit!.Succeeded(_phase!, loop, now);
        }
    }

    /// <summary>
    /// Ends the attempt. A fault of the endpoint is a failure; after an answer only while that is within the window, so that a thousand
    /// streams that end at once, since an endpoint was restarted, are not the failure of a thousand attempts. No fault is a success. A fault of
    /// the client or of this process says nothing: whoever was to probe gives the place to another.
    /// </summary>
    /// <param name="loop">The attempt's loop.</param>
    /// <param name="outcome">How it ended.</param>
    public void Return(int loop, Fault outcome)
    {
        if (!_open)
        {
            return;
        }

        if (!outcome.Failed)
        {
            Answered(loop, _answered == 0 ? _circuit!.Now : 0);
        }
        else if (outcome.IsOfEndpoint)
        {
            _circuit!.Failed(_phase!, loop, _answered == 0 ? null : _answered - 1, outcome);
        }
        else if (_answered == 0)
        {
            GiveBack();
        }

        _open = false;
    }

    /// <summary>Gives it back for an attempt that said nothing, as where no endpoint was free.</summary>
    public void GiveBack()
    {
        if (_open)
        {
            _open = false;
            (_phase as Circuit.HalfOpen)?.GiveBack(_round);
        }
    }
}
