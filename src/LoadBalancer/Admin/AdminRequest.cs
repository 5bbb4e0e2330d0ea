namespace LoadBalancer.Daemon.Admin;

/// <summary>A request for a change by a caller who may make it.</summary>
/// <param name="Query">Its parameters, each once, none that the action does not know.</param>
/// <param name="Who">Who asks, as the log names it.</param>
internal sealed record AdminRequest(IReadOnlyDictionary<string, string> Query, string Who)
{
    /// <summary>What stands behind the action's path and a slash; null for nothing.</summary>
    public string? Name { get; init; }

    /// <summary>The body; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>A parameter's value; null where it was not given or is empty.</summary>
    public string? this[string parameter] => Query.TryGetValue(parameter, out var value) && value.Length > 0 ? value : null;
}
