using LoadBalancer.Peers.Measuring;

namespace LoadBalancer.Peers.Tests.Measuring;

internal sealed class PieceTests
{
    [Test]
    public void Is_read_from_the_line_of_the_load_process() =>
        Assert.That(
            Piece.Parse("piece done=1 errors=2 wall_ns=3 cpu_ns=4 kernel_ns=5 calibration_before_ns=6 calibration_after_ns=7 p50_ns=8 p90_ns=9 p99_ns=10 max_ns=11"),
            Is.EqualTo(new Piece(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));

    [Test]
    public void Is_complete_only_without_an_error() =>
        Assert.That(
            new[] { SomePieces.Calibrated(1, 1), SomePieces.Calibrated(1, 1, errors: 1), SomePieces.Calibrated(1, 1, done: 0) }.Select(p => p.IsComplete),
            Is.EqualTo(new[] { true, false, false }));
}
