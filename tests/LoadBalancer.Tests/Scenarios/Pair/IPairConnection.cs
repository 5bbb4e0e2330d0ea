namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>A client's connection, in whatever protocol. Blocking, each wait bounded.</summary>
internal interface IPairConnection : IDisposable
{
    /// <summary>The instance that has answered last on it, and that has a WebSocket; null where none has.</summary>
    string? Instance { get; }

    /// <summary>Makes these calls, all of them at once, and waits for their ends. It may add what it had to ask for before, such as the agreement to a WebSocket.</summary>
    /// <returns>Why it takes no further calls: the other side has said that it ends; null where it goes on.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">It was reset, or nothing came for too long.</exception>
    /// <exception cref="EndOfStreamException">It has ended without a word.</exception>
    string? Make(List<PairCall> calls);
}
