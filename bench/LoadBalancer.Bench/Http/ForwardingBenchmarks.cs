using System.Buffers;
using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Endpoints;
using LoadBalancer.Health;
using LoadBalancer.Http.Forwarding;
using LoadBalancer.Http.Resilience;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;
using LoadBalancer.Http.Server.Http1;
using LoadBalancer.Transport.Epoll;
using LoadBalancer.Upstreams;

namespace LoadBalancer.Bench.Http;

/// <summary>
/// The user time of a request through a forwarder and back, the endpoints on the same loop included: with nothing that guards the upstream, and with
/// retries, a circuit breaker, outlier detection and adaptive concurrency, of which none has anything to do. What matters is the difference, and the
/// column of allocated bytes.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class ForwardingBenchmarks : IConnectionSink
{
    private const int Requests = 2000;

    private static readonly ReadOnlySequence<byte> Request = new(Encoding.ASCII.GetBytes("GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\n\r\n"));
    private static readonly byte[] Response = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");

    private readonly NoCarrier _carrier = new();
    private readonly ManualResetEventSlim _done = new();
    private readonly List<EpollListener> _listeners = [];
    private readonly List<Upstream> _upstreams = [];
    private LoopGroup _loops = null!;
    private Forwarder _forwarder = null!;
    private Exchange _exchange = null!;

    /// <summary>What is on.</summary>
    [Params("nothing", "retry", "circuit_breaker", "outliers", "concurrency", "all")]
    public string On { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _loops = new LoopGroup(1, TimeProvider.System, (_, error) => Environment.FailFast("", error), _ => { });
        for (var at = 0; at < 2; at++)
        {
            _listeners.Add(EpollListener.Bind(_loops.Loops, new IPEndPoint(IPAddress.Loopback, 0), this));
            _listeners[at].Start();
        }

        var options = new UpstreamOptions
        {
            Endpoints = [.. _listeners.Select(listener => new EndpointOptions { Address = listener.Address })],
            CircuitBreaker = Has("circuit_breaker") ? new CircuitBreakerOptions() : null,
            Concurrency = Has("concurrency") ? UpstreamOptions.AutoConcurrency : null,
            Health = new HealthOptions { Passive = Has("outliers") ? new PassiveHealthOptions { FailureRatio = 0.5, SlowerThan = 3 } : null },
        };
        var upstream = new Upstream("up", options, previous: null, new BuildContext
        {
            Time = TimeProvider.System,
            Loops = 1,
            Seeds = new Random(1),
            Connections = new EpollTransport(_loops, TimeSpan.FromSeconds(5)),
        });
        upstream.Start();
        _upstreams.Add(upstream);
        var retries = Has("retry")
            ? new RetryPlan(new RetryOptions { On = ["reset", "502", "503", "timeout"], PerTry = TimeSpan.FromSeconds(2), IdempotencyKey = RetryOptions.Required })
            : RetryPlan.Default;
        _forwarder = new Forwarder(upstream, TimeProvider.System, new HttpEngine(_loops.Loops), retries);
        _exchange = new Exchange(_loops.Loops[0]);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await Task.WhenAll(_listeners.Select(listener => listener.CloseAsync()));
        await _upstreams[0].DisposeAsync();
        _loops.Dispose();
    }

    /// <summary>Requests of one call of <see cref="Forward"/>.</summary>
    internal static int RequestsPerCall => Requests;

    [Benchmark(OperationsPerInvoke = Requests)]
    public void Forward()
    {
        _done.Reset();
        _loops.Loops[0].Post(static self => _ = ((ForwardingBenchmarks)self!).RunAsync(), this);
        _done.Wait();
    }

    bool IConnectionSink.MayUseReserve => false;

    bool IConnectionSink.MayAccept() => true;

    void IConnectionSink.OnAccepted(EpollConnection connection) => _ = ServeAsync(connection);

    void IConnectionSink.OnAcceptFailed(string why) => throw new IOException(why);

    private static async Task ServeAsync(EpollConnection connection)
    {
        connection.Observe();
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        while (true)
        {
            var read = await input.ReadAsync();
            if (read.Buffer.IsEmpty)
            {
                connection.Close();
                return;
            }

            // One request comes in one read.
            input.AdvanceTo(read.Buffer.End);
            output.Write(Response);
            await output.FlushAsync();
        }
    }

    private bool Has(string what) => On == what || On == "all";

    private async Task RunAsync()
    {
        try
        {
            await RequestAsync();
        }
        catch (Exception error)
        {
            Environment.FailFast("a request failed", error);
        }

        _done.Set();
    }

    private async Task RequestAsync()
    {
        for (var at = 0; at < Requests; at++)
        {
            var scan = default(HeadScan);
            _exchange.Reset();
            HeadParser.TryReadRequest(Request, _exchange.Request, HeadLimits.Default, ref scan, out _, out _);
            CanonicalPath.Read(_exchange.Request);
            _exchange.Carrier = _carrier;
            if (await _forwarder.HandleAsync(_exchange) is { Failed: true } fault)
            {
                throw new InvalidOperationException(fault.Reason);
            }
        }
    }
}
