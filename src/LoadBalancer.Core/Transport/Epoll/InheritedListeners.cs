namespace LoadBalancer.Transport.Epoll;

/// <summary>
/// Listening sockets that another process has bound and handed over, by a name that both know. Whoever wants one takes it as a listener,
/// which accepts from <see cref="Open"/> on: until then the connections are the other process's. Not thread-safe.
/// </summary>
internal sealed class InheritedListeners
{
    private readonly Dictionary<string, List<int>> _descriptors = new(StringComparer.Ordinal);
    private readonly List<EpollListener> _taken = [];
    private bool _isOpen;

    /// <summary>Adds sockets that listen at one address: all of a group, in one call or several.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="descriptors">Owned from here on.</param>
    public void Add(string name, IEnumerable<int> descriptors)
    {
        if (!_descriptors.TryGetValue(name, out var known))
        {
            known = _descriptors[name] = [];
        }

        known.AddRange(descriptors);
    }

    /// <summary>The sockets of that name as a listener; null where there is none.</summary>
    /// <param name="name">The name.</param>
    /// <param name="loops">The loops that accept.</param>
    /// <param name="sink">Who takes the connections.</param>
    /// <param name="ownsFile">False where the file of a Unix socket is somebody else's, and stays.</param>
    /// <exception cref="IOException">They do not listen.</exception>
    public EpollListener? Take(string name, ReadOnlySpan<EventLoop> loops, IConnectionSink sink, bool ownsFile = true)
    {
        if (!_descriptors.Remove(name, out var descriptors))
        {
            return null;
        }

        var listener = EpollListener.Inherit(loops, [.. descriptors], sink, ownsFile, held: !_isOpen);
        _taken.Add(listener);
        return listener;
    }

    /// <summary>Lets those that were taken accept, and closes the others.</summary>
    public void Open()
    {
        _isOpen = true;
        _taken.ForEach(listener => listener.Release());
        _taken.Clear();
        foreach (var descriptors in _descriptors.Values)
        {
            descriptors.ForEach(descriptor => Libc.Close(descriptor));
        }

        _descriptors.Clear();
    }
}
