using LoadBalancer.Faults;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Telemetry;
using LoadBalancer.Telemetry;
using LoadBalancer.Tests;
using LoadBalancer.Transport.Epoll;

namespace LoadBalancer.Http.Tests.Telemetry;

internal sealed class HttpMetricsTests
{
    private LoopGroup _loops = null!;
    private HttpMetrics _metrics = null!;

    [SetUp]
    public void Start()
    {
        _loops = new LoopGroup(1, TimeProvider.System, (_, _) => { }, _ => { });
        _metrics = new HttpMetrics(loops: 1);
    }

    [TearDown]
    public void Stop() => _loops.Dispose();

    [Test]
    public void Counts_a_request_as_active_from_its_head_to_its_end()
    {
        _metrics.Begin(0);
        _metrics.Begin(0);
        _metrics.End(Ended(200), TimeSpan.Zero);

        Assert.That(_metrics.Active, Is.EqualTo(1));
    }

    [Test]
    public void Counts_statuses_bytes_and_durations_by_route()
    {
        var users = _metrics.Of("users");
        foreach (var status in new[] { 200, 204, 301, 404, 503, 101, 999 })
        {
            var exchange = Ended(status, users);
            (exchange.ReceivedBytes, exchange.SentBytes) = (10, 100);
            _metrics.End(exchange, TimeSpan.FromMilliseconds(7));
        }

        Assert.That(Enumerable.Range(0, 5).Select(users.RequestsOf), Is.EqualTo(new[] { 1, 2, 1, 1, 2 }));
        Assert.That((users.ReceivedBytes, users.SentBytes, users.Requests), Is.EqualTo((70L, 700L, 7L)));
        Assert.That((users.Durations.Count, users.Durations.Sum), Is.EqualTo((7L, TimeSpan.FromMilliseconds(49))));
        Assert.That(_metrics.Unrouted.Requests, Is.Zero);
    }

    [Test]
    public void Counts_whatever_no_route_takes_in_one_place()
    {
        for (var request = 0; request < 1000; request++)
        {
            var exchange = Ended(404);
            exchange.Fault = new Fault(FaultSide.Client, FaultKind.NoRoute);
            _metrics.End(exchange, TimeSpan.Zero);
        }

        Assert.That((_metrics.Unrouted.RequestsOf(3), _metrics.FaultsOf(FaultSide.Client, FaultKind.NoRoute)), Is.EqualTo((1000L, 1000L)));
    }

    [Test]
    public void Keeps_the_counts_of_a_route_by_its_name()
    {
        _metrics.End(Ended(200, _metrics.Of("users")), TimeSpan.Zero);

        Assert.That((_metrics.Of("users").Requests, _metrics.Of("orders").Requests), Is.EqualTo((1L, 0L)));
    }

    [Test]
    public void Allocates_nothing_while_it_counts()
    {
        var exchange = Ended(502, _metrics.Of("users"));
        exchange.Fault = new Fault(FaultSide.Upstream, FaultKind.ConnectRefused);
        var responses = new ResponseMetrics(loops: 1);
        var allocated = Allocations.Of(() =>
        {
            for (var time = 0; time < 1000; time++)
            {
                _metrics.Begin(0);
                responses.ConnectionOpened(0);
                responses.FirstByteTimes.Record(0, TimeSpan.FromMilliseconds(time));
                responses.Ended(0, 200);
                _metrics.End(exchange, TimeSpan.FromMilliseconds(time));
            }
        });

        Assert.That(allocated, Is.Zero);
        Assert.That(_metrics.Active, Is.Zero);
    }

    private Exchange Ended(int status, RouteMetrics? metrics = null)
    {
        var exchange = new Exchange(_loops.Loops[0])
        {
            Carrier = new NoCarrier(),
            Route = metrics is null ? null : EndedExchange.RouteOf(metrics.Route, "/", metrics),
        };
        EndedExchange.Respond(exchange, status);
        return exchange;
    }
}
