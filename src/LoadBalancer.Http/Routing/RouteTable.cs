using LoadBalancer.Faults;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Http.Routing;

/// <summary>All routes of a listener. Immutable, thread-safe.</summary>
internal sealed class RouteTable(IReadOnlyList<Route> routes)
{
    /// <summary>The routes in the order of the file.</summary>
    public IReadOnlyList<Route> Routes => routes;

    /// <summary>Sets <see cref="Exchange.Route"/> and <see cref="Exchange.Captures"/>; <see cref="FaultKind.NoRoute"/> or <see cref="FaultKind.MethodNotAllowed"/> where there is none.</summary>
    public FaultKind Match(Exchange exchange) => throw new NotImplementedException();
}
