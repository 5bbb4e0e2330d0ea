namespace LoadBalancer.Daemon.Admin;

/// <summary>Marks a connection that came over a Unix socket: its peer is a process that the file's mode let in.</summary>
internal sealed class LocalPeer
{
    private LocalPeer()
    {
    }

    /// <summary>The mark.</summary>
    public static LocalPeer Mark { get; } = new();
}
