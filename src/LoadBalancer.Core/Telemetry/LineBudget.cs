namespace LoadBalancer.Telemetry;

/// <summary>So many lines a second and no more: what a flood may write. One writer; <see cref="Suppressed"/> may be read by anybody.</summary>
internal sealed class LineBudget(int linesPerSecond, TimeProvider time)
{
    private long _began = time.GetTimestamp();
    private int _taken;
    private long _suppressed;

    /// <summary>How often <see cref="TryTake"/> said no.</summary>
    public long Suppressed => Volatile.Read(ref _suppressed);

    /// <summary>True where the line may be written.</summary>
    public bool TryTake()
    {
        if (_taken == linesPerSecond)
        {
            var now = time.GetTimestamp();
            if (now - _began < time.TimestampFrequency)
            {
                Volatile.Write(ref _suppressed, _suppressed + 1);
                return false;
            }

            (_began, _taken) = (now, 0);
        }

        _taken++;
        return true;
    }
}
