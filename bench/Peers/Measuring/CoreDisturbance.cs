namespace LoadBalancer.Peers.Measuring;

/// <summary>How much of a core others took during a window, as parts of its time.</summary>
/// <param name="Others">Processes of this machine that are not part of the run.</param>
/// <param name="Stolen">The hypervisor, as far as it tells.</param>
internal sealed record CoreDisturbance(double Others, double Stolen);
