using System.Runtime.CompilerServices;
using LoadBalancer.Endpoints;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Http.Forwarding;

/// <summary>The room for connections at each endpoint, and the pools of all loops. One for the process; a room lives as long as its endpoint. Thread-safe.</summary>
internal sealed class ConnectionRooms
{
    private readonly ConditionalWeakTable<Endpoint, ConnectionRoom> _rooms = [];
    private readonly List<UpstreamPools> _pools = [];

    /// <summary>The room at <paramref name="endpoint"/>.</summary>
    public ConnectionRoom At(Endpoint endpoint) => _rooms.GetOrAdd(endpoint, static _ => new ConnectionRoom());

    /// <summary>How many loops there are.</summary>
    public int Loops => _pools.Count;

    /// <summary>Adds the pools of a loop; before any loop runs.</summary>
    public void Add(UpstreamPools pools) => _pools.Add(pools);

    /// <summary>Makes every loop but <paramref name="but"/> give up a connection to <paramref name="endpoint"/>, where it has one to spare.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="but">The loop that wants one.</param>
    /// <param name="isFurther">True where that has one already.</param>
    /// <param name="patience">How long those who want it wait at most.</param>
    public void Ask(Endpoint endpoint, UpstreamPools but, bool isFurther, TimeSpan patience)
    {
        foreach (var pools in _pools)
        {
            if (pools != but)
            {
                pools.Loop.Post(static order => ((Order)order!).Give(), new Order(pools, endpoint, isFurther, patience));
            }
        }
    }

    private sealed record Order(UpstreamPools Pools, Endpoint Endpoint, bool IsFurther, TimeSpan Patience)
    {
        public void Give() => Pools.GiveUp(Endpoint, IsFurther, Patience);
    }
}
