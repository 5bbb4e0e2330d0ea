namespace LoadBalancer.Http.Server.Http2;

/// <summary>
/// What one client may make lb do without asking for anything: frames that cost it nothing and are answered, or thrown away, and requests
/// that it takes back. Two budgets that fill by and by; whoever empties one is told to calm down, and its connection ends. Touched only on its loop.
/// </summary>
/// <remarks>
/// Counted where frames are read, so that none is free: PING and SETTINGS, whose answers are work; PRIORITY and unknown frames; empty DATA and
/// CONTINUATION with next to nothing; updates of windows beyond those that data calls for. A peer may give credit as often as it likes to read:
/// Go's does with each read of 4 KiB, for the stream and for the connection. So data that is sent earns updates by its bytes, in an account of
/// their own, which holds them until the peer has read: a frame of 16 KiB is worth more updates than anybody sends, and costs more than they do.
/// Streams that end early have a budget of their own, whoever resets them: rapid reset (CVE-2023-44487) and MadeYouReset (CVE-2025-8671). It is
/// never below what a client may open that has not read our settings yet, and is refused for that.
/// </remarks>
/// <param name="nowMs">The loop's time.</param>
/// <param name="streams">Streams that the client may have at once.</param>
internal sealed class FloodGuard(long nowMs, int streams)
{
    /// <summary>Frames that may come at once.</summary>
    private const int MostFrames = 2_000;

    /// <summary>Frames that may come in a second, on average.</summary>
    private const int FramesPerSecond = 500;

    /// <summary>How few bytes of data a peer may take for one update of a window.</summary>
    private const int BytesPerUpdate = 512;

    /// <summary>Updates that are held for a peer which takes its time: those of 64 MiB.</summary>
    private const int MostUpdates = 64 * 1024 * 1024 / BytesPerUpdate;

    /// <summary>Streams that clients open before they know how many they may, which RFC 9113 section 6.5.2 leaves to them and most have as 100.</summary>
    private const int LeastStreams = 100;

    private readonly int _streams = Math.Max(streams, LeastStreams);
    private int _frames = MostFrames;
    private int _updates;
    private int _resets = 2 * Math.Max(streams, LeastStreams);
    private long _filledMs = nowMs;

    /// <summary>Counts a frame that asks for nothing, as <paramref name="cost"/> of them.</summary>
    /// <returns>False where it is one too many.</returns>
    public bool Take(long nowMs, int cost = 1)
    {
        _frames -= cost;
        return _frames >= 0 || Fill(nowMs);
    }

    /// <summary>Counts a stream that ended before it was answered.</summary>
    /// <returns>False where it is one too many.</returns>
    public bool TakeReset(long nowMs)
    {
        _resets--;
        return _resets >= 0 || Fill(nowMs);
    }

    /// <summary>Something was done for the client that it may well answer with <paramref name="frames"/> frames.</summary>
    public void Earn(int frames) => _frames = Math.Min(_frames + frames, MostFrames);

    /// <summary>A frame of data was sent, which the peer will answer with updates of its windows.</summary>
    public void Sent(int bytes) => _updates = Math.Min(_updates + 2 + (bytes / BytesPerUpdate), MostUpdates);

    /// <summary>Counts an update of a window: one that data calls for costs nothing.</summary>
    /// <returns>False where it is one too many.</returns>
    public bool TakeUpdate(long nowMs)
    {
        if (_updates == 0)
        {
            return Take(nowMs);
        }

        _updates--;
        return true;
    }

    // Only looked at where a budget is empty: then what has come in since the last time is added.
    private bool Fill(long nowMs)
    {
        var elapsed = nowMs - _filledMs;
        _filledMs = nowMs;
        _frames = (int)Math.Min(_frames + (elapsed * FramesPerSecond / 1000), MostFrames);
        _resets = (int)Math.Min(_resets + (elapsed * _streams / 1000), 2 * _streams);
        return _frames >= 0 && _resets >= 0;
    }
}
