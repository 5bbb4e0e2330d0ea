namespace LoadBalancer.Telemetry;

/// <summary>
/// The log of connections: one JSON line for each that carries no requests, written when it ends (<see cref="ConnectionLine"/> has
/// the keys).
/// </summary>
/// <remarks>
/// What names a loop is called on the thread of that loop; it takes no lock, allocates nothing and never waits, see
/// <see cref="LoopLog"/>. All else is thread-safe.
/// </remarks>
/// <param name="lines">Where its lines go, among those of others.</param>
/// <param name="time">The clock of the lines.</param>
public sealed class ConnectionLog(LoopLog lines, TimeProvider time)
{
    /// <summary>Lines of refused connections that a loop writes a second: a flood fills neither the disk nor the ring that others need.</summary>
    private const int RefusalsPerSecond = 100;

    private readonly LineBudget[] _refusals = [.. Enumerable.Range(0, lines.Loops).Select(_ => new LineBudget(RefusalsPerSecond, time))];

    /// <summary>False where lines go nowhere: then a record need not be made.</summary>
    public bool Enabled => lines.Enabled;

    /// <summary>Lines of refused connections that were left out, because too many came at once.</summary>
    public long Suppressed => _refusals.Sum(budget => budget.Suppressed);

    /// <summary>
    /// True where a connection that a policy refused may have its line; else it is counted in <see cref="Suppressed"/>. Only on
    /// the thread of <paramref name="loop"/>.
    /// </summary>
    public bool MayWriteRefusal(int loop) => _refusals[loop].TryTake();

    /// <summary>Takes the line of one connection; only on the thread of <paramref name="loop"/>.</summary>
    public void Write(int loop, in ConnectionRecord record)
    {
        if (lines.Enabled)
        {
            var fits = ConnectionLine.TryFormat(record, time.GetUtcNow(), lines.Scratch(loop), out var length);
            lines.Append(loop, fits, length);
        }
    }
}
