using LoadBalancer.Endpoints;

namespace LoadBalancer.Balancing;

/// <summary>The table of an upstream without an available endpoint.</summary>
internal sealed class EmptyBalancer : Balancer
{
    private EmptyBalancer()
    {
    }

    /// <summary>The only one.</summary>
    public static EmptyBalancer Instance { get; } = new();

    /// <inheritdoc/>
    public override Endpoint? Pick(in PickContext context) => null;
}
