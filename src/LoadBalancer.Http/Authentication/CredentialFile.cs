namespace LoadBalancer.Http.Authentication;

/// <summary>
/// A file of keys or passwords that a provider reads besides lb.yaml, and reads again when it changes. A new one that is no use changes nothing,
/// and is told of. Thread-safe, where one at a time refreshes.
/// </summary>
/// <param name="path">Where it is.</param>
/// <param name="time">Says when it was read.</param>
internal abstract class CredentialFile(string path, TimeProvider time)
{
    private volatile string? _refusal;
    private long _loadedTicks;

    /// <summary>Where it is.</summary>
    public string Path => path;

    /// <summary>How many keys or users it has.</summary>
    public abstract int Entries { get; }

    /// <summary>Why what is there now is no use, so that what was read before stays; null where it is in use.</summary>
    public string? Refusal => _refusal;

    /// <summary>When what is in use was read.</summary>
    public DateTimeOffset LoadedAt => new(Volatile.Read(ref _loadedTicks), TimeSpan.Zero);

    /// <summary>Reads it again; not on a loop.</summary>
    /// <returns>True where something has changed since: <see cref="Refusal"/> says whether for the better.</returns>
    public abstract bool Refresh();

    /// <summary>Notes that what was read is in use.</summary>
    protected void Accept()
    {
        Volatile.Write(ref _loadedTicks, time.GetUtcNow().UtcTicks);
        _refusal = null;
    }

    /// <summary>Notes that what is there is no use; true where that is news.</summary>
    protected bool Refuse(string why)
    {
        // The file is looked at with every change of its folder.
        var isNews = why != _refusal;
        _refusal = why;
        return isNews;
    }
}
