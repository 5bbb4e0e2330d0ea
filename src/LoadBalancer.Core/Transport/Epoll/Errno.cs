namespace LoadBalancer.Transport.Epoll;

/// <summary>The errors that the engine tells apart, as Linux numbers them on x64 and arm64 (errno(3)).</summary>
internal enum Errno
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    Interrupted = 4,
    Again = 11,
    OutOfMemory = 12,
    AccessDenied = 13,
    InvalidArgument = 22,
    TooManyFilesInSystem = 23,
    TooManyFiles = 24,
    NoSpace = 28,
    BrokenPipe = 32,
    NotImplemented = 38,
    AddressInUse = 98,
    AddressNotAvailable = 99,
    NetworkUnreachable = 101,
    ConnectionAborted = 103,
    ConnectionReset = 104,
    NoBuffers = 105,
    TimedOut = 110,
    ConnectionRefused = 111,
    HostUnreachable = 113,
    InProgress = 115,
}
