namespace LoadBalancer.Peers.Scenarios;

/// <summary>Every scenario, in the order of a round.</summary>
internal static class ScenarioCatalog
{
    /// <summary>The plainest load, which also warms up what is measured idle.</summary>
    public static readonly TrafficScenario Messages =
        new("messages", "64 connections, 100 bytes there and back, as fast as answers come", "message") { Kind = "exchange", Connections = 64 };

    /// <param name="quick">True for a smoke run, which holds fewer idle connections.</param>
    public static IReadOnlyList<Scenario> All(bool quick) =>
    [
        Messages,
        new TrafficScenario("paced", "10,000 messages a second on 64 connections, whether answers come or not", "message")
        {
            Kind = "paced",
            Connections = 64,
            Rate = 10_000,
            HasLatency = true,
        },
        new TrafficScenario("connections", "A new connection for each exchange of 100 bytes, 64 at once", "connection")
        {
            Kind = "churn",
            Connections = 64,
            HasLatency = true,
        },
        new TrafficScenario("bulk", "8 connections that send as much as is taken", "MiB")
        {
            Kind = "bulk",
            Connections = 8,
            ToSink = true,
            CountsPerUnit = 1 << 20,
        },
        Idle(quick ? 200 : 4000),
        new StartScenario("start", "From the start of the process to its first accepted connection", "first connection"),
    ];

    private static IdleScenario Idle(int connections) =>
        new("idle", $"{connections:N0} open connections that exchanged one message and are idle", "connection", connections);
}
