using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Results;

/// <summary>
/// The fast speed of the proxy's core in a run, and which pieces ran at it. A core of a shared host slows down by up to 1.8 × for
/// seconds, when a neighbour uses the other hardware thread; a piece counts when the fixed work was fast at both its ends.
/// </summary>
/// <param name="FastNs">What the fixed piece of work takes at the fast speed.</param>
internal sealed record CoreSpeed(double FastNs)
{
    /// <summary>How much slower than <see cref="FastNs"/> still is fast: above the noise of the fixed work, far below a slow core.</summary>
    public const double Tolerance = 1.08;

    /// <summary>Takes every speed for fast.</summary>
    public static readonly CoreSpeed Any = new(double.PositiveInfinity);

    /// <summary>The 2nd percentile of all calibrations of a run: the fast speed, and not one lucky reading.</summary>
    public static CoreSpeed Of(IEnumerable<Piece> pieces)
    {
        var times = pieces.SelectMany(p => new[] { p.CalibrationBeforeNs, p.CalibrationAfterNs }).Order().ToArray();
        return new CoreSpeed(times.Length == 0 ? 0 : times[times.Length / 50]);
    }

    public bool IsFast(Piece piece) => Math.Max(piece.CalibrationBeforeNs, piece.CalibrationAfterNs) <= FastNs * Tolerance;

    /// <summary>True where the piece counts: complete, and fast.</summary>
    public bool Keeps(Piece piece) => piece.IsComplete && IsFast(piece);
}
