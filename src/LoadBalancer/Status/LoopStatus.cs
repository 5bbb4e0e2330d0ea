namespace LoadBalancer.Daemon.Status;

/// <summary>An event loop.</summary>
/// <param name="Loop">Its index, from 0.</param>
/// <param name="Turns">Turns since the start.</param>
/// <param name="Stalls">Turns that took too long, seen by the watchdog.</param>
internal sealed record LoopStatus(int Loop, long Turns, long Stalls);
