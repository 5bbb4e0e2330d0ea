namespace LoadBalancer;

/// <summary>
/// One published reference: readers take <see cref="Current"/> once and keep it for the whole of their work; a writer
/// builds the next value aside and publishes it whole.
/// </summary>
/// <remarks>
/// Thread-safe. A reader never sees a half-built value (volatile read and write). There is one writer at a time by
/// convention of the owner; <see cref="Swap"/> is still atomic, so that the old value is handed to exactly one caller.
/// </remarks>
public sealed class Live<T>(T initial)
    where T : class
{
    private T _current = initial;

    /// <summary>The value published last. Read it once per piece of work and pass it down.</summary>
    public T Current => Volatile.Read(ref _current);

    /// <summary>Publishes <paramref name="next"/> and returns the value that it replaced.</summary>
    public T Swap(T next) => Interlocked.Exchange(ref _current, next);
}
