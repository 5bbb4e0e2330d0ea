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

    /// <summary>Adds the pools of a loop; before any loop runs.</summary>
    public void Add(UpstreamPools pools) => _pools.Add(pools);

    /// <summary>Makes every loop but <paramref name="but"/> give up a connection to <paramref name="endpoint"/>, where it has one to spare.</summary>
    public void Ask(Endpoint endpoint, UpstreamPools but)
    {
        foreach (var pools in _pools)
        {
            if (pools != but)
            {
                pools.Loop.Post(static order => ((Order)order!).Pools.GiveUp(((Order)order).Endpoint), new Order(pools, endpoint));
            }
        }
    }

    private sealed record Order(UpstreamPools Pools, Endpoint Endpoint);
}
