using System.Net;
using LoadBalancer.Telemetry;

namespace LoadBalancer.Tests.Telemetry;

internal sealed class ConnectionLogTests
{
    private static readonly ConnectionRecord Record = new()
    {
        Listener = "web",
        Client = new IPEndPoint(IPAddress.Loopback, 1234),
        Duration = TimeSpan.FromSeconds(2),
    };

    private readonly ManualTime _time = new();

    [Test]
    public void Leaves_out_lines_of_a_flood_of_refusals_and_counts_them_on_each_loop()
    {
        using var lines = new LoopLog(2, LogDestination.Off, _time, LogSink.Silent);
        var log = new ConnectionLog(lines, _time);
        var written = Enumerable.Range(0, 1000).Count(_ => log.MayWriteRefusal(0));
        Assert.That((written, log.Suppressed, log.MayWriteRefusal(1)), Is.EqualTo((100, 900L, true)));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(log.MayWriteRefusal(0), Is.True);
    }

    [Test]
    public void Allocates_nothing_per_line()
    {
        using var lines = new LoopLog(1, LogDestination.File("/dev/null"), TimeProvider.System, LogSink.Silent);
        var log = new ConnectionLog(lines, TimeProvider.System);
        var records = new[]
        {
            Record,
            Record with { Client = new IPEndPoint(IPAddress.IPv6Loopback, 9) },
            Record with { Client = new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.1"), 9), Listener = "näme\n" },
        };
        var allocated = Allocations.Of(() =>
        {
            for (var line = 0; line < 100; line++)
            {
                log.Write(0, records[line % records.Length]);
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(lines.Lines, Is.Positive);
    }
}
