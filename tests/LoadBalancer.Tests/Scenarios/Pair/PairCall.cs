namespace LoadBalancer.Daemon.Tests.Scenarios.Pair;

/// <summary>A call of a client: a request, or a message that has to come back.</summary>
/// <param name="what">What is asked: a method, or of a WebSocket its opening or a message.</param>
internal sealed class PairCall(string what)
{
    /// <summary>A message on a WebSocket.</summary>
    public const string Message = "message";

    /// <summary>The request that opens a WebSocket.</summary>
    public const string Opening = "opening";

    /// <summary>What is asked.</summary>
    public string What => what;

    /// <summary>True where it may be made twice.</summary>
    public bool IsIdempotent => what is not "POST" and not Message;

    /// <summary>When it was sent, as a timestamp.</summary>
    public long Began { get; private set; }

    /// <summary>True from when it was sent until it is known how it ended.</summary>
    public bool IsUnderWay { get; private set; }

    /// <summary>True where the answer came, and is right.</summary>
    public bool IsServed { get; private set; }

    /// <summary>What came in place of the answer; null where nothing did.</summary>
    public string? Lost { get; private set; }

    /// <summary>It is about to be sent.</summary>
    public void Send()
    {
        Began = TimeProvider.System.GetTimestamp();
        IsUnderWay = true;
    }

    /// <summary>It was answered.</summary>
    public void Serve() => (IsUnderWay, IsServed) = (false, true);

    /// <summary>It was answered wrongly, or will not be.</summary>
    public void Lose(string seen) => (IsUnderWay, Lost) = (false, seen);

    /// <summary>The other side has said that it is not served: it is made again on another connection.</summary>
    public void LeaveOut() => IsUnderWay = false;
}
