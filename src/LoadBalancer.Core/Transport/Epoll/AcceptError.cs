namespace LoadBalancer.Transport.Epoll;

/// <summary>What an error of accept(2) is about: the one connection that it was to give, or accepting as such.</summary>
internal static class AcceptError
{
    /// <summary>
    /// True where only the connection at the head of the queue is lost and the next may be fine: its client is gone
    /// already, a firewall forbids it, or Linux passes on a network error of its own (accept(2), "Error handling").
    /// </summary>
    public static bool IsOfOneConnection(Errno error) => error is
        Errno.ConnectionAborted or Errno.Interrupted or Errno.NotPermitted or Errno.Protocol or Errno.ProtocolNotAvailable
        or Errno.NotSupported or Errno.NetworkDown or Errno.NetworkUnreachable or Errno.NoNetwork or Errno.HostDown or Errno.HostUnreachable;

    /// <summary>Why accepting pauses before anything has run out.</summary>
    public const string TooManyClients = "all listeners together have as many connections as the limit of open files allows; raise LimitNOFILE";

    /// <summary>Why accepting pauses, and what to do where something can be done.</summary>
    public static string Explain(Errno error) => error switch
    {
        Errno.TooManyFiles => "this process has nearly as many descriptors open as it may; raise LimitNOFILE",
        Errno.TooManyFilesInSystem => "the system has as many descriptors open as it can (fs.file-max)",
        Errno.NoBuffers or Errno.OutOfMemory => "the kernel ran out of memory for sockets",
        Errno.NoSpace => "this user watches as many descriptors as it may (fs.epoll.max_user_watches)",
        _ => $"accept failed ({error})",
    };
}
