namespace LoadBalancer.Telemetry;

/// <summary>One key and value of a log line; a pair converts to it, so that <c>log.Info("listening", ("address", address))</c> reads well.</summary>
/// <param name="Key">A word in snake case, from the glossary where it has one.</param>
/// <param name="Value">Printed in the invariant culture, and quoted where it would not read as one word.</param>
public readonly record struct LogField(string Key, object? Value)
{
    /// <summary>The pair as a field.</summary>
    public static implicit operator LogField((string Key, object? Value) pair) => FromValueTuple(pair);

    /// <summary>The pair as a field.</summary>
    public static LogField FromValueTuple((string Key, object? Value) pair) => new(pair.Key, pair.Value);
}
