namespace LoadBalancer.Daemon.Upgrading;

/// <summary>
/// How upgrades went, of this process and of those that handed over to it one after the other, and what of those still runs. Thread-safe.
/// </summary>
internal sealed class UpgradeTally
{
    private long _done;
    private long _failed;
    private int _processes;
    private int _connections;

    /// <summary>How often a new process took over.</summary>
    public long Done
    {
        get => Interlocked.Read(ref _done);
        init => _done = value;
    }

    /// <summary>How often one could not.</summary>
    public long Failed
    {
        get => Interlocked.Read(ref _failed);
        init => _failed = value;
    }

    /// <summary>How many earlier processes still finish what they have.</summary>
    public int DrainingProcesses => Volatile.Read(ref _processes);

    /// <summary>The connections of their listeners, as they said a second ago at most.</summary>
    public int DrainingConnections => Volatile.Read(ref _connections);

    /// <summary>An upgrade failed.</summary>
    public void CountFailed() => Interlocked.Increment(ref _failed);

    /// <summary>What earlier processes have now.</summary>
    public void Drains(int processes, int connections)
    {
        Volatile.Write(ref _processes, processes);
        Volatile.Write(ref _connections, connections);
    }
}
