using System.Text;
using BenchmarkDotNet.Attributes;
using LoadBalancer.Http.Policies;
using LoadBalancer.Http.Routing;
using LoadBalancer.Http.Server;

namespace LoadBalancer.Bench.Http;

/// <summary>The route of a request, among few and among many: requests for all of them alike, on a hundred hosts or on one.</summary>
[MemoryDiagnoser]
[Config(typeof(InUserTime))]
public class RouteBenchmarks
{
    private const int Requests = 256;

    private Exchange[] _exchanges = [];
    private RouteTable _table = null!;
    private int _next;

    [Params(10, 10_000)]
    public int Routes { get; set; }

    [Params(1, 100)]
    public int Hosts { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _table = new RouteTable([.. Enumerable.Range(0, Routes).Select(number => new Route
        {
            Name = "",
            Template = "",
            Options = new RouteOptions { Host = Host(number), Path = $"/service{number}/v1/*", Upstream = "x" },
            Policies = PolicyChain.Empty,
            Handler = null!,
        })]);
        _exchanges = [.. Enumerable.Range(0, Requests).Select(number => Request((int)((long)number * 7919 % Routes)))];
    }

    [Benchmark]
    public object Match()
    {
        var exchange = _exchanges[_next++ & (Requests - 1)];
        _table.Match(exchange);
        return exchange.Route!;
    }

    private string Host(int number) => $"team{number % Hosts}.example.com";

    private Exchange Request(int number)
    {
        var exchange = new Exchange(null!);
        var request = exchange.Request;
        request.Method = RequestMethod.Get;
        request.PathSlice = Append($"/service{number}/v1/orders/17");
        request.HostSlice = Append(Host(number));
        return exchange;

        Slice Append(string text) => new(request.Fields.Append(Encoding.ASCII.GetBytes(text)), text.Length);
    }
}
