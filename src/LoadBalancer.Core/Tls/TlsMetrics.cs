using LoadBalancer.Telemetry;

namespace LoadBalancer.Tls;

/// <summary>
/// What the TLS of one listener has counted since the process started. It belongs to the listener's name and outlives reloads. Every method that
/// counts is called on the loop that it names; everything may be read from any thread.
/// </summary>
/// <param name="loops">How many loops there are.</param>
internal sealed class TlsMetrics(int loops)
{
    private const int FailedSlot = 0;
    private const int FirstDoneSlot = 1;
    private const int SlotsOfVersion = 2;

    private readonly StripedCells _counts = new(loops, FirstDoneSlot + (SlotsOfVersion * TlsVersions.Count));
    private readonly LatencyHistogram _durations = new(loops, LatencyBounds.Connect);
    private long _loaded;
    private long _refused;
    private volatile string? _refusal;

    /// <summary>Handshakes that did not end in a connection.</summary>
    public long Failed => _counts.Sum(FailedSlot);

    /// <summary>How long the handshakes took that were done, the round trips to the client included.</summary>
    public LatencySnapshot Durations => _durations.Read();

    /// <summary>Changed files that took effect.</summary>
    public long Loaded => Interlocked.Read(ref _loaded);

    /// <summary>Changed files that were no use.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Why the files as they are now are not what is in use; null where they are.</summary>
    public string? Refusal => _refusal;

    /// <summary>Handshakes that were done.</summary>
    public long Done(TlsVersion version, bool resumed) => _counts.Sum(Slot(version, resumed));

    /// <summary>Counts one that was done.</summary>
    public void CountDone(int loop, TlsVersion version, bool resumed, TimeSpan duration)
    {
        _counts.Add(loop, Slot(version, resumed));
        _durations.Record(loop, duration);
    }

    /// <summary>Counts one that failed.</summary>
    public void CountFailed(int loop) => _counts.Add(loop, FailedSlot);

    /// <summary>Changed files took effect; any thread. Others of them may still be refused.</summary>
    public void CountLoaded() => Interlocked.Increment(ref _loaded);

    /// <summary>Changed files were no use; any thread.</summary>
    public void CountRefused(string why)
    {
        Interlocked.Increment(ref _refused);
        _refusal = why;
    }

    /// <summary>The files are again what is in use.</summary>
    public void Settle() => _refusal = null;

    private static int Slot(TlsVersion version, bool resumed) => FirstDoneSlot + ((int)version * SlotsOfVersion) + (resumed ? 1 : 0);
}
