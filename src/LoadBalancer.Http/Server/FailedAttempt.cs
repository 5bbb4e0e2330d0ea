using LoadBalancer.Faults;

namespace LoadBalancer.Http.Server;

/// <summary>A try against an endpoint that brought no answer, or one that says that the endpoint cannot serve. Times are timestamps, 0 for never.</summary>
/// <param name="Endpoint">The address of whom was asked.</param>
/// <param name="Fault">Why it failed; <see cref="Faults.Fault.None"/> where <paramref name="Status"/> says so.</param>
/// <param name="Status">The status that came; 0 for none.</param>
/// <param name="Leased">When the endpoint was leased.</param>
/// <param name="Connected">When a connection to it was there.</param>
/// <param name="FirstByte">When the first byte of its response was there.</param>
/// <param name="Ended">When it was over.</param>
internal readonly record struct FailedAttempt(string Endpoint, Fault Fault, int Status, long Leased, long Connected, long FirstByte, long Ended);
