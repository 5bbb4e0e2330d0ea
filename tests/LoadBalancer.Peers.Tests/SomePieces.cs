using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Tests;

/// <summary>Pieces of which a test names only what it is about.</summary>
internal static class SomePieces
{
    public static Piece Calibrated(long before, long after, long errors = 0, long done = 100) =>
        new(done, errors, 250_000_000, 1_000_000, 0, before, after, 0, 0, 0, 0);
}
