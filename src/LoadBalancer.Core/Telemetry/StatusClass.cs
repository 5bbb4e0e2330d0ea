namespace LoadBalancer.Telemetry;

/// <summary>The hundreds of a status of HTTP, as metrics count it.</summary>
internal static class StatusClass
{
    /// <summary>Their names in metrics, <c>1xx</c> to <c>5xx</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["1xx", "2xx", "3xx", "4xx", "5xx"];

    /// <summary>The index of the class in <see cref="Names"/>; a status that has none counts as an error of the server's.</summary>
    public static int Of(int status) => (uint)(status - 100) < 500 ? (status / 100) - 1 : 4;
}
