namespace LoadBalancer.Http.Authentication;

/// <summary>
/// Questions under way to an issuer or check service: who asks the same while one is under way gets its answer, and no more than so many are under way at
/// once, so that a service which does not answer costs a bounded number of connections. Thread-safe.
/// </summary>
/// <remarks>Rule zero: a lock, held to look at a table. What asks here waits for another machine afterwards.</remarks>
/// <typeparam name="T">The answer.</typeparam>
/// <param name="most">How many may be under way.</param>
internal sealed class Flights<T>(int most)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<T>> _underWay = new(StringComparer.Ordinal);

    /// <summary>The answer to a question; null where too many are under way. On the thread pool, whoever asks.</summary>
    /// <param name="question">All that the answer depends on; it is compared whole.</param>
    /// <param name="ask">Asks it.</param>
    public Task<T>? Join(string question, Func<Task<T>> ask)
    {
        lock (_lock)
        {
            if (_underWay.TryGetValue(question, out var other))
            {
                return other;
            }

            return _underWay.Count >= most ? null : _underWay[question] = FlyAsync(question, ask);
        }
    }

    private async Task<T> FlyAsync(string question, Func<Task<T>> ask)
    {
        // It must not end before it is in the table.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await ask();
        }
        finally
        {
            lock (_lock)
            {
                _underWay.Remove(question);
            }
        }
    }
}
