namespace LoadBalancer.Transport.Epoll;

/// <summary>Numbers of the Linux socket interface (the same on x64 and arm64).</summary>
internal static class SocketConstants
{
    public const int FamilyUnix = 1;
    public const int FamilyIPv4 = 2;
    public const int FamilyIPv6 = 10;

    public const int TypeStream = 1;
    public const int TypeNonBlocking = 0x800;
    public const int TypeCloseOnExec = 0x80000;

    /// <summary>Messages in order, each whole or not at all.</summary>
    public const int TypeSequencedPacket = 5;

    public const int SetDescriptorFlags = 2;
    public const int GetFileFlags = 3;
    public const int SetFileFlags = 4;
    public const int DuplicateCloseOnExec = 1030;
    public const int SetPipeSize = 1031;

    public const int LevelSocket = 1;
    public const int LevelTcp = 6;
    public const int LevelIPv6 = 41;

    public const int ReuseAddress = 2;
    public const int Error = 4;
    public const int KeepAlive = 9;
    public const int Linger = 13;
    public const int ReusePort = 15;
    public const int PeerCredentials = 17;
    public const int ReceiveTimeout = 20;
    public const int SendTimeout = 21;
    public const int Rights = 1;
    public const int TcpNoDelay = 1;
    public const int TcpKeepIdle = 4;
    public const int TcpKeepInterval = 5;
    public const int TcpKeepCount = 6;
    public const int IPv6Only = 26;
    public const int Domain = 39;

    public const int MessagePeek = 0x2;
    public const int MessageNoSignal = 0x4000;
    public const int MessageCloseOnExec = 0x40000000;
    public const int MessageMore = 0x8000;

    public const int ShutdownSend = 1;

    public const uint SpliceMove = 1;
    public const uint SpliceNonBlocking = 2;

    /// <summary>The largest sockaddr (sockaddr_un is 110 bytes), rounded up.</summary>
    public const int AddressBytes = 128;
}
