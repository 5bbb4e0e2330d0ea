using LoadBalancer.Configuration;

namespace LoadBalancer.Limits;

/// <summary>
/// A rate that is sustained, and a burst on top of it: up to B at once, and then one whenever the rate has earned it. The
/// generic cell rate algorithm (ITU-T I.371) in whole numbers, so that nothing is lost to rounding however fast or slow.
/// </summary>
/// <remarks>
/// Kept is the time at which the bucket will be full again, in units of a timestamp divided by the rate's count: one token is
/// then worth exactly one window.
/// </remarks>
internal sealed class TokenBucket(Rate rate, int burst, TimeProvider time) : Limiter
{
    private readonly long _count = rate.Count;
    private readonly long _window = (long)(rate.Window.TotalSeconds * time.TimestampFrequency);

    /// <inheritdoc/>
    public override int Cells => 2;

    /// <inheritdoc/>
    public override bool TryTake(Span<long> cells, long now)
    {
        var missing = Missing(cells, now);
        if (missing > (Int128)_window * (burst - 1))
        {
            return false;
        }

        var full = ((Int128)now * _count) + missing + _window;
        (cells[0], cells[1]) = ((long)(ulong)full, (long)(full >> 64));
        return true;
    }

    /// <inheritdoc/>
    public override double Used(ReadOnlySpan<long> cells, long now) => (double)Missing(cells, now) / ((double)_window * burst);

    /// <inheritdoc/>
    public override long Wait(ReadOnlySpan<long> cells, long now)
    {
        var over = Missing(cells, now) - ((Int128)_window * (burst - 1));
        return over <= 0 ? 0 : (long)((over + _count - 1) / _count);
    }

    private Int128 Missing(ReadOnlySpan<long> cells, long now) =>
        Int128.Max(0, new Int128((ulong)cells[1], (ulong)cells[0]) - ((Int128)now * _count));
}
