namespace LoadBalancer.Configuration;

/// <summary>A domain name and a port: what is looked up, and what its addresses are used with.</summary>
/// <param name="Name">The name, with a dot at its end where it is not to be searched for.</param>
/// <param name="Port">1 to 65535.</param>
public readonly record struct NameWithPort(string Name, int Port)
{
    /// <summary>The form of the file: <c>orders.internal:8000</c>.</summary>
    public override string ToString() => $"{Name}:{Port}";
}
