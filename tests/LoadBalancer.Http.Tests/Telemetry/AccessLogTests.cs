using System.Text.Json;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Telemetry;

internal sealed class AccessLogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private TemporaryFolder _folder = null!;
    private LoopGroup _loops = null!;

    [SetUp]
    public void Start()
    {
        _folder = new TemporaryFolder();
        _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });
    }

    [TearDown]
    public void Stop()
    {
        _loops.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Shares_its_file_with_connections_and_keeps_the_order_of_a_loop()
    {
        using var lines = Open(_folder["access.json"]);
        var (requests, connections) = (new AccessLog(lines, _time), new ConnectionLog(lines, _time));
        for (var line = 0; line < 10; line++)
        {
            requests.Write("public", Exchange(bytes: line), TimeSpan.FromMilliseconds(3));
            connections.Write(0, new ConnectionRecord { Listener = "postgres", Duration = TimeSpan.Zero, SentBytes = line });
        }

        Assert.That(lines.Flush(Patience), Is.True);
        var written = File.ReadAllLines(_folder["access.json"]).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.That(written.Select(line => (line.GetProperty("listener").GetString(), line.GetProperty("sent_bytes").GetInt32())),
            Is.EqualTo(Enumerable.Range(0, 20).Select(line => (line % 2 == 0 ? "public" : "postgres", line / 2))));
        Assert.That(written[0].GetProperty("total_ms").GetDouble(), Is.EqualTo(3));
    }

    [Test]
    public void Tells_where_the_time_went()
    {
        using var lines = Open(_folder["access.json"]);
        var exchange = Exchange(bytes: 0);
        exchange.Began = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(5));
        exchange.Leased = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(7));
        exchange.Connected = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(11));
        exchange.FirstByte = _time.GetTimestamp();
        new AccessLog(lines, _time).Write("public", exchange, TimeSpan.FromMilliseconds(40));

        lines.Flush(Patience);
        var line = JsonDocument.Parse(File.ReadAllText(_folder["access.json"])).RootElement;
        Assert.That(new[] { "queue_ms", "connect_ms", "first_byte_ms", "total_ms" }.Select(key => line.GetProperty(key).GetDouble()), Is.EqualTo(new[] { 5.0, 7, 11, 40 }));
    }

    [Test]
    public void Changes_its_form_with_the_next_request()
    {
        using var lines = Open(_folder["access.json"]);
        var log = new AccessLog(lines, _time);
        log.Write("public", Exchange(bytes: 0), TimeSpan.Zero);
        log.Style = new AccessLogStyle(AccessLogFormat.Combined);
        log.Write("public", Exchange(bytes: 0), TimeSpan.Zero);

        lines.Flush(Patience);
        Assert.That(File.ReadAllLines(_folder["access.json"]).Select(line => line[0]), Is.EqualTo("{-"));
    }

    [Test]
    public void Drops_lines_and_counts_them_where_the_disk_is_full()
    {
        using var lines = Open("/dev/full", ringBytes: 4096);
        var log = new AccessLog(lines, _time);
        for (var request = 0; request < 1000; request++)
        {
            log.Write("public", Exchange(bytes: request), TimeSpan.Zero);
        }

        Assert.That(lines.Dropped, Is.EqualTo(1000 - lines.Lines).And.GreaterThan(900));
    }

    [Test]
    public void Writes_nothing_while_it_is_off()
    {
        using var lines = new LoopLog(1, LogDestination.Off, _time, LogSink.Silent);
        new AccessLog(lines, _time).Write("public", Exchange(bytes: 0), TimeSpan.Zero);

        Assert.That((lines.Lines, lines.Dropped), Is.EqualTo((0L, 0L)));
    }

    [TestCase(nameof(AccessLogFormat.Json))]
    [TestCase(nameof(AccessLogFormat.Combined))]
    public void Allocates_nothing_per_line(string format)
    {
        using var lines = new LoopLog(1, LogDestination.File("/dev/null"), TimeProvider.System, LogSink.Silent);
        var log = new AccessLog(lines, TimeProvider.System)
        {
            Style = new AccessLogStyle(Enum.Parse<AccessLogFormat>(format), AccessLogFields.RawPath | AccessLogFields.Query | AccessLogFields.Referer),
        };
        var odd = Exchange(bytes: 1);
        EndedExchange.Add(odd.Request.Fields, "User-Agent", "na\u00efve \"\u001b"u8);
        var exchanges = new[] { Exchange(bytes: 0), odd };
        var allocated = Allocations.Of(() =>
        {
            for (var line = 0; line < 1000; line++)
            {
                log.Write("public", exchanges[line % exchanges.Length], TimeSpan.FromMilliseconds(line));
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(lines.Lines, Is.Positive);
    }

    private Exchange Exchange(int bytes)
    {
        var exchange = EndedExchange.Answered(_loops.Loops[0]);
        exchange.ClientAddress = null;
        exchange.SentBytes = bytes;
        return exchange;
    }

    private LoopLog Open(string path, int ringBytes = 256 * 1024) => new(1, LogDestination.File(path), _time, LogSink.Silent, ringBytes);
}
