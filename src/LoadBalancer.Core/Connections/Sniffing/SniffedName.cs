using LoadBalancer.Faults;

namespace LoadBalancer.Connections.Sniffing;

/// <summary>What a client's first bytes say of the name it wants.</summary>
/// <param name="Fault">Why there is nothing to go by; <see cref="Fault.None"/> where there is.</param>
/// <param name="IsTls">False where the client speaks something else.</param>
/// <param name="Name">The name, lower case and without a dot at the end; null where it asks for none that a host may have.</param>
internal readonly record struct SniffedName(Fault Fault, bool IsTls = false, string? Name = null);
